"""Fails a render, but stays up for the next."""

from scripted import IsCancelled, Items, StillPipeline, still

from render_server.engines import RenderFailedError, RenderOrder, Step


class RaisesInRender(StillPipeline):
    def render(self, order: RenderOrder, is_cancelled: IsCancelled) -> Items:
        yield Step("encoding_image")
        if order.prompt == "named":
            raise RenderFailedError("out_of_memory", "The GPU ran out of memory.", retry=True)
        if order.prompt == "unnamed":
            raise KeyError("layers.7")
        if order.prompt == "short":
            yield still(order, order.frames - 1)
        elif order.prompt == "wrong picture":
            yield 255 - still(order, order.frames)
        else:
            yield still(order, order.frames)


def create() -> RaisesInRender:
    return RaisesInRender()
