"""How far is a clip that was computed faster from the exact one? What numbers can tell of what people would see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .colours import from_rgb, statistics
from .engines import Frames
from .similarity import structural_similarity
from .video import luma

BRIGHTEST = 255

# People see blotches and bands of this size, and bigger ones; smaller ones are grain.
BLOCK = 8

# A block whose brightness deviates by less is part of a flat area.
FLAT_DEVIATION = 2.0

# Of a clip's frames, every fourth is looked at, and the one after it.
FRAME_STRIDE = 4

COLOUR_STRIDE = 8

BRIGHTNESS = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)

Blocks = NDArray[np.float32]


@dataclass(frozen=True)
class Differences:
    """`latents` is a share of the exact ones' length. The next three are of the decoders on the same latents: PSNR in
    dB; the brightness of flat areas, in levels of 255, None where there are none; and what changes from one frame to
    the next without doing so in the exact clip, in the same levels. The last two are of the whole clips: how much less
    frame 0 resembles the picture, in SSIM; and the largest distance of a frame's mean colour, in CIELAB."""

    latents: float
    decoder: float
    banding: float | None
    flicker: float
    similarity: float
    colour: float


def compare_decoders(exact: Frames, fast: Frames) -> tuple[float, float | None, float]:
    """PSNR, banding and flicker, of two frames and more in RGB."""
    errors, flat, flicker = [], [], []
    for at in range(0, len(exact), FRAME_STRIDE):
        errors.append(np.square(exact[at].astype(np.float32) - fast[at]).mean())
        mean, deviation = blocks_of(exact[at])
        apart = blocks_of(fast[at])[0] - mean
        flat.append(apart[deviation < FLAT_DEVIATION])
        if at + 1 < len(exact):
            flicker.append(blocks_of(fast[at + 1])[0] - blocks_of(exact[at + 1])[0] - apart)
    error = max(float(np.mean(errors)), 1e-9)
    levels = np.concatenate(flat)
    return (
        10 * float(np.log10(BRIGHTEST**2 / error)),
        rms(levels) if levels.size else None,
        rms(np.stack(flicker)),
    )


def rms(values: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.square(values).mean()))


def blocks_of(frame: NDArray[np.uint8]) -> tuple[Blocks, Blocks]:
    """Mean and deviation of each block's brightness."""
    height, width = (side // BLOCK * BLOCK for side in frame.shape[:2])
    brightness = frame[:height, :width] @ BRIGHTNESS
    blocks = brightness.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return blocks.mean(axis=(1, 3)), blocks.std(axis=(1, 3))


def lost_similarity(picture: NDArray[np.uint8], exact: Frames, fast: Frames) -> float:
    wanted = luma(picture)
    return structural_similarity(luma(exact[0]), wanted) - structural_similarity(luma(fast[0]), wanted)


def colour_distance(exact: Frames, fast: Frames) -> float:
    pairs = zip(exact[::COLOUR_STRIDE], fast[::COLOUR_STRIDE], strict=True)
    return max(float(np.linalg.norm(mean_colour(one) - mean_colour(other))) for one, other in pairs)


def mean_colour(frame: NDArray[np.uint8]) -> NDArray[np.float64]:
    return statistics(from_rgb(frame))[:3]
