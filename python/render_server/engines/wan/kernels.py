"""The element-wise work between the decoder's convolutions, each in one pass over memory.

Tensors are channels-last: (frames, height, width, channels), contiguous; where the decoder computes in 8 bits there are
gaps between lines and between frames of x and of what is added to it. PyTorch adds a convolution's bias in a pass of
its own, so biases are added here instead. On a GPU Triton kernels do this; elsewhere plain PyTorch does the same.
"""

from __future__ import annotations

import importlib.util
import itertools
from functools import cache
from types import ModuleType

import torch
from torch.nn import functional

# Frames that a causal convolution sees before the present one.
HISTORY = 2

# As torch.nn.functional.normalize has it.
LEAST_LENGTH = 1e-12

# (top, left) of the four pixels that one pixel becomes when a picture doubles its size.
QUARTERS = [(0, 0), (0, 1), (1, 0), (1, 1)]


@cache
def has_triton() -> bool:
    return importlib.util.find_spec("triton") is not None and torch.cuda.is_available()


triton_kernels: ModuleType | None = None
triton_eight_bits: ModuleType | None = None
if has_triton():
    from . import triton_eight_bits, triton_kernels


def norm_silu(
    x: torch.Tensor,
    gamma: torch.Tensor,
    inlet: tuple[torch.Tensor, torch.Tensor | None],
    *,
    terms: tuple[torch.Tensor | None, torch.Tensor | None] = (None, None),
    keeps_sum: bool = True,
) -> torch.Tensor:
    """Replaces x by x + both terms, one of its shape and one for each channel, and writes silu(x / |x| *
    sqrt(channels) * gamma) into `inlet`, where |x| is the length of each voxel's channel vector: all frames, and the
    last ones once more. Returns x, which is of no more use where its sum is not kept."""
    out, seen = inlet
    if x.is_cuda and triton_eight_bits and not x.is_contiguous():
        triton_eight_bits.norm_silu(x, terms, gamma, inlet, keeps_sum=keeps_sum)
        return x
    if x.is_cuda and triton_kernels:
        triton_kernels.add_norm_silu(x, terms, gamma, inlet, keeps_sum=keeps_sum)
        return x
    wide = x.float()
    for term in terms:
        if term is not None:
            wide = wide + term.float()
    x.copy_(wide)
    length = wide.norm(dim=-1, keepdim=True).clamp_min(LEAST_LENGTH)
    out.copy_(functional.silu(wide / length * x.shape[-1] ** 0.5 * gamma.float()))
    if seen is not None:
        seen.copy_(out[-len(seen) :])
    return x


def add(x: torch.Tensor, plus: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """x + plus + bias: in place, unless there are gaps in it and Triton is at hand."""
    if x.is_cuda and triton_eight_bits and not x.is_contiguous():
        return triton_eight_bits.add(x, plus, bias)  # type: ignore[no-any-return]
    if x.is_cuda and triton_kernels:
        return triton_kernels.add(x, plus, bias)  # type: ignore[no-any-return]
    return x.add_(plus).add_(bias)


def gather_pixels(products: list[torch.Tensor], bias: torch.Tensor, *, frames: int, patch: int) -> torch.Tensor:
    """The last convolution, of three frames by 3x3, from what each of its 27 taps makes of each voxel; then pixels.

    `products` are one behind the other in time, of HISTORY + `frames` frames in all: (n, height, width, taps * outputs
    and perhaps more), taps counted through frames, lines and columns. Each voxel becomes patch x patch pixels of three
    colours, which its outputs hold colour by colour, column by column. Returns (frames, height * patch, width * patch,
    3) of uint8."""
    if bias.is_cuda and triton_kernels:
        return triton_kernels.gather_pixels(products, bias, frames, patch)  # type: ignore[no-any-return]
    rows = torch.cat(products)[..., : 27 * len(bias)].float()
    height, width = rows.shape[1:3]
    taps = rows.view(-1, height, width, 3, 3, 3, len(bias))
    taps = functional.pad(taps, (0, 0) * 4 + (1, 1, 1, 1))
    total = bias.float()
    for frame, line, column in itertools.product(range(3), repeat=3):
        seen = taps[frame : frame + frames, line : line + height, column : column + width]
        total = total + seen[..., frame, line, column, :]
    pixels = total.view(frames, height, width, 3, patch, patch).permute(0, 1, 5, 2, 4, 3)
    pixels = pixels.reshape(frames, height * patch, width * patch, 3)
    return ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def double(
    quarters: list[torch.Tensor], bias: torch.Tensor, shortcut: torch.Tensor, *, time_factor: int, first_frame: int
) -> torch.Tensor:
    """A picture of twice the size from its four interleaved quarters, plus bias, plus the block's own input.

    Quarter (top, left) is (frames, height + 1, width + 1, channels), of which (height, width) from there on counts.
    Value (t, 2h + top, 2w + left, c) gets shortcut's at ((t + first_frame) // time_factor, h, w, channel), where
    channel counts through c, time offset, top and left, in that order, as diffusers' DupUp3D does.
    """
    frames, height, width, channels = quarters[0].shape
    out = quarters[0].new_empty(frames, 2 * (height - 1), 2 * (width - 1), channels)
    if out.is_cuda and triton_kernels:
        triton_kernels.double(quarters, bias, shortcut, out, time_factor=time_factor, first_frame=first_frame)
        return out
    repeats = channels * time_factor * 4 // shortcut.shape[-1]
    time = torch.arange(frames, device=out.device) + first_frame
    offset = (torch.arange(channels, device=out.device) * time_factor + (time % time_factor)[:, None]) * 4
    for quarter, (top, left) in zip(quarters, QUARTERS, strict=True):
        channel = (offset + 2 * top + left) // repeats
        seen = shortcut[time // time_factor].gather(3, channel[:, None, None].expand(-1, height - 1, width - 1, -1))
        part = quarter[:, top : top + height - 1, left : left + width - 1]
        out[:, top::2, left::2] = part + bias + seen
    return out
