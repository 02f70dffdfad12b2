"""The operator's two scripts, run as an operator runs them, from a folder of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import pytest
from conftest import PYTHON_FOLDER, create_picture
from PIL import Image

from bench.checkpoint import TINY, make_checkpoint

# Both engines load within a fifth of it.
PATIENCE_SECONDS = 120


def launch(script: str, *arguments: str, folder: Path) -> subprocess.Popen[str]:
    tests = PYTHON_FOLDER / "tests"
    return subprocess.Popen(
        [sys.executable, str(PYTHON_FOLDER / script), *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{PYTHON_FOLDER / 'test_engines'}:{tests / 'without_gpu'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(script: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    with launch(script, *arguments, folder=folder) as process:
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def stop(process: subprocess.Popen[str], number: signal.Signals, after: str) -> int:
    """Its exit code, when it gets the signal as soon as it prints `after`."""
    assert process.stdout
    with process:
        while after not in (line := process.stdout.readline()):
            assert line, "ended too early"
        process.send_signal(number)
        # Its output ends only when everybody who could write to it has.
        process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode


def generate(folder: Path, **options: str) -> subprocess.CompletedProcess[str]:
    asked = {"image": "a.jpg", "prompt": "slow zoom in", "output": "clip.mp4", "engine": "preview"} | options
    return run(
        "generate_video.py", *[f"--{name.replace('_', '-')}={value}" for name, value in asked.items()], folder=folder
    )


@pytest.fixture(scope="module")
def checkpoint() -> Iterator[Path]:
    with TemporaryDirectory(prefix="tiny-") as folder:
        yield make_checkpoint(Path(folder), TINY)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    create_picture(90, 120).save(tmp_path / "a.jpg")
    return tmp_path


def frames_of(clip: Path) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    with av.open(str(clip)) as container:
        return [np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8) for frame in container.decode(video=0)]


def test_a_clip_is_generated_by_a_real_model_and_its_stages_are_told(place: Path, checkpoint: Path) -> None:
    cells = np.random.default_rng(1).integers(40, 216, (6, 8, 3), dtype=np.uint8)
    mosaic = Image.fromarray(cells).resize((128, 96), Image.Resampling.NEAREST)
    mosaic.save(place / "a.png")
    done = generate(
        place,
        image="a.png",
        width="128",
        height="96",
        num_frames="9",
        seed="7",
        engine="diffusers",
        model=str(checkpoint),
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split(" s ")[-1] for line in done.stdout.splitlines()]
    assert lines[:-1] == [
        "loading diffusers",
        "encoding_prompt",
        "encoding_image",
        *(f"denoising {step}/3" for step in range(4)),
        *(f"decoding {step}/3" for step in range(4)),
        "encoding_video",
    ]
    size = (place / "clip.mp4").stat().st_size
    assert lines[-1].startswith(f"clip.mp4: 128x96, 9 frames, {size} bytes, seed 7, similarity 0.9")
    assert "denoising 0." in lines[-1]
    assert np.abs(frames_of(place / "clip.mp4")[0].astype(int) - np.asarray(mosaic)).mean() < 4


def test_a_size_and_length_that_the_model_cannot_make_become_the_nearest_and_it_says_so(place: Path) -> None:
    done = generate(place, width="720", height="1280", num_frames="7")
    assert done.returncode == 0, done.stderr
    size, frames, *_ = done.stdout.splitlines()
    assert size.startswith("Renders 704x1248 instead of 720x1280: both sides are multiples of 32")
    assert frames.startswith("Renders 9 frames instead of 7: the model makes 4k+1")
    pictures = frames_of(place / "clip.mp4")
    assert (len(pictures), pictures[0].shape) == (9, (1248, 704, 3))


def test_without_a_size_the_clip_has_the_pictures_shape_and_stands_upright(place: Path) -> None:
    sideways = create_picture(120, 90)
    exif = sideways.getexif()
    exif[0x0112] = 6
    sideways.save(place / "a.jpg", exif=exif, quality=95)
    done = generate(place, num_frames="5")
    assert done.returncode == 0, done.stderr
    (first, *_) = frames_of(place / "clip.mp4")
    upright = sideways.rotate(-90, expand=True).resize((first.shape[1], first.shape[0]))
    assert first.shape[0] > first.shape[1]
    assert np.abs(first.astype(int) - np.asarray(upright)).mean() < 6


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"image": "none.png"}, "Expected --image to be a file, found none at none.png."),
        ({"image": "text.png"}, "Expected a PNG, JPEG or WebP picture in text.png"),
        ({"image": "cut.jpg"}, "Expected a PNG, JPEG or WebP picture in cut.jpg"),
        ({"image": "huge.png"}, "Expected a picture of at most 64000000 pixels, got 10000x6401."),
        ({"image": "bomb.png"}, "Expected a PNG, JPEG or WebP picture in bomb.png"),
        ({"prompt": ""}, "Expected `prompt` of 1 to 1000 characters"),
        ({"width": "640"}, "Expected --width and --height together"),
        ({"width": "31", "height": "64"}, "Expected --width and --height of at least 32, got 31x64."),
        ({"width": "1280", "height": "128"}, "Expected a clip of at most 3:1, got 1280x128."),
        ({"width": "wide", "height": "64"}, "invalid int value: 'wide'"),
        ({"num_frames": "0"}, "Expected --num-frames of at least 1, got 0."),
        ({"seed": "-1"}, "Expected `seed` to be a whole number"),
        ({"output": "."}, "Expected --output to be a file, got the folder ."),
        ({"output": "a.jpg/clip.mp4"}, "Expected to be able to write a.jpg/clip.mp4"),
        ({"engine": "magic"}, "or module:function, got magic."),
        ({"executor": "ray"}, "Expected --executor with the engine fastvideo only, got it with preview."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(place: Path, options: dict[str, str], sentence: str) -> None:
    (place / "text.png").write_text("not a picture")
    (place / "cut.jpg").write_bytes((place / "a.jpg").read_bytes()[:400])
    if options.get("image") in {"huge.png", "bomb.png"}:
        size = (10_000, 6_401) if options["image"] == "huge.png" else (20_000, 10_000)
        Image.new("1", size).save(place / options["image"])
    done = generate(place, **options)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (place / "clip.mp4").exists()


@pytest.mark.parametrize(
    ("engine", "code"),
    [
        ("raises_in_load:create", "engine_not_loaded: The engine could not load: RuntimeError: no CUDA GPUs"),
        ("raises_in_render:create", "engine_error: The engine failed: KeyError"),
    ],
)
def test_a_failed_render_is_its_code_and_a_sentence(place: Path, engine: str, code: str) -> None:
    done = generate(place, engine=engine, width="64", height="96", num_frames="5", prompt="unnamed")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(code)
    assert not list(place.glob("clip*"))


@pytest.fixture(scope="module")
def starts(checkpoint: Path) -> Iterator[dict[str, subprocess.CompletedProcess[str]]]:
    """FastVideo started with whole weights and with a broken transformer; both at once, because each takes a while."""
    with TemporaryDirectory(prefix="broken-") as folder, ThreadPoolExecutor() as pool:
        broken = Path(folder, checkpoint.name)
        broken.mkdir()
        for part in checkpoint.iterdir():
            if part.name != "transformer":
                (broken / part.name).symlink_to(part)
        (broken / "transformer").mkdir()
        for file in (checkpoint / "transformer").iterdir():
            content = file.read_bytes() if file.suffix == ".json" else b"broken"
            (broken / "transformer" / file.name).write_bytes(content)
        started = {
            name: pool.submit(run, "test_fastvideo_init.py", "--model", str(model), folder=Path(folder))
            for name, model in [("whole", checkpoint), ("broken", broken)]
        }
        yield {name: done.result() for name, done in started.items()}


def test_an_engine_that_starts_is_called_working(starts: dict[str, subprocess.CompletedProcess[str]]) -> None:
    done = starts["whole"]
    assert done.returncode == 0, done.stderr
    success, working = done.stdout.splitlines()[-2:]
    assert success.startswith("✓ SUCCESS! Generator initialized in ")
    seconds = success.removeprefix("✓ SUCCESS! Generator initialized in ").removesuffix("s")
    assert len(seconds.partition(".")[2]) == 2
    assert float(seconds) > 0
    assert working == "✓ Multiprocessing executor is WORKING!"


def test_a_worker_that_signals_its_parent_in_trouble_is_survived_and_named(
    starts: dict[str, subprocess.CompletedProcess[str]],
) -> None:
    done = starts["broken"]
    assert done.returncode == 1
    assert "WorkerMultiprocProc failed to start" in done.stderr
    assert "✗ The engine fastvideo did not start" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--engine", "raises_in_load:create"], "did not start (gpu_not_seen). No NVIDIA GPU is to be seen from here."),
        (["--engine", "exits_in_load:create"], "Its process stopped with exit code 7."),
        (["--engine", "diffusers", "--model", "."], "did not start (weights_missing)."),
    ],
)
def test_an_engine_that_does_not_start_is_explained(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    done = run("test_fastvideo_init.py", *arguments, folder=tmp_path)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "SUCCESS" not in done.stdout


def test_a_render_that_is_stopped_leaves_nothing_half_written(place: Path) -> None:
    process = launch(
        "generate_video.py",
        *["--image", "a.jpg", "--prompt", "wait", "--output", "clip.mp4", "--engine", "hangs_in_render:create"],
        folder=place,
    )
    assert stop(process, signal.SIGTERM, after="decoding") == 128 + signal.SIGTERM
    assert not list(place.glob("clip*"))


def test_a_start_that_is_interrupted_leaves_no_process(tmp_path: Path) -> None:
    process = launch("test_fastvideo_init.py", "--engine", "never_loads:create", folder=tmp_path)
    assert stop(process, signal.SIGINT, after="Loading") == 128 + signal.SIGINT
