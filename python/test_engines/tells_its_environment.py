"""Says what is in its environment where others name their model, and renders nothing."""

import json
import os
from collections.abc import Callable, Generator

from render_server.engines import Frames, GpuMemory, RenderOrder, Step
from render_server.protocol import EngineLoaded


class TellsItsEnvironment:
    def load(self) -> EngineLoaded:
        return EngineLoaded(model=json.dumps(dict(os.environ)), executor="process")

    def render(self, order: RenderOrder, is_cancelled: Callable[[], bool]) -> Generator[Step | Frames | GpuMemory]:
        yield from ()


def create() -> TellsItsEnvironment:
    return TellsItsEnvironment()
