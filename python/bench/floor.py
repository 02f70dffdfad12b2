"""The seconds that a clip's arithmetic takes at least: every product that the model asks for, at the card's own rate.

Counted for FastWan 2.2 TI2V-5B and the decoder's quarter trick. What moves memory alone is left out: all of it could
hide behind the products.
"""

from __future__ import annotations

from dataclasses import dataclass

from render_server.engines.wan.sampling import TIMESTEPS, LatentShape

# What an H100 reaches in bfloat16: its best products and convolutions here ran at 750 to 800.
OPERATIONS_PER_SECOND = 790e12

CHANNELS, WIDE, BLOCKS, TEXT_TOKENS, TEXT_CHANNELS = 3072, 14336, 30, 512, 4096
LATENT_CHANNELS, PATCH = 48, 4


@dataclass(frozen=True)
class Floor:
    denoising: float
    decoding: float

    @property
    def seconds(self) -> float:
        return self.denoising + self.decoding


def floor_of(shape: LatentShape) -> Floor:
    return Floor(
        denoising=len(TIMESTEPS) * operations_of_step(shape) / OPERATIONS_PER_SECOND,
        decoding=operations_of_decoder(shape) / OPERATIONS_PER_SECOND,
    )


def operations_of_step(shape: LatentShape) -> int:
    """A multiplication and an addition are two."""
    tokens = shape.frames * shape.height * shape.width // PATCH
    # Query, key, value and output of the attention to itself; query and output of the one to the text.
    of_token = 6 * CHANNELS**2 + 2 * CHANNELS * WIDE
    attention = 2 * (tokens + TEXT_TOKENS) * CHANNELS
    of_text = TEXT_TOKENS * 2 * CHANNELS**2
    blocks = BLOCKS * (tokens * (of_token + attention) + of_text)
    ends = tokens * 2 * LATENT_CHANNELS * PATCH * CHANNELS
    text = TEXT_TOKENS * (TEXT_CHANNELS * CHANNELS + CHANNELS**2)
    return 2 * (blocks + ends + text)


def operations_of_decoder(shape: LatentShape) -> int:
    return sum(
        2 * count * taps * inputs * outputs * shape.height * shape.width * (1 << 2 * level) * frames_of(shape, times)
        for count, taps, inputs, outputs, level, times in LAYERS
    )


def frames_of(shape: LatentShape, times: int) -> int:
    """One, and then `times` for each further latent frame; for the convolutions over time only those."""
    return abs(times) * (shape.frames - 1) + (times > 0)


# How often, taps, channels in and out, how often the latents' sides were doubled, frames for each latent frame
# (negative where the first one is left out).
LAYERS = [
    (1, 27, 48, 1024, 0, 1),
    (10, 27, 1024, 1024, 0, 1),
    # The middle attention's products.
    (1, 1, 1024, 4096, 0, 1),
    (1, 3, 1024, 2048, 0, -1),
    # Four 2x2 convolutions on the small picture, for each pixel of the large one.
    (1, 4, 1024, 1024, 1, 2),
    (6, 27, 1024, 1024, 1, 2),
    (1, 3, 1024, 2048, 1, -2),
    (1, 4, 1024, 1024, 2, 4),
    (1, 27, 1024, 512, 2, 4),
    (1, 1, 1024, 512, 2, 4),
    (5, 27, 512, 512, 2, 4),
    (1, 4, 512, 512, 3, 4),
    (1, 27, 512, 256, 3, 4),
    (1, 1, 512, 256, 3, 4),
    (5, 27, 256, 256, 3, 4),
    (1, 27, 256, 12, 3, 4),
]
