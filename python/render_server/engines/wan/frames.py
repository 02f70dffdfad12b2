"""Frames on their way from the GPU to whoever encodes them."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

# BT.709: how much red, green and blue weigh in brightness.
BRIGHTNESS = (0.2126, 0.7152, 0.0722)


def to_yuv(rgb: torch.Tensor) -> torch.Tensor:
    """(n, height, width, 3) uint8 to what the encoder takes: (n, height * 3 / 2, width) uint8, BT.709 in limited range,
    the two colour planes at half size below the brightness, and sited left as H.264 has them."""
    red, green, blue = rgb.float().unbind(-1)
    brightness = BRIGHTNESS[0] * red + BRIGHTNESS[1] * green + BRIGHTNESS[2] * blue
    planes = [16 + brightness * (219 / 255)]
    for colour, weight in [(blue, BRIGHTNESS[2]), (red, BRIGHTNESS[0])]:
        difference = (colour - brightness) * (112 / 255 / (1 - weight))
        rows = (difference[:, ::2] + difference[:, 1::2]) / 2
        around = functional.pad(rows, (1, 0), mode="replicate")
        small = (around[:, :, :-1:2] + 2 * rows[:, :, ::2] + rows[:, :, 1::2]) / 4
        # Two lines of half width make one of the picture's.
        planes.append((128 + small).reshape(len(rgb), -1, rgb.shape[2]))
    return torch.cat(planes, dim=1).round().clamp(0, 255).to(torch.uint8)


def to_host(chunks: Iterator[torch.Tensor]) -> Iterator[NDArray[np.uint8]]:
    """Hands over each chunk, ready for the encoder, once the next one has been ordered: the GPU works while a chunk is
    encoded."""
    ordered: tuple[torch.Tensor, torch.cuda.Event | None] | None = None
    for chunk in chunks:
        copy, copied = to_yuv(chunk), None
        if chunk.is_cuda:
            frames, copy = copy, torch.empty(copy.shape, dtype=copy.dtype, pin_memory=True)
            copy.copy_(frames, non_blocking=True)
            copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            copied.record()
        if ordered:
            yield finish(*ordered)
        ordered = copy, copied
    if ordered:
        yield finish(*ordered)


def finish(copy: torch.Tensor, copied: torch.cuda.Event | None) -> NDArray[np.uint8]:
    if copied:
        copied.synchronize()
    return copy.numpy()
