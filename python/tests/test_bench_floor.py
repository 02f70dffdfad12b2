"""The floor in the benchmarks' table counts the products that the model really asks for: PyTorch counts them too, in
diffusers' modules of full size, without computing anything."""

from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.checkpoint import FULL, create_random_vae, create_transformer
from bench.floor import BLOCKS, floor_of, operations_of_decoder, operations_of_step
from render_server.engines.wan.sampling import LatentShape

SHAPE = LatentShape.of_clip(832, 480, 17)


def count(module: Any, *inputs: Any, **options: Any) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(*inputs, **options)
    return int(counter.get_total_flops())


def test_a_step() -> None:
    with torch.device("meta"):
        transformer = create_transformer(FULL, in_channels=48, out_channels=48)
        latents = torch.empty(1, 48, SHAPE.frames, SHAPE.height, SHAPE.width)
        # One timestep for all: what the floor leaves out is one for each token.
        counted = count(transformer, latents, torch.empty(1), torch.empty(1, 512, 4096))
    assert len(transformer.blocks) == BLOCKS
    assert operations_of_step(SHAPE) == pytest.approx(counted, rel=0.001)


def test_the_decoder() -> None:
    with torch.device("meta"):
        vae = create_random_vae(FULL)
        counted = count(vae.decode, torch.empty(1, 48, SHAPE.frames, SHAPE.height, SHAPE.width))
    # diffusers upsamples with 3x3 taps, nine where four are enough.
    level_1, level_2, level_3 = (SHAPE.height * SHAPE.width * 4**level for level in (1, 2, 3))
    later = SHAPE.frames - 1
    spared = (1 + 2 * later) * level_1 * 1024**2 + (1 + 4 * later) * (level_2 * 1024**2 + level_3 * 512**2)
    assert operations_of_decoder(SHAPE) + 2 * 5 * spared == pytest.approx(counted, rel=0.005)


@pytest.mark.parametrize(("size", "seconds"), [((832, 480), 1.656), ((1280, 704), 4.315)])
def test_a_clip_of_121_frames(size: tuple[int, int], seconds: float) -> None:
    assert floor_of(LatentShape.of_clip(*size, 121)).seconds == pytest.approx(seconds, abs=0.001)
