"""The transformer of Wan 2.2 TI2V-5B, written for one picture's clip at a time and for speed.

It takes the weights of diffusers' or FastVideo's module and computes what that computes. A clip has two noise levels
and not one for each token: the picture's tokens carry no noise, all others the step's. So there are two modulations,
and what lies between two products is one pass over memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch.nn import functional

from .attention import Kernel, attend, attend_in_8_bits
from .eight_bits import CodedLinear
from .pace import Pace
from .precision import EXACT, Precision
from .transformer_kernels import add_norm, add_norm_codes, linear_gelu, norm_rotate

ROTATION_BASE = 10_000.0
# Latent frames, lines and columns of one token.
PATCH = (1, 2, 2)


@dataclass(frozen=True)
class AttentionLayers:
    """`norm_query` and `norm_key` have a weight for each channel of all heads."""

    query: Any
    key: Any
    value: Any
    out: Any
    norm_query: Any
    norm_key: Any


@dataclass(frozen=True)
class BlockLayers:
    """What a block consists of, whatever its library calls it."""

    itself: AttentionLayers
    text: AttentionLayers
    # Before the attention to the text.
    norm_text: Any
    widen: Any
    narrow: Any
    # (1, 6, channels): shift, scale and gate of the attention, then of the feed-forward.
    modulation: torch.Tensor


@dataclass(frozen=True)
class Surroundings:
    """What every block sees: the text (tokens, channels), each token's rotation, and how many tokens are the
    picture's."""

    text: torch.Tensor
    rotation: tuple[torch.Tensor, torch.Tensor]
    first_tokens: int


class Linear:
    def __init__(self, layer: Any) -> None:
        self.weight, self.bias = layer.weight.detach(), layer.bias.detach()

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(x, self.weight, self.bias)

    def with_gelu(self, x: torch.Tensor) -> torch.Tensor:
        return linear_gelu(x, self.weight, self.bias)


AnyLinear = Linear | CodedLinear
# A tensor, or the Codes that products of 8 bits take.
Activations = Any


class Attention:
    """The products and norms around one attention. `linear` are its products of the clip's tokens, `linear_seen` those
    of what they attend to. One product for query, key and value is faster in 8 bits, and no faster in 16."""

    def __init__(
        self,
        layers: AttentionLayers,
        heads: int,
        linear: type[AnyLinear],
        linear_seen: type[AnyLinear],
        kernel: Kernel = attend,
    ) -> None:
        self._attend = kernel
        self._merged: CodedLinear | None = None
        if linear_seen is CodedLinear:
            self._merged = CodedLinear(layers.query, layers.key, layers.value)
        else:
            self._query = linear(layers.query)
            self._key, self._value = linear_seen(layers.key), linear_seen(layers.value)
        self._out = linear(layers.out)
        self._norms = layers.norm_query.weight.detach(), layers.norm_key.weight.detach()
        self._heads = heads

    def __call__(
        self, x: Activations, seen: Activations, rotation: tuple[torch.Tensor, torch.Tensor] | None
    ) -> torch.Tensor:
        query, key, value = self._project(x, seen)
        for part, weight in zip((query, key), self._norms, strict=True):
            norm_rotate(part, weight, rotation)
        parts = (part.view(len(part), self._heads, -1) for part in (query, key, value))
        return self._out(self._attend(*parts).flatten(1))

    def _project(self, x: Activations, seen: Activations) -> Sequence[torch.Tensor]:
        if self._merged:
            return self._merged(x).chunk(3, dim=1)
        return self._query(x), self._key(seen), self._value(seen)


