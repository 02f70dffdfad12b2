"""The picture a clip begins with: opened safely, and fitted to the clip's size."""

import os
import stat
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .engines import RenderFailedError

# Intake makes pictures far smaller than this; a larger one did not come from there.
MOST_PIXELS = 64_000_000

# An engine that zooms in finds real detail up to this many times the clip's size; more costs time in every frame.
MOST_DETAIL = 2

Box = tuple[float, float, float, float]


class Picture:
    """A picture to be seen at exactly `size`. Nothing is read until `source` or `fitted` is asked for."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        self.path = path
        self.size = size

    @cached_property
    def _view(self) -> tuple[Image.Image, Box]:
        picture = open_picture(self.path)
        box = cover_box(picture.size, self.size)
        detailed = (round(self.size[0] * MOST_DETAIL), round(self.size[1] * MOST_DETAIL))
        if box[2] - box[0] > detailed[0]:
            picture = picture.resize(detailed, Image.Resampling.LANCZOS, box=box)
            box = (0, 0, *detailed)
        return picture, box

    @property
    def source(self) -> Image.Image:
        """RGB, at the detail the file has, up to MOST_DETAIL times `size`."""
        return self._view[0]

    @property
    def box(self) -> Box:
        """The part of `source` that is seen: left, top, right, bottom, in its pixels."""
        return self._view[1]

    @cached_property
    def fitted(self) -> Image.Image:
        """RGB, exactly `size`, cropped to cover it: what frame 0 of the clip has to show."""
        return self.source.resize(self.size, Image.Resampling.LANCZOS, box=self.box)

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """`fitted` as (height, width, 3)."""
        return np.asarray(self.fitted)


def cover_box(picture: tuple[int, int], size: tuple[int, int]) -> Box:
    """The largest centred part of a picture that has the aspect of `size`."""
    scale = min(picture[0] / size[0], picture[1] / size[1])
    width, height = size[0] * scale, size[1] * scale
    # Rounding makes the box larger than the picture by a hair for some sizes, which Pillow refuses.
    left, top = max(0.0, (picture[0] - width) / 2), max(0.0, (picture[1] - height) / 2)
    return left, top, min(picture[0], left + width), min(picture[1], top + height)


def open_picture(path: Path) -> Image.Image:
    try:
        # Another member of the folder's group could swap the file for a link after the request was checked.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError("not a regular file")
            with Image.open(file, formats=["PNG"]) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise OSError(f"{picture.width}x{picture.height} is too large")
                return flatten(picture)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise RenderFailedError("picture_broken", f"The picture cannot be read: {error}.", retry=False) from error


def flatten(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    flat = Image.new("RGBA", picture.size, "white")
    flat.alpha_composite(picture.convert("RGBA"))
    return flat.convert("RGB")
