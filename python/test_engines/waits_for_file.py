"""Finishes a render when the file that the prompt names exists."""

import time
from pathlib import Path

from scripted import IsCancelled, Items, StillPipeline

from render_server.engines import RenderOrder


class WaitsForFile(StillPipeline):
    def render(self, order: RenderOrder, is_cancelled: IsCancelled) -> Items:
        for item in super().render(order, is_cancelled):
            yield item
            while not Path(order.prompt).exists():
                time.sleep(0.01)


def create() -> WaitsForFile:
    return WaitsForFile()
