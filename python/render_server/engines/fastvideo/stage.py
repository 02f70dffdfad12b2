"""The denoising stage that FastVideo lacks: the one it ships for this model never looks at the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from fastvideo.fastvideo_args import FastVideoArgs
from fastvideo.forward_context import set_forward_context
from fastvideo.pipelines.pipeline_batch_info import ForwardBatch
from fastvideo.pipelines.stages import DmdDenoisingStage

from render_server.engines.wan.pace import watch_blocks
from render_server.engines.wan.precision import chosen_precision
from render_server.engines.wan.sampling import SIGMAS, TIMESTEPS, LatentShape, clean, noises, renoise
from render_server.engines.wan.transformer import Transformer

from .transformer import keep_rotations, layers_of


class PictureDenoisingStage(DmdDenoisingStage):  # type: ignore[misc]
    """DmdDenoisingStage with the first latent frame held at the picture in every step, and its tokens told that they
    carry no noise. Reads `batch.image_latent`, the picture's normalised latent (1, channels, 1, height, width).

    `check` is called many times in each step and raises to end the render."""

    def __init__(self, transformer: Any, scheduler: object, device: torch.device, *, is_streamed: bool) -> None:
        super().__init__(transformer, scheduler)
        self.on_step: Callable[[int], None] = lambda _step: None
        self.check: Callable[[], None] = lambda: None
        self._ours: Transformer | None = None
        if is_streamed:
            # Its layers are not where the weights are until FastVideo's own forward fetches them.
            keep_rotations(device)
            watch_blocks(transformer.blocks, device, self._check)
        else:
            heads = transformer.num_attention_heads
            self._ours = Transformer(transformer, heads, layers_of, chosen_precision())

    @torch.no_grad()
    def forward(self, batch: ForwardBatch, fastvideo_args: FastVideoArgs) -> ForwardBatch:
        device, dtype = batch.prompt_embeds[0].device, torch.bfloat16
        shape = LatentShape.of_clip(batch.width, batch.height, batch.num_frames)
        drawn: Iterator[torch.Tensor] = (noise[None].to(device) for noise in noises(batch.seed, shape))
        picture = batch.image_latent.to(device, torch.float32)
        embeds = [embed.to(dtype) for embed in batch.prompt_embeds]
        latents = next(drawn)
        for index, timestep in enumerate(TIMESTEPS):
            latents[:, :, :1] = picture
            with (
                torch.autocast(device.type, dtype=dtype, enabled=not fastvideo_args.disable_autocast),
                set_forward_context(current_timestep=index, attn_metadata=None, forward_batch=batch),
            ):
                velocity = self._predict(latents.to(dtype), embeds, timestep, shape)
            latents = clean(latents, velocity, SIGMAS[index])
            if index < len(TIMESTEPS) - 1:
                latents = renoise(latents, next(drawn), SIGMAS[index + 1])
            self.on_step(index + 1)
        latents[:, :, :1] = picture
        batch.latents = latents
        return batch

    def _check(self) -> None:
        self.check()

    def _predict(
        self, latents: torch.Tensor, embeds: list[torch.Tensor], timestep: int, shape: LatentShape
    ) -> torch.Tensor:
        if self._ours:
            times = torch.tensor([0.0, timestep], device=latents.device)
            return self._ours(latents, embeds[0], times, self._check)
        size = (1, shape.frames, shape.height // 2, shape.width // 2)
        each = torch.full(size, float(timestep), device=latents.device)
        each[:, 0] = 0
        velocity: torch.Tensor = self.transformer(latents, embeds, each.flatten(1))
        return velocity
