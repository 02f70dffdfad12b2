"""Says that its PyTorch was not built for the first card; on another it shows the picture for as long as asked."""

import os
from collections.abc import Callable, Generator

import numpy as np

from render_server.engines import Frames, RenderOrder, Step
from render_server.protocol import EngineLoaded


class LacksKernels:
    def load(self) -> EngineLoaded:
        if os.environ.get("CUDA_VISIBLE_DEVICES") == "0":
            raise RuntimeError(
                "The NVIDIA GeForce RTX 5090 needs kernels for sm_120, and this PyTorch 2.6 holds sm_90."
            )
        return EngineLoaded(model="scripted", executor="process")

    def render(self, order: RenderOrder, is_cancelled: Callable[[], bool]) -> Generator[Step | Frames]:
        yield Step("decoding", 0, 1)
        yield np.repeat(order.picture.pixels[np.newaxis], order.frames, axis=0)
        yield Step("decoding", 1, 1)


def create() -> LacksKernels:
    return LacksKernels()
