"""Whether a faster precision is let in, on a tiny checkpoint and the processor."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from bench.checkpoint import TINY, make_checkpoint
from render_server import quality
from render_server.clip_differences import Differences, colour_distance, compare_decoders, lost_similarity
from render_server.engines import RenderOrder
from render_server.engines.wan.eight_bits import CodedConvolution, CodedLinear
from render_server.pictures import Picture

SIZE = (128, 96)


@pytest.fixture(scope="module")
def checkpoint() -> Iterator[Path]:
    with TemporaryDirectory(prefix="tiny-") as folder:
        yield make_checkpoint(Path(folder), TINY)


@pytest.fixture
def orders(tmp_path: Path) -> list[RenderOrder]:
    made = []
    for seed in (1, 2):
        cells = np.random.default_rng(seed).integers(40, 216, (SIZE[1] // 16, SIZE[0] // 16, 3), dtype=np.uint8)
        file = tmp_path / f"{seed}.png"
        Image.fromarray(cells).resize(SIZE, Image.Resampling.NEAREST).save(file)
        made.append(RenderOrder(Picture(file, SIZE), "a prompt", "", *SIZE, frames=9, seed=seed))
    return made


def measure(orders: list[RenderOrder], checkpoint: Path) -> list[quality.Measured]:
    return list(quality.measure(orders, lambda: quality.create_engine(str(checkpoint)), "mixed"))


@pytest.mark.filterwarnings("ignore")
def test_a_sound_precision_is_let_in_with_a_sheet_to_look_at(checkpoint: Path, orders: list[RenderOrder]) -> None:
    measured = measure(orders, checkpoint)
    verdict = quality.judge(measured)
    assert verdict.is_yes, verdict.lines
    # Faster is not the same: the precision was really used.
    assert all(0 < each.differences.latents < 10 for each in measured)
    sheet = quality.draw_sheet(measured)
    assert sheet.size == (9 * quality.THUMBNAIL_WIDTH, 2 * 192)


def decode_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A code for nought that is off by some steps, as one that was rounded in the wrong place would be."""
    convolve = CodedConvolution.__call__
    monkeypatch.setattr(CodedConvolution, "__call__", lambda self: convolve(self) + 0.5 * torch.arange(self.outputs))


def multiply_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    """One code too far in a step."""
    multiply = CodedLinear.__call__
    monkeypatch.setattr(CodedLinear, "__call__", lambda self, x: multiply(self, x) * 1.5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("break_it", "told"), [(decode_wrongly, "✗ decoder"), (multiply_wrongly, "✗ latents")])
def test_a_precision_with_an_error_in_it_is_refused(
    break_it: Any, told: str, checkpoint: Path, orders: list[RenderOrder], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_it(monkeypatch)
    verdict = quality.judge(measure(orders[:1], checkpoint))
    assert not verdict.is_yes
    assert any(line.startswith(told) for line in verdict.lines), verdict.lines


GOOD = Differences(latents=1, decoder=50, banding=0.1, flicker=0.1, similarity=0, colour=0.1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("latents", 11.0),
        ("decoder", 41.9),
        ("banding", 0.6),
        ("banding", None),
        ("flicker", 0.6),
        ("similarity", 0.02),
        ("colour", 1.1),
    ],
)
def test_each_figure_alone_can_refuse(field: str, value: float | None) -> None:
    frames = np.zeros((1, 8, 8, 3), dtype=np.uint8)
    order: Any = None
    changes: dict[str, Any] = {field: value}
    good, bad = (quality.Measured(order, frames, frames, each) for each in (GOOD, dataclasses.replace(GOOD, **changes)))
    assert quality.judge([good, good]).is_yes
    verdict = quality.judge([good, bad] if value is not None else [bad])
    assert not verdict.is_yes
    assert sum(line.startswith("✗") for line in verdict.lines) == 1


def gradient() -> np.ndarray[Any, np.dtype[np.uint8]]:
    ramp = np.linspace(80, 100, 256).round().astype(np.uint8)
    return np.broadcast_to(ramp[None, None, :, None], (9, 64, 256, 3)).copy()


def test_bands_grain_flicker_and_a_tint_are_told_apart() -> None:
    exact = gradient()
    bands = (exact // 6 * 6 + 3).astype(np.uint8)
    grain = (exact + np.random.default_rng(0).integers(-2, 3, exact.shape)).astype(np.uint8)
    pumping = exact.copy()
    pumping[1::2] += 2
    tint = exact.copy()
    tint[..., 0] += 6
    banding = {name: compare_decoders(exact, clip)[1] for name, clip in [("bands", bands), ("grain", grain)]}
    assert banding["bands"] is not None
    assert banding["grain"] is not None
    assert banding["bands"] > 0.5 > banding["grain"]
    flicker = {name: compare_decoders(exact, clip)[2] for name, clip in [("bands", bands), ("pumping", pumping)]}
    assert flicker["pumping"] > 0.5 > flicker["bands"]
    assert colour_distance(exact, tint) > 1 > colour_distance(exact, grain)
    assert compare_decoders(exact, exact)[0] > 100


def test_another_picture_in_frame_0_is_seen() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    assert lost_similarity(picture, picture[None], picture[None]) == 0
    assert lost_similarity(picture, picture[None], picture[None, ::-1]) > 0.1
