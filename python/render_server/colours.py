"""How far do a clip's colours wander from the picture's? Video models tend to fade or to glow as a clip goes on."""

import numpy as np
from numpy.typing import NDArray

from .engines import Frames

# A mean needs no more than one pixel in 8 by 8, of one frame in 8: the one in the middle, where the pixel of
# the colour planes, at half size, covers no neighbour's.
PIXELS = slice(4, None, 8)
COLOUR_PIXELS = slice(2, None, 4)
FRAME_STRIDE = 8

# Of the sRGB primaries, to CIE XYZ with white at 1 (IEC 61966-2-1).
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ.sum(axis=1)

Colours = NDArray[np.float64]


class ColourDrift:
    """Watches a clip's frames go by. `value` is the largest distance of a frame's colours from those of the picture, in
    CIELAB: 1 is just visible side by side, 10 is another light. Colours are compared by their mean and their spread,
    as Reinhard et al. (Color Transfer between Images, 2001) do; a camera that moves over a picture changes both a
    little, so this is a figure to watch and no fault."""

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        """`picture` is RGB of the clip's size, shaped (height, width, 3)."""
        self.value = 0.0
        self._picture = statistics(from_rgb(picture))
        self._height = picture.shape[0]
        self._frames = 0

    def watch(self, frames: Frames) -> None:
        for frame in frames[-self._frames % FRAME_STRIDE :: FRAME_STRIDE]:
            colours = from_rgb(frame) if frame.ndim == 3 else from_yuv(frame, self._height)
            distance = float(np.linalg.norm(statistics(colours) - self._picture))
            self.value = max(self.value, distance)
        self._frames += len(frames)


def statistics(rgb: Colours) -> Colours:
    """Mean and standard deviation of lightness, green to red, and blue to yellow; `rgb` is (n, 3), from 0 to 1."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    relative = linear @ TO_XYZ.T / WHITE
    x, y, z = np.where(relative > (6 / 29) ** 3, np.cbrt(relative), relative * (29 / 6) ** 2 / 3 + 4 / 29).T
    lab = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])
    return np.concatenate([lab.mean(axis=1), lab.std(axis=1)])


def from_rgb(pixels: NDArray[np.uint8]) -> Colours:
    return np.asarray(pixels[PIXELS, PIXELS].reshape(-1, 3) / 255)


def from_yuv(frame: NDArray[np.uint8], height: int) -> Colours:
    """`frame` is BT.709 4:2:0 in limited range, (height * 3 / 2, width), its planes below each other."""
    width = frame.shape[1]
    brightness = (frame[:height][PIXELS, PIXELS].astype(np.float64) - 16) / 219
    planes = frame[height:].reshape(2, height // 2, width // 2)[:, COLOUR_PIXELS, COLOUR_PIXELS]
    blue, red = (planes.astype(np.float64) - 128) / 224
    rgb = [
        brightness + 1.5748 * red,
        brightness - 0.1873 * blue - 0.4681 * red,
        brightness + 1.8556 * blue,
    ]
    return np.asarray(np.stack(rgb, axis=-1).reshape(-1, 3).clip(0, 1))
