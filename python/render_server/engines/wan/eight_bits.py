"""Products in 8 bits, in the place of those in 16.

A convolution's input is SiLU of a norm: it never goes below -0.28, and the norm's weights say how far up it reaches.
So its codes need no clip to be tuned on. Each input channel has its own step, which is folded into the weights, and its
own code for nought; each output has its own step. A linear layer's input has a step for each token. On a GPU Triton
kernels do this; elsewhere plain PyTorch computes the same codes.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import torch
from torch.nn import functional

from .kernels import HISTORY, has_triton, norm_silu

# SiLU's least value.
SILU_LEAST = -0.2785
# Of the norm's values, which have a mean square of 1, those above it are cut off.
REACH = 4.5

LEAST_STEP = 1e-12
MOST = 127

# What the products' tiles are made of: a layer with other numbers of channels is multiplied without them.
UNIT = 128

triton_eight_bits: ModuleType | None = None
if has_triton():
    triton_eight_bits = importlib.import_module(".triton_eight_bits", __package__)


class Codes(NamedTuple):
    """(tokens, channels) of int8, and each token's step in 32 bits."""

    values: torch.Tensor
    step: torch.Tensor


class CodedConvolution:
    """As CausalConvolution, of 3x3x3 and behind a norm. What it takes and what it makes lies in rows of channels with
    one row between lines and one line between frames: both neighbours' padding."""

    def __init__(self, layer: Any, gamma: torch.Tensor) -> None:
        weight = layer.weight.detach().float()
        self.bias = layer.bias.detach()
        self._gamma = gamma
        step = (gamma.float().abs() * REACH - SILU_LEAST) / 255
        self._inverse = 1 / step
        self._zero = (-128 - SILU_LEAST / step).round()
        weight = weight * step.view(-1, 1, 1, 1)
        self.outputs = len(weight)
        self._step, codes = encode_rows(weight.flatten(1))
        codes = codes.view_as(weight)
        self._shift = -self._step * (codes.sum((2, 3, 4)) * self._zero).sum(1)
        self._weight = codes.to(torch.int8).permute(2, 3, 4, 0, 1).flatten(0, 3).contiguous()
        # (HISTORY, height + 1, width + 1, channels)
        self._seen: torch.Tensor | None = None
        self._input: torch.Tensor | None = None
        self._size = 0, 0, 0

    def forget(self) -> None:
        self._seen = self._input = None

    def take(
        self, x: torch.Tensor, terms: tuple[torch.Tensor | None, torch.Tensor | None], *, keeps_sum: bool = True
    ) -> torch.Tensor:
        """As norm_silu."""
        frames, height, width = self._size = x.shape[0], x.shape[1], x.shape[2]
        channels = len(self._zero)
        # The first tap looks a line and a row back.
        lead, frame_rows = width + 2, (height + 1) * (width + 1)
        whole = torch.empty(lead + (HISTORY + frames) * frame_rows, channels, device=x.device, dtype=torch.int8)
        self._input = whole
        first, rest = whole[: lead + HISTORY * frame_rows], whole[lead + HISTORY * frame_rows :]
        nought = self._zero.to(torch.int8)
        if self._seen is None:
            first.copy_(nought.expand_as(first))
        else:
            first[:lead].copy_(nought.expand(lead, -1))
            first[lead:].copy_(self._seen)
        self._seen = torch.empty_like(first[lead:]) if frames >= HISTORY else None
        if x.is_cuda and triton_eight_bits:
            code = self._inverse, self._zero
            inlet = rest, self._seen
            triton_eight_bits.norm_silu(x, terms, self._gamma, inlet, keeps_sum=keeps_sum, code=code)
        else:
            active = torch.empty(x.shape, device=x.device, dtype=torch.float32)
            norm_silu(x, self._gamma, (active, None), terms=terms, keeps_sum=keeps_sum)
            coded = (active * self._inverse + self._zero + 0.5).floor().clamp(-128, 127)
            padded = rest.view(frames, height + 1, width + 1, channels)
            padded.copy_(nought.expand_as(padded))
            padded[:, :height, :width] = coded.to(torch.int8)
            if self._seen is not None:
                self._seen.copy_(rest[-len(self._seen) :])
        if self._seen is None:
            self._seen = whole[-HISTORY * frame_rows :].clone()
        return x

    def __call__(self) -> torch.Tensor:
        assert self._input is not None
        taken, self._input = self._input, None
        frames, height, width = self._size
        lines = frames * (height + 1)
        if taken.is_cuda and triton_eight_bits and fits_tiles(self._weight.shape[1], len(self._step)):
            factors = self._step, self._shift, None
            steps = (height + 1) * (width + 1), width + 1
            made = triton_eight_bits.multiply(taken, self._weight, factors, lines * (width + 1), steps=steps)
            return made.view(frames, height + 1, width + 1, -1)[:, :height, :width]  # type: ignore[no-any-return]
        whole = taken[width + 2 :].view(HISTORY + frames, height + 1, width + 1, -1)[:, :height, :width]
        values = (whole.float() - self._zero).permute(3, 0, 1, 2)[None]
        weight = self._weight.view(3, 3, 3, len(self._step), -1).permute(3, 4, 0, 1, 2).float()
        made = functional.conv3d(values, weight, padding=(0, 1, 1))[0].permute(1, 2, 3, 0)
        return (made * self._step).to(self.bias.dtype)


