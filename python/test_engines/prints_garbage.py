"""Prints whatever libraries print, wherever they print it."""

import os
import sys

from scripted import LOADED, IsCancelled, Items, StillPipeline

from render_server.engines import RenderOrder
from render_server.protocol import EngineLoaded


class PrintsGarbage(StillPipeline):
    def load(self) -> EngineLoaded:
        print('{"say": "loaded"}\n\0 0% |      |', flush=True)
        return LOADED

    def render(self, order: RenderOrder, is_cancelled: IsCancelled) -> Items:
        for item in super().render(order, is_cancelled):
            os.write(1, b'{"say": "event"}\n\xff\xfe\r')
            print("Traceback: \x1b[31mnothing\x1b[0m", file=sys.stderr, flush=True)
            yield item


def create() -> PrintsGarbage:
    return PrintsGarbage()
