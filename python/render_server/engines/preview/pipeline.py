"""The preview engine: words to moves, moves to views, views to frames."""

import time
from collections.abc import Callable, Generator

import numpy as np

from render_server.engines import Frames, RenderOrder, Step
from render_server.protocol import EngineLoaded

from .camera import plan_views
from .drawing import Canvas, draw_all
from .words import read_moves

# Often enough to look alive, seldom enough not to flood whoever follows.
MOST_REPORTS = 24
REPORT_SECONDS = 0.2


class PreviewPipeline:
    def load(self) -> EngineLoaded:
        return EngineLoaded(model="preview", executor="process")

    def render(self, order: RenderOrder, is_cancelled: Callable[[], bool]) -> Generator[Step | Frames]:  # noqa: ARG002
        yield Step("encoding_prompt")
        moves = read_moves(order.prompt)
        views = plan_views(moves, frames=order.frames, seed=order.seed, aspect=order.width / order.height)
        yield Step("encoding_image")
        canvas = Canvas(order.picture, views)
        yield Step("decoding", 0, order.frames)
        every = max(1, order.frames // MOST_REPORTS)
        reported, reported_at = 0, time.monotonic()
        for number, picture in enumerate(draw_all(canvas, views), start=1):
            yield np.asarray(picture)[np.newaxis]
            now = time.monotonic()
            if number - reported >= every or number == order.frames or now - reported_at >= REPORT_SECONDS:
                yield Step("decoding", number, order.frames)
                reported, reported_at = number, now
