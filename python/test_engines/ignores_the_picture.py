"""Renders as the diffusers engine does, but from another picture than the member's."""

import dataclasses
import os
from collections.abc import Generator

import numpy as np
from PIL import Image
from scripted import IsCancelled

from render_server.engines import Frames, GpuMemory, RenderOrder, Step
from render_server.engines.diffusers.pipeline import FAST, DiffusersPipeline
from render_server.pictures import Picture


class IgnoresThePicture(DiffusersPipeline):
    def render(self, order: RenderOrder, is_cancelled: IsCancelled) -> Generator[Step | Frames | GpuMemory]:
        other = order.picture.path.with_name("other.png")
        noise = np.random.default_rng(3).integers(0, 256, (order.height // 16, order.width // 16, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((order.width, order.height), Image.Resampling.NEAREST).save(other)
        picture = Picture(other, (order.width, order.height))
        yield from super().render(dataclasses.replace(order, picture=picture), is_cancelled)


def create() -> IgnoresThePicture:
    return IgnoresThePicture(os.environ["TINY_CHECKPOINT"], FAST)
