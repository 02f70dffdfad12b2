"""FastVideo's transformer at its fastest on one GPU: no step repeats what another did, and blocks are compiled."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from fastvideo.layers.rotary_embedding import _apply_rotary_emb
from fastvideo.models.dits import wanvideo


class Attention(torch.nn.Module):
    """FastVideo's own, with the attention kernel it chose, less what only several GPUs need: that cannot be compiled.

    Takes (batch, tokens, heads, channels), as FastVideo does."""

    def __init__(self, original: Any) -> None:
        super().__init__()
        self._kernel = original.attn_impl

    def forward(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, rotation: tuple[torch.Tensor, ...] = ()
    ) -> torch.Tensor:
        if rotation:
            query, key = (_apply_rotary_emb(each, *rotation, is_neox_style=False) for each in (query, key))
        attended: torch.Tensor = self._kernel.forward(query, key, value, None)
        return attended


class SelfAttention(Attention):
    def forward(  # type: ignore[override]
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, _tokens: int, freqs_cis: Any
    ) -> tuple[torch.Tensor, None]:
        return super().forward(query, key, value, freqs_cis), None


def speed_up(transformer: Any, device: torch.device, *, is_compiled: bool) -> None:
    """Compiling takes half a minute, at the first call; another size costs less than a second, once."""
    keep_rotations(device)
    for block in transformer.blocks:
        block.attn1 = SelfAttention(block.attn1)
        block.attn2.attn = Attention(block.attn2.attn)
        if is_compiled:
            # All blocks share one compiled form.
            block.compile(fullgraph=True, dynamic=True)


def keep_rotations(device: torch.device) -> None:
    """FastVideo computes the positions' rotations in each step, in 64 bits on the CPU."""
    compute = wanvideo.get_rotary_pos_embed

    @lru_cache(maxsize=4)
    def compute_once(sizes: tuple[int, ...], width: int, heads: int, parts: tuple[int, ...], options: Any) -> Any:
        return tuple(part.float().to(device) for part in compute(sizes, width, heads, list(parts), **dict(options)))

    def look_up(sizes: tuple[int, ...], width: int, heads: int, parts: list[int], **options: Any) -> Any:
        return compute_once(tuple(sizes), width, heads, tuple(parts), tuple(sorted(options.items(), key=str)))

    wanvideo.get_rotary_pos_embed = look_up
