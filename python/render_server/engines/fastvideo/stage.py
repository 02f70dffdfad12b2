"""The denoising stage that FastVideo lacks: the one it ships for this model never looks at the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from fastvideo.fastvideo_args import FastVideoArgs
from fastvideo.forward_context import set_forward_context
from fastvideo.pipelines.pipeline_batch_info import ForwardBatch
from fastvideo.pipelines.stages import DmdDenoisingStage

from render_server.engines.wan.sampling import SIGMAS, TIMESTEPS, LatentShape, clean, noises, renoise


class PictureDenoisingStage(DmdDenoisingStage):  # type: ignore[misc]
    """DmdDenoisingStage with the first latent frame held at the picture in every step, and its tokens told that they
    carry no noise. Reads `batch.image_latent`, the picture's normalised latent (1, channels, 1, height, width)."""

    def __init__(self, transformer: torch.nn.Module, scheduler: object) -> None:
        super().__init__(transformer, scheduler)
        self.on_step: Callable[[int], None] = lambda _step: None

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
            times = torch.full((1, shape.frames, shape.height // 2, shape.width // 2), float(timestep), device=device)
            times[:, 0] = 0
            with (
                torch.autocast(device.type, dtype=dtype, enabled=not fastvideo_args.disable_autocast),
                set_forward_context(current_timestep=index, attn_metadata=None, forward_batch=batch),
            ):
                velocity = self.transformer(latents.to(dtype), embeds, times.flatten(1))
            latents = clean(latents, velocity, SIGMAS[index])
            if index < len(TIMESTEPS) - 1:
                latents = renoise(latents, next(drawn), SIGMAS[index + 1])
            self.on_step(index + 1)
        latents[:, :, :1] = picture
        batch.latents = latents
        return batch