def fits_tiles(*channels: int) -> bool:
    return not any(each % UNIT for each in channels)


def encode_rows(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The step of each row, and its codes, still in 32 bits."""
    step = x.abs().amax(1).clamp_min(LEAST_STEP) / MOST
    return step, (x / step[:, None]).round()


def encode(x: torch.Tensor) -> Codes:
    if x.is_cuda and triton_eight_bits:
        return Codes(*triton_eight_bits.encode(x))
    step, codes = encode_rows(x.float())
    return Codes(codes.to(torch.int8), step)


class CodedLinear:
    """As transformer.Linear, which takes codes as well; of several layers, with their outputs one behind the other.
    They lose their weights, which would only take up memory."""

    def __init__(self, *layers: Any) -> None:
        coded = [encode_rows(layer.weight.detach().float()) for layer in layers]
        self._step = torch.cat([step for step, _ in coded])
        self._weight = torch.cat([codes.to(torch.int8) for _, codes in coded])
        self._bias = torch.cat([layer.bias.detach() for layer in layers])
        for layer in layers:
            layer.weight.data = layer.weight.new_empty(0)

    def __call__(self, x: torch.Tensor | Codes) -> torch.Tensor:
        return self._multiply(x, has_gelu=False)

    def with_gelu(self, x: torch.Tensor | Codes) -> torch.Tensor:
        return self._multiply(x, has_gelu=True)

    def _multiply(self, x: torch.Tensor | Codes, *, has_gelu: bool) -> torch.Tensor:
        values, step = x if isinstance(x, Codes) else encode(x)
        if values.is_cuda and triton_eight_bits and fits_tiles(*self._weight.shape):
            factors = self._step, self._bias, step
            multiply: Callable[..., torch.Tensor] = triton_eight_bits.multiply
            return multiply(values, self._weight, factors, len(values), has_gelu=has_gelu)
        made = functional.linear(values.float(), self._weight.float()) * step[:, None] * self._step + self._bias.float()
        if has_gelu:
            made = functional.gelu(made, approximate="tanh")
        return made.to(self._bias.dtype)


def to_float8(x: torch.Tensor) -> torch.Tensor:
    """(tokens, heads, channels), whose rows may lie apart, to the type of 8 bits that has three binary digits behind
    the first; what is out of its range is cut off."""
    if x.is_cuda and triton_eight_bits:
        return triton_eight_bits.to_float8(x)  # type: ignore[no-any-return]
    most = torch.finfo(torch.float8_e4m3fn).max
    return x.clamp(-most, most).to(torch.float8_e4m3fn)
