"""From noise to a clip in the three steps that FastWan was distilled to take.

Each step predicts the clean clip from a noisy one, then adds fresh noise for the next, lower noise level. FastVideo's
DmdDenoisingStage does the same; here the arithmetic stays in 32 bits.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

# What the transformer is told about how noisy its input is, in thousandths; FastVideo's dmd_denoising_steps.
TIMESTEPS = (1000, 757, 522)

TRAINING_STEPS = 1000
# Stretches the schedule towards high noise.
SHIFT = 8.0


def sigma_of(timestep: float) -> float:
    """The share of noise at a timestep: the nearest of the levels that the model was trained at."""
    levels = [SHIFT * step / (TRAINING_STEPS + (SHIFT - 1) * step) for step in range(1, TRAINING_STEPS + 1)]
    return min(levels, key=lambda level: abs(level * TRAINING_STEPS - timestep))


SIGMAS = tuple(sigma_of(timestep) for timestep in TIMESTEPS)


@dataclass(frozen=True)
class LatentShape:
    """Of one clip: 48 channels, one frame and then one for every four, a sixteenth of the clip's height and width."""

    channels: int
    frames: int
    height: int
    width: int

    @staticmethod
    def of_clip(width: int, height: int, frames: int) -> "LatentShape":
        return LatentShape(48, (frames - 1) // 4 + 1, height // 16, width // 16)


def noises(seed: int, shape: LatentShape) -> Iterator[torch.Tensor]:
    """Fresh noise for every step, (channels, frames, height, width), the same on every machine for the same seed."""
    # On the CPU: what a GPU draws depends on how many processors it has.
    generator = torch.Generator("cpu").manual_seed(seed)
    while True:
        yield torch.randn(shape.frames, shape.channels, shape.height, shape.width, generator=generator).transpose(0, 1)


def clean(noisy: torch.Tensor, velocity: torch.Tensor, sigma: float) -> torch.Tensor:
    """What the model believes is under the noise."""
    return noisy.float() - sigma * velocity.float()


def renoise(clean_latents: torch.Tensor, noise: torch.Tensor, sigma: float) -> torch.Tensor:
    return (1 - sigma) * clean_latents + sigma * noise
