"""Starts a render, never gets on with it, and does not hear a cancel."""

import threading

from scripted import IsCancelled, Items, StillPipeline, still

from render_server.engines import RenderOrder, Step


class HangsInRender(StillPipeline):
    def render(self, order: RenderOrder, is_cancelled: IsCancelled) -> Items:
        yield Step("encoding_image")
        yield still(order, 1)
        yield Step("decoding", 0, 4)
        threading.Event().wait()


def create() -> HangsInRender:
    return HangsInRender()
