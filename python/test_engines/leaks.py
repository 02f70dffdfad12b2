"""Keeps 64 MiB of every render."""

import numpy as np
from scripted import IsCancelled, Items, StillPipeline

from render_server.engines import RenderOrder

LEAK_BYTES = 64 * 2**20


class Leaks(StillPipeline):
    def __init__(self) -> None:
        self._kept: list[object] = []

    def render(self, order: RenderOrder, is_cancelled: IsCancelled) -> Items:
        # Written to, or the system would not count it.
        self._kept.append(np.ones(LEAK_BYTES, dtype=np.uint8))
        yield from super().render(order, is_cancelled)


def create() -> Leaks:
    return Leaks()
