"""The file that people get."""

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import av
import numpy as np
import pytest
from conftest import create_picture

from render_server.engines import Frames
from render_server.similarity import similarity_of_clip, structural_similarity
from render_server.video import ClipWriter, luma


def write(path: Path, frames: Frames) -> Path:
    _, height, width, _ = frames.shape
    with ClipWriter(path, width, height) as writer:
        writer.write(frames[:2])
        writer.write(frames[2:])
        writer.finish()
    return path


@pytest.fixture(scope="module")
def frames() -> Frames:
    return np.stack([np.asarray(create_picture(160, 96, seed)) for seed in range(25)])


@pytest.fixture(scope="module")
def clip(frames: Frames, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("clip") / "a.mp4.part", frames)


def test_a_clip_has_the_exact_size_frames_and_rate(clip: Path) -> None:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        codec = stream.codec_context
        assert (codec.name, codec.pix_fmt, codec.width, codec.height) == ("h264", "yuv420p", 160, 96)
        assert stream.frames == 25
        assert stream.average_rate == stream.guessed_rate == Fraction(24)
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([number / 24 for number in range(25)])


def test_a_clip_says_how_its_colours_are_meant(clip: Path) -> None:
    with av.open(str(clip)) as container:
        codec = container.streams.video[0].codec_context
        bt709, limited = 1, 1
        assert (codec.colorspace, codec.color_primaries, codec.color_trc) == (bt709, bt709, bt709)
        assert codec.color_range == limited


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 200, 0), (30, 60, 220), (250, 200, 170), (128, 128, 128)])
def test_colours_survive(colour: tuple[int, int, int], tmp_path: Path) -> None:
    clip = write(tmp_path / "a.mp4.part", np.full((5, 64, 64, 3), colour, dtype=np.uint8))
    with av.open(str(clip)) as container:
        first = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(first.astype(int) - colour).max() <= 3


def test_the_index_comes_before_the_frames(clip: Path) -> None:
    data = clip.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_the_same_frames_make_the_same_bytes_however_busy_the_machine_is(tmp_path: Path) -> None:
    wide = np.asarray(create_picture(900, 540))
    slow_pan = np.stack([wide[at : at + 480, at : at + 832] for at in range(40)])
    noise = np.random.default_rng(1).integers(0, 256, (20, 240, 416, 3), dtype=np.uint8)
    for moving in [slow_pan, noise]:
        with ThreadPoolExecutor(4) as busy:
            clips = busy.map(lambda number, moving=moving: write(tmp_path / f"{number}.part", moving), range(8))
            assert len({sha256(clip.read_bytes()).hexdigest() for clip in clips}) == 1


def test_pure_noise_is_still_recognised(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (49, 480, 832, 3), dtype=np.uint8)
    assert similarity_of_clip(write(tmp_path / "a.mp4.part", noise), noise[0]) > 0.6


def test_frames_of_another_shape_are_refused(tmp_path: Path) -> None:
    with ClipWriter(tmp_path / "a.mp4.part", 64, 64) as writer, pytest.raises(ValueError, match="Expected frames of"):
        writer.write(np.zeros((1, 32, 64, 3), dtype=np.uint8))


def test_similarity_is_near_one_for_the_clips_own_picture_and_falls_for_another(clip: Path, frames: Frames) -> None:
    assert similarity_of_clip(clip, frames[0]) > 0.98
    for other in frames[1:6]:
        assert similarity_of_clip(clip, other) < 0.6


def test_similarity_notices_a_mirrored_a_shifted_and_a_negative_picture() -> None:
    picture = np.asarray(create_picture(320, 320))
    for changed in [picture[:, ::-1], np.roll(picture, 60, axis=1), 255 - picture]:
        assert structural_similarity(luma(picture), luma(np.ascontiguousarray(changed))) < 0.6


def test_similarity_forgives_lost_grain() -> None:
    picture = np.asarray(create_picture(640, 640)).astype(int)
    grainy = (picture + np.random.default_rng(1).normal(0, 12, picture.shape)).clip(0, 255).astype(np.uint8)
    assert structural_similarity(luma(picture.astype(np.uint8)), luma(grainy)) > 0.7


def test_similarity_of_a_picture_with_itself_is_one() -> None:
    for picture in [np.asarray(create_picture(64, 64)), np.full((64, 64, 3), 128, dtype=np.uint8)]:
        assert structural_similarity(luma(picture), luma(picture)) == pytest.approx(1)
