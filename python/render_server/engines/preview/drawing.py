"""Views to frames, on all processors, in order, with a bounded number of them in memory."""

import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import numpy as np
from PIL import Image, ImageFilter

from render_server.cores import count_cores
from render_server.pictures import Box, Picture

from .camera import View

LANCZOS = Image.Resampling.LANCZOS

MOST_THREADS = 8
FRAMES_AHEAD_PER_THREAD = 2

# Seen beyond the edge by a zoom out, a mirrored picture looks like a fault, and a blurred one like depth.
MIRROR_BLUR = 0.02

# Less than this is an error of rounding, as a share of the picture: far below a pixel.
SEES_BEYOND = 1e-6

# Room around a turned view for the filter, in pixels.
FILTER_MARGIN = 3


class Canvas:
    """The picture at all the detail it has, with mirrored edges as far as the views see beyond them."""

    def __init__(self, picture: Picture, views: list[View]) -> None:
        self._picture = picture
        self._size = picture.size
        self._source, self._box = picture.source, picture.box
        aspect = picture.size[0] / picture.size[1]
        beyond = max(float(np.abs(view.corners(aspect)).max()) for view in views) - 0.5
        if beyond > SEES_BEYOND:
            self._source, self._box = mirror_edges(self._source, self._box, margin=beyond)

    def draw(self, view: View) -> Image.Image:
        if view == View():
            return self._picture.fitted
        if view.is_flat:
            return self._source.resize(self._size, LANCZOS, box=self._inside(self._seen(view)))
        return self._draw_turned(view)

    def _seen(self, view: View) -> Box:
        """The part of the source that a flat view sees, of the same shape as the picture."""
        left, top, right, bottom = self._box
        width, height = right - left, bottom - top
        middle_x, middle_y = left + width * (0.5 + view.x), top + height * (0.5 + view.y)
        half_width, half_height = width / view.zoom / 2, height / view.zoom / 2
        return middle_x - half_width, middle_y - half_height, middle_x + half_width, middle_y + half_height

    def _inside(self, box: Box) -> Box:
        left, top, right, bottom = box
        return max(0, left), max(0, top), min(self._source.width, right), min(self._source.height, bottom)

    def _draw_turned(self, view: View) -> Image.Image:
        """Scale what is seen with a filter that does not flicker, then turn it by the little that is left."""
        width, height = self._size
        aspect = width / height
        left, top, right, bottom = self._box
        scale_x, scale_y = (right - left) / width, (bottom - top) / height
        x, y = view.corners(aspect)
        margin_x, margin_y = FILTER_MARGIN * scale_x, FILTER_MARGIN * scale_y
        near = self._inside(
            (
                left + (x.min() + 0.5) * (right - left) - margin_x,
                top + (y.min() + 0.5) * (bottom - top) - margin_y,
                left + (x.max() + 0.5) * (right - left) + margin_x,
                top + (y.max() + 0.5) * (bottom - top) + margin_y,
            )
        )
        near_size = (
            math.ceil((near[2] - near[0]) / scale_x * view.zoom),
            math.ceil((near[3] - near[1]) / scale_y * view.zoom),
        )
        scaled = self._source.resize(near_size, LANCZOS, box=near)
        # Frame pixels to the middle-based units of the view, through it, to the source's pixels, to the scaled part's.
        from_pixels = np.array([[1 / height, 0, -aspect / 2], [0, 1 / height, -0.5], [0, 0, 1]])
        to_source = np.array(
            [
                [(right - left) / aspect, 0, (left + right) / 2],
                [0, bottom - top, (top + bottom) / 2],
                [0, 0, 1],
            ]
        )
        density_x, density_y = near_size[0] / (near[2] - near[0]), near_size[1] / (near[3] - near[1])
        to_scaled = np.array([[density_x, 0, -near[0] * density_x], [0, density_y, -near[1] * density_y], [0, 0, 1]])
        matrix = to_scaled @ to_source @ view.to_picture(aspect) @ from_pixels
        coefficients = (matrix / matrix[2, 2]).flatten()[:8].tolist()
        return scaled.transform(self._size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)


def mirror_edges(source: Image.Image, box: Box, margin: float) -> tuple[Image.Image, Box]:
    """The boxed part of a picture with `margin` of its width and height reflected on each side, softer further out."""
    left, top, right, bottom = (round(side) for side in box)
    pixels = np.asarray(source.crop((left, top, right, bottom)))
    height, width = pixels.shape[:2]
    pad_x, pad_y = math.ceil(width * margin) + 1, math.ceil(height * margin) + 1
    mirrored = Image.fromarray(np.pad(pixels, ((pad_y, pad_y), (pad_x, pad_x), (0, 0)), mode="symmetric"))
    blurred = mirrored.filter(ImageFilter.GaussianBlur(MIRROR_BLUR * min(width, height)))
    beyond_x = distance_beyond(width, pad_x)
    beyond_y = distance_beyond(height, pad_y)
    # Fully blurred half way out.
    share = np.clip(2 * np.maximum(beyond_y[:, np.newaxis] / pad_y, beyond_x[np.newaxis, :] / pad_x), 0, 1)
    mask = Image.fromarray(np.round(255 * share).astype(np.uint8))
    return Image.composite(blurred, mirrored, mask), (
        box[0] - left + pad_x,
        box[1] - top + pad_y,
        box[2] - left + pad_x,
        box[3] - top + pad_y,
    )


def distance_beyond(length: int, pad: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    positions = np.arange(length + 2 * pad, dtype=np.float64) - pad
    return np.maximum(0, np.maximum(-positions, positions - (length - 1)))


def draw_all(canvas: Canvas, views: list[View]) -> Iterator[Image.Image]:
    """Frames in the order of the views. Closing the iterator stops the drawing."""
    threads = min(MOST_THREADS, count_cores())
    executor = ThreadPoolExecutor(threads, thread_name_prefix="draw")
    try:
        waiting = iter(views)
        ahead: deque[Future[Image.Image]] = deque(
            executor.submit(canvas.draw, view) for view in islice(waiting, threads * FRAMES_AHEAD_PER_THREAD)
        )
        while ahead:
            picture = ahead.popleft().result()
            for view in islice(waiting, 1):
                ahead.append(executor.submit(canvas.draw, view))
            yield picture
    finally:
        executor.shutdown(cancel_futures=True)
