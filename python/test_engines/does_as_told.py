"""Does what the prompt says, for tests from the outside: `hold FILE`, `die`, `die once FILE`,
`die sometimes`, `die until FILE`, `go silent`, `eat memory`.

It draws the still, without any move, so that a render ends as soon as it is let go.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np

from render_server.engines import Frames, GpuMemory, RenderCancelledError, RenderOrder, Step
from render_server.protocol import EngineLoaded, Gpu

POLL_SECONDS = 0.01
MEAL_BYTES = 64 * 2**20
CHANCE_OF_DEATH = 0.5


class DoesAsTold:
    def load(self) -> EngineLoaded:
        card = os.environ.get("NVIDIA_VISIBLE_DEVICES")
        # Only told of: nothing is done on it.
        gpu = Gpu(name=card, total_bytes=2**35, free_bytes=2**34, architectures=[]) if card else None
        return EngineLoaded(model=f"does_as_told on {card or 'no GPU'}", executor="process", gpu=gpu)

    def render(self, order: RenderOrder, is_cancelled: Callable[[], bool]) -> Generator[Step | Frames | GpuMemory]:
        yield Step("encoding_image")
        yield Step("decoding", 0, 2)
        match order.prompt.split():
            case ["hold", file]:
                while not Path(file).exists():
                    if is_cancelled():
                        raise RenderCancelledError
                    time.sleep(POLL_SECONDS)
            case ["die", *when] if _is_now(when):
                os._exit(9)
            case ["go", "silent"]:
                while not is_cancelled():
                    time.sleep(POLL_SECONDS)
                raise RenderCancelledError
            case ["eat", "memory"]:
                eaten = []
                while True:
                    eaten.append(b"1" * MEAL_BYTES)
            case _:
                pass
        yield Step("decoding", 1, 2)
        still = np.asarray(order.picture.fitted)
        for _ in range(order.frames):
            yield still[np.newaxis]
        yield Step("decoding", 2, 2)


def _is_now(when: list[str]) -> bool:
    match when:
        case ["once", file] if not Path(file).exists():
            Path(file).touch()
            return True
        case ["until", file]:
            return not Path(file).exists()
        case ["sometimes"]:
            return random.random() < CHANCE_OF_DEATH
        case []:
            return True
        case _:
            return False


def create() -> DoesAsTold:
    return DoesAsTold()
