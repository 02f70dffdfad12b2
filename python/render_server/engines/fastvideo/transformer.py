"""FastVideo's transformer: what a block of it consists of, and what no step needs to repeat."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from fastvideo.models.dits import wanvideo

from render_server.engines.wan.transformer import AttentionLayers, BlockLayers


def layers_of(block: Any) -> BlockLayers:
    text = block.attn2
    return BlockLayers(
        itself=AttentionLayers(block.to_q, block.to_k, block.to_v, block.to_out, block.norm_q, block.norm_k),
        text=AttentionLayers(text.to_q, text.to_k, text.to_v, text.to_out, text.norm_q, text.norm_k),
        norm_text=block.self_attn_residual_norm.norm,
        widen=block.ffn.fc_in,
        narrow=block.ffn.fc_out,
        modulation=block.scale_shift_table,
    )


def keep_rotations(device: torch.device) -> None:
    """FastVideo's own forward, which a streamed transformer runs, computes the positions' rotations in each step, in 64
    bits on the CPU."""
    compute = wanvideo.get_rotary_pos_embed

    @lru_cache(maxsize=4)
    def compute_once(sizes: tuple[int, ...], width: int, heads: int, parts: tuple[int, ...], options: Any) -> Any:
        return tuple(part.float().to(device) for part in compute(sizes, width, heads, list(parts), **dict(options)))

    def look_up(sizes: tuple[int, ...], width: int, heads: int, parts: list[int], **options: Any) -> Any:
        return compute_once(tuple(sizes), width, heads, tuple(parts), tuple(sorted(options.items(), key=str)))

    wanvideo.get_rotary_pos_embed = look_up
