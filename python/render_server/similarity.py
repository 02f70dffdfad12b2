"""Does the clip begin with the member's picture? Mean SSIM of brightness, 1 for the same, about 0 for unrelated."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .video import first_luma, luma

# A model that follows the picture loses fine texture but keeps its shapes, and stays far above; one that only takes the
# picture's size lands far below.
LEAST_SIMILARITY = 0.6

WINDOW = 7
# As SSIM's authors advise: compare at the scale that people see, so that lost grain does not count as another picture.
SHORT_SIDE = 256

BRIGHTNESS_RANGE = 235 - 16
STABLE_MEAN = (0.01 * BRIGHTNESS_RANGE) ** 2
STABLE_VARIANCE = (0.03 * BRIGHTNESS_RANGE) ** 2

Grey = NDArray[np.float64]


def similarity_of_clip(clip: Path, picture: NDArray[np.uint8]) -> float:
    """`picture` is RGB of the clip's size, shaped (height, width, 3)."""
    return structural_similarity(first_luma(clip), luma(picture))


def structural_similarity(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    if one.shape != other.shape:
        raise ValueError(f"Expected the same shape twice, got {one.shape} and {other.shape}")
    factor = max(1, round(min(one.shape) / SHORT_SIDE))
    a, b = shrink(one, factor), shrink(other, factor)
    mean_a, mean_b = window_mean(a), window_mean(b)
    variance_a = window_mean(a * a) - mean_a**2
    variance_b = window_mean(b * b) - mean_b**2
    covariance = window_mean(a * b) - mean_a * mean_b
    brightness = (2 * mean_a * mean_b + STABLE_MEAN) / (mean_a**2 + mean_b**2 + STABLE_MEAN)
    structure = (2 * covariance + STABLE_VARIANCE) / (variance_a + variance_b + STABLE_VARIANCE)
    return float(np.clip(np.mean(brightness * structure), -1, 1))


def shrink(plane: NDArray[np.uint8], factor: int) -> Grey:
    height, width = (side // factor * factor for side in plane.shape)
    blocks = plane[:height, :width].reshape(height // factor, factor, width // factor, factor)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float64))


def window_mean(plane: Grey) -> Grey:
    sums = np.pad(plane, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    total = sums[WINDOW:, WINDOW:] - sums[:-WINDOW, WINDOW:] - sums[WINDOW:, :-WINDOW] + sums[:-WINDOW, :-WINDOW]
    return np.asarray(total / WINDOW**2)
