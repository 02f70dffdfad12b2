"""Frames on their way from the GPU to whoever encodes them."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray


def to_host(chunks: Iterator[torch.Tensor]) -> Iterator[NDArray[np.uint8]]:
    """Hands over each chunk once the next one has been ordered, so that the GPU works while a chunk is encoded."""
    ordered: tuple[torch.Tensor, torch.cuda.Event | None] | None = None
    for chunk in chunks:
        copy, copied = chunk, None
        if chunk.is_cuda:
            copy = torch.empty(chunk.shape, dtype=chunk.dtype, pin_memory=True)
            copy.copy_(chunk, non_blocking=True)
            copied = torch.cuda.Event()
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