class Block:
    def __init__(self, layers: BlockLayers, heads: int, precision: Precision) -> None:
        linear = CodedLinear if precision.has_coded_products else Linear
        self._add_norm = add_norm_codes if precision.has_coded_products else add_norm
        kernel = attend_in_8_bits if precision.has_coded_attention else attend
        self._itself = Attention(layers.itself, heads, linear, linear, kernel)
        # A clip has twenty times the text's tokens.
        self._text = Attention(layers.text, heads, linear, Linear)
        norm = layers.norm_text
        self._text_affine = tuple(each.detach().float().expand(2, -1) for each in (norm.weight, norm.bias))
        self._widen, self._narrow = linear(layers.widen), linear(layers.narrow)

    def __call__(
        self,
        x: torch.Tensor,
        before: tuple[torch.Tensor | None, torch.Tensor | None],
        modulation: torch.Tensor,
        around: Surroundings,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Changes x (tokens, channels) in place. `before` and what is returned are a branch and its gate that are still
        to be added to x: the next norm does it in passing. `modulation` is (2, 6, channels), its scales plus 1."""
        shift, scale, gate, shift_2, scale_2, gate_2 = modulation.unbind(1)
        first_tokens = around.first_tokens
        normed: Activations = self._add_norm(x, *before, (scale, shift), first_tokens)
        attended = self._itself(normed, normed, around.rotation)
        normed = self._add_norm(x, attended, gate, self._text_affine, first_tokens)
        attended = self._text(normed, around.text, None)
        normed = self._add_norm(x, attended, None, (scale_2, shift_2), first_tokens)
        return self._narrow(self._widen.with_gelu(normed)), gate_2


class Transformer:
    """`module` is the library's own; its embeddings and its last layer are used as they are. Those of its weights that
    are kept in 8 bits it loses."""

    def __init__(
        self, module: Any, heads: int, layers_of: Callable[[Any], BlockLayers], precision: Precision = EXACT
    ) -> None:
        self._module = module
        layers = [layers_of(block) for block in module.blocks]
        self._blocks = [Block(each, heads, precision) for each in layers]
        # (blocks, 1, 6, channels)
        self._modulations = torch.stack([each.modulation.detach().float() for each in layers])
        self._head_width = self._modulations.shape[-1] // heads
        self._rotation = lru_cache(maxsize=4)(self._compute_rotation)

    @torch.no_grad()
    def __call__(
        self, latents: torch.Tensor, text: torch.Tensor, times: torch.Tensor, check: Callable[[], None]
    ) -> torch.Tensor:
        """The velocity of latents (1, channels, frames, height, width). `text` is (1, tokens, channels); `times` are
        the picture's timestep and all others'. `check` is called between blocks and raises to end it."""
        grid = tuple(size // patch for size, patch in zip(latents.shape[2:], PATCH, strict=True))
        x = self._module.patch_embedding(latents).flatten(2)[0].T.contiguous()
        time, modulation, text, _ = self._module.condition_embedder(times, text, None, timestep_seq_len=len(times))
        modulations = self._modulations + modulation.view(1, 2, 6, -1).float()
        modulations[:, :, [1, 4]] += 1
        around = Surroundings(text[0], self._rotation(grid, x.device), first_tokens=grid[1] * grid[2])
        pace = Pace(x.device, check)
        before: tuple[torch.Tensor | None, torch.Tensor | None] = (None, None)
        for block, each in zip(self._blocks, modulations, strict=True):
            pace()
            before = block(x, before, each, around)
        shift, scale = (self._module.scale_shift_table.float() + time[0, :, None].float()).unbind(1)
        normed = add_norm(x, *before, (scale + 1, shift), around.first_tokens)
        return self._to_latents(self._module.proj_out(normed), grid)

    def _to_latents(self, x: torch.Tensor, grid: Sequence[int]) -> torch.Tensor:
        patches = x.view(*grid, *PATCH, -1).permute(6, 0, 3, 1, 4, 2, 5)
        return patches.flatten(5, 6).flatten(3, 4).flatten(1, 2)[None]

    def _compute_rotation(self, grid: tuple[int, ...], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and sines for each token, (tokens, channels of a head / 2): its frame turns the first pairs of
        channels, then its line and its column."""
        side = 2 * (self._head_width // 6)
        angles = []
        for axis, (places, width) in enumerate(zip(grid, (self._head_width - 2 * side, side, side), strict=True)):
            speeds = ROTATION_BASE ** -(torch.arange(0, width, 2, dtype=torch.float64) / width)
            turned = torch.outer(torch.arange(places, dtype=torch.float64), speeds)
            shape = [1, 1, 1, len(speeds)]
            shape[axis] = places
            angles.append(turned.view(shape).expand(*grid, -1))
        whole = torch.cat(angles, dim=-1).flatten(0, 2)
        return whole.cos().float().to(device), whole.sin().float().to(device)
