"""The measure of how far a clip's colours wander."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from render_server.colours import ColourDrift
from render_server.engines import Frames
from render_server.video import to_yuv

Pixels = NDArray[np.uint8]

SIZE = (64, 96)


def as_rgb(clip: list[Pixels]) -> Frames:
    return np.stack(clip)


def as_yuv(clip: list[Pixels]) -> Frames:
    return np.stack([to_yuv(pixels).to_ndarray(format="yuv420p") for pixels in clip])


@pytest.fixture(params=[as_rgb, as_yuv])
def pack(request: pytest.FixtureRequest) -> Callable[[list[Pixels]], Frames]:
    packing: Callable[[list[Pixels]], Frames] = request.param
    return packing


def create_picture() -> Pixels:
    # Flat cells, so that colour at half size is colour at full size.
    cells = np.random.default_rng(1).integers(60, 196, (SIZE[0] // 16, SIZE[1] // 16, 3), dtype=np.uint8)
    return cells.repeat(16, axis=0).repeat(16, axis=1)


def drift_of(picture: Pixels, *chunks: Frames) -> float:
    drift = ColourDrift(picture)
    for chunk in chunks:
        drift.watch(chunk)
    return drift.value


def change(picture: Pixels, factor: Any = 1, plus: Any = 0) -> Pixels:
    return np.asarray((picture * np.array(factor) + np.array(plus)).clip(0, 255).astype(np.uint8))


def test_a_clip_that_keeps_its_colours_has_no_drift(pack: Callable[[list[Pixels]], Frames]) -> None:
    picture = create_picture()
    # Things that move take their colours along.
    moving = [np.roll(picture, 16 * step, axis=1) for step in range(6)]
    assert drift_of(picture, pack([picture]), *(pack([frame] * 4) for frame in moving)) < 1


def test_a_clip_that_turns_warm_or_grey_or_dark_drifts(pack: Callable[[list[Pixels]], Frames]) -> None:
    picture = create_picture()
    grey = picture.mean(axis=2, keepdims=True).repeat(3, axis=2).astype(np.uint8)
    for last in (change(picture, plus=(40, 0, -40)), grey, change(picture, 0.6)):
        assert drift_of(picture, pack([picture] * 9), pack([last] * 8)) > 10


def test_a_little_more_light_is_a_little_drift(pack: Callable[[list[Pixels]], Frames]) -> None:
    picture = create_picture()
    assert 0.5 < drift_of(picture, pack([picture]), pack([change(picture, plus=4)] * 8)) < 4


def test_both_kinds_of_frames_are_measured_alike() -> None:
    picture = create_picture()
    clip = [picture] * 8 + [change(picture, (1.2, 1, 0.8))] * 8
    assert drift_of(picture, as_rgb(clip)) == pytest.approx(drift_of(picture, as_yuv(clip)), abs=0.7)


def test_one_frame_in_eight_is_looked_at_however_they_come() -> None:
    picture = create_picture()
    flash = change(picture, 0.2)
    for place, is_seen in [(8, True), (9, False), (16, True)]:
        clip = [picture] * 17
        clip[place] = flash
        chunks = [np.stack(clip[:1]), np.stack(clip[1:5]), np.stack(clip[5:12]), np.stack(clip[12:])]
        assert (drift_of(picture, *chunks) > 10) == is_seen
