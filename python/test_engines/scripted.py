"""What the misbehaving engines share: a still clip, and a way to say how far they are."""

from collections.abc import Callable, Generator

import numpy as np

from render_server.engines import Frames, RenderOrder, Step
from render_server.protocol import EngineLoaded

IsCancelled = Callable[[], bool]
Items = Generator[Step | Frames]

LOADED = EngineLoaded(model="scripted", executor="process")


def still(order: RenderOrder, frames: int) -> Frames:
    return np.repeat(order.picture.pixels[np.newaxis], frames, axis=0)


class StillPipeline:
    """Shows the picture for as long as asked. The others differ from this one in one way each."""

    def load(self) -> EngineLoaded:
        return LOADED

    def render(self, order: RenderOrder, is_cancelled: IsCancelled) -> Items:
        yield Step("encoding_prompt")
        yield Step("encoding_image")
        yield Step("decoding", 0, 1)
        yield still(order, order.frames)
        yield Step("decoding", 1, 1)
