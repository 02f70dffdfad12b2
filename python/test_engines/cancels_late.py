"""Hears of a cancel at its next step, which is two seconds away, as on a card with long steps."""

import time

from scripted import IsCancelled, Items, StillPipeline, still

from render_server.engines import RenderCancelledError, RenderOrder, Step

STEP_SECONDS = 2


class CancelsLate(StillPipeline):
    def render(self, order: RenderOrder, is_cancelled: IsCancelled) -> Items:
        yield Step("encoding_image")
        yield still(order, 1)
        yield Step("decoding", 0, 4)
        while not is_cancelled():
            time.sleep(STEP_SECONDS)
        raise RenderCancelledError


def create() -> CancelsLate:
    return CancelsLate()
