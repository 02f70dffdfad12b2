"""Ends its process in the middle of a render, in the way that the prompt asks for."""

import os
import signal

from scripted import IsCancelled, Items, StillPipeline, still

from render_server.engines import RenderOrder, Step


class ExitsInRender(StillPipeline):
    def render(self, order: RenderOrder, is_cancelled: IsCancelled) -> Items:
        yield Step("encoding_image")
        yield still(order, 1)
        match order.prompt:
            case "exit":
                os._exit(1)
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "quit":
                os.kill(os.getpid(), signal.SIGQUIT)
        yield still(order, order.frames - 1)


def create() -> ExitsInRender:
    return ExitsInRender()
