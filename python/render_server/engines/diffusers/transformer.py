"""diffusers' transformer with our forward in the place of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from render_server.engines.wan.precision import EXACT, Precision
from render_server.engines.wan.transformer import AttentionLayers, BlockLayers, Transformer


def layers_of(block: Any) -> BlockLayers:
    itself, text = (
        AttentionLayers(each.to_q, each.to_k, each.to_v, each.to_out[0], each.norm_q, each.norm_k)
        for each in (block.attn1, block.attn2)
    )
    return BlockLayers(
        itself=itself,
        text=text,
        norm_text=block.norm2,
        widen=block.ffn.net[0].proj,
        narrow=block.ffn.net[2],
        modulation=block.scale_shift_table,
    )


def replace_forward(transformer: Any, check: Callable[[], None], precision: Precision = EXACT) -> None:
    """`check` is called between blocks and raises to end a render."""
    ours = Transformer(transformer, transformer.config.num_attention_heads, layers_of, precision)

    def forward(
        hidden_states: torch.Tensor, timestep: torch.Tensor, encoder_hidden_states: torch.Tensor, **_options: Any
    ) -> tuple[torch.Tensor]:
        # The pipeline gives each token its timestep: the picture's come first, and all others have the same one.
        return (ours(hidden_states, encoder_hidden_states, timestep[0, [0, -1]], check),)

    transformer.forward = forward
