"""Takes a known time for every clip: a second of steps, and a small still. For benchmarks."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

import numpy as np

from render_server.engines import Frames, RenderOrder, Step
from render_server.protocol import EngineLoaded

STEPS = 4
STEP_SECONDS = 0.25


class WorksForASecond:
    def load(self) -> EngineLoaded:
        return EngineLoaded(model="works_for_a_second", executor="process")

    def render(self, order: RenderOrder, is_cancelled: Callable[[], bool]) -> Generator[Step | Frames]:
        yield Step("denoising", 0, STEPS)
        for step in range(STEPS):
            time.sleep(STEP_SECONDS)
            yield Step("denoising", step + 1, STEPS)
        yield np.repeat(np.asarray(order.picture.fitted)[np.newaxis], order.frames, axis=0)


def create() -> WorksForASecond:
    return WorksForASecond()
