"""What a bot does to finished clips."""

import io
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from render_server.clip_tools import MAX_FRAMES, TooSmallError, last_frame, sample, shrink
from render_server.video import ClipWriter

FRAMES = 49
PACKAGES = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Noise that moves, which is as hard to compress as anything; the last frame is of one colour."""
    path: Path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    noise = np.random.default_rng(7).integers(0, 256, (480, 832, 3), np.uint8)
    with ClipWriter(path, 832, 480) as writer:
        for index in range(FRAMES - 1):
            writer.write(np.roll(noise, index * 3, axis=1)[np.newaxis])
        writer.write(np.full((1, 480, 832, 3), (200, 40, 40), np.uint8))
        writer.finish()
    return path.read_bytes()


@pytest.mark.parametrize("most_bytes", [1_000_000, 500_000, 120_000, 60_000])
def test_a_clip_fits_into_what_a_place_takes_and_still_plays_everywhere(clip: bytes, most_bytes: int) -> None:
    assert len(clip) > most_bytes
    smaller = shrink(clip, most_bytes)
    assert most_bytes / 3 < len(smaller) <= most_bytes
    with av.open(io.BytesIO(smaller), "r") as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == 24
        assert len(list(container.decode(video=0))) == FRAMES
    # The index is in front, so that it plays while it loads.
    assert smaller.index(b"moov") < smaller.index(b"mdat")


def test_where_nothing_worth_watching_fits_it_says_so(clip: bytes) -> None:
    with pytest.raises(TooSmallError):
        shrink(clip, 5000)
    tool = [sys.executable, "-m", "render_server.clip_tools", "shrink", "5000"]
    assert subprocess.run(tool, input=clip, capture_output=True, check=False).returncode == 3


def test_the_last_frame_is_the_last_one(clip: bytes) -> None:
    picture = Image.open(io.BytesIO(last_frame(clip)))
    assert (picture.format, picture.size) == ("PNG", (832, 480))
    assert np.abs(np.asarray(picture.convert("RGB"), np.int16) - (200, 40, 40)).mean() < 6


def test_samples_are_spread_from_the_first_frame_to_the_last(clip: bytes) -> None:
    pictures = [Image.open(io.BytesIO(png)) for png in unpack(sample(clip, 4))]
    assert [picture.size for picture in pictures] == [(512, 295)] * 4
    means = [np.asarray(picture.convert("RGB"), np.int16).mean(axis=(0, 1)) for picture in pictures]
    assert np.abs(means[-1] - (200, 40, 40)).max() < 6
    assert all(np.abs(mean - (200, 40, 40)).max() > 30 for mean in means[:-1])


def unpack(data: bytes) -> list[bytes]:
    files = []
    while data:
        length = int.from_bytes(data[:4])
        files.append(data[4 : 4 + length])
        data = data[4 + length :]
    return files


def test_what_only_says_that_it_is_a_clip_opens_no_other_file(tmp_path: Path, clip: bytes) -> None:
    (tmp_path / "other.mp4").write_bytes(clip)
    listed = b"ffconcat version 1.0\nfile other.mp4\n"
    for tool in (["last-frame"], ["sample", "2"], ["shrink", "100000"]):
        command = [sys.executable, "-m", "render_server.clip_tools", *tool]
        environment = {**os.environ, "PYTHONPATH": str(PACKAGES)}
        ran = subprocess.run(command, input=listed, capture_output=True, check=False, cwd=tmp_path, env=environment)
        assert (ran.returncode, ran.stdout) == (1, b""), tool


@pytest.mark.parametrize(("width", "height", "frames"), [(2048, 1024, 1), (64, 64, MAX_FRAMES + 1)])
def test_a_clip_that_no_engine_of_ours_makes_is_not_decoded(
    tmp_path: Path, width: int, height: int, frames: int
) -> None:
    path = tmp_path / "bomb.mp4"
    with ClipWriter(path, width, height) as writer:
        writer.write(np.zeros((frames, height, width, 3), np.uint8))
        writer.finish()
    for tool in (last_frame, lambda clip: sample(clip, 2), lambda clip: shrink(clip, 100_000)):
        with pytest.raises(ValueError, match=r"^Expected .*at most"):
            tool(path.read_bytes())
