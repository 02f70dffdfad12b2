"""Renders until somebody cancels, and then stops at once."""

import time

from scripted import IsCancelled, Items, StillPipeline, still

from render_server.engines import RenderCancelledError, RenderOrder, Step


class WaitsForCancel(StillPipeline):
    def render(self, order: RenderOrder, is_cancelled: IsCancelled) -> Items:
        if order.prompt == "at once":
            yield from super().render(order, is_cancelled)
            return
        yield Step("encoding_image")
        yield still(order, 1)
        yield Step("decoding", 0, 4)
        while not is_cancelled():
            time.sleep(0.01)
        raise RenderCancelledError


def create() -> WaitsForCancel:
    return WaitsForCancel()
