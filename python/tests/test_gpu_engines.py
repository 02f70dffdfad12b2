"""The GPU engines, really loaded and really rendering, on a tiny checkpoint and the processor.

Pictures here are mosaics of the VAE's 16x16 cells, which the tiny VAE carries through unharmed.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np
import pytest
import torch
from conftest import Launch, Server
from PIL import Image

from bench.checkpoint import TINY, make_checkpoint, make_pair_checkpoint
from render_server.engines import (
    GpuMemory,
    RenderCancelledError,
    RenderOrder,
    Step,
    create_pipeline,
    find_engine,
)
from render_server.engines.wan.weights import find_weights
from render_server.pictures import Picture
from render_server.start_trouble import find_trouble

SIZE = (128, 96)
SMALL_CLIP: dict[str, Any] = {"width": SIZE[0], "height": SIZE[1], "frames": 9}


def create_mosaic(folder: Path, name: str, seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    cells = np.random.default_rng(seed).integers(40, 216, (SIZE[1] // 16, SIZE[0] // 16, 3), dtype=np.uint8)
    mosaic = Image.fromarray(cells).resize(SIZE, Image.Resampling.NEAREST)
    mosaic.save(folder / name)
    return np.asarray(mosaic)


@pytest.fixture(scope="module")
def checkpoint() -> Iterator[Path]:
    with TemporaryDirectory(prefix="tiny-") as folder:
        yield make_checkpoint(Path(folder), TINY)


@pytest.fixture(params=["diffusers", "fastvideo", "fastvideo-ray"])
async def server(request: pytest.FixtureRequest, launch: Launch, checkpoint: Path) -> Server:
    server = await launch(request.param, model=checkpoint)
    health = await server.until_state("ready", "failed")
    assert health["state"] == "ready", health
    return server


def frames_of(server: Server, name: str) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    with av.open(str(server.folder / "out" / f"{name}.mp4")) as container:
        return [np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8) for frame in container.decode(video=0)]


async def render(server: Server, name: str, **changes: Any) -> dict[str, Any]:
    await server.start(name, **(SMALL_CLIP | changes))
    events = await server.events(name)
    assert events[-1]["stage"] == "done", events[-1]
    return dict(events[-1]["result"])


async def test_the_clip_begins_with_the_members_picture_and_follows_it_when_it_changes(server: Server) -> None:
    for name, seed in [("one", 1), ("two", 2)]:
        mosaic = create_mosaic(server.folder / "in", f"{name}.png", seed)
        result = await render(server, name, image=f"{name}.png")
        assert result["similarity"] > 0.95
        frames = frames_of(server, name)
        assert len(frames) == 9
        assert np.abs(frames[0].astype(int) - mosaic).mean() < 4
        # Whatever the random transformer makes of it, it moves.
        assert np.abs(frames[-1].astype(int) - mosaic).mean() > 8


async def test_a_render_tells_its_steps_and_can_be_made_again_from_its_seed(server: Server) -> None:
    create_mosaic(server.folder / "in", "a.png", 1)
    await server.start("first", **SMALL_CLIP)
    events = await server.events("first")
    told = [(event["stage"], event.get("step"), event.get("steps")) for event in events]
    assert told == [
        ("encoding_prompt", None, None),
        ("encoding_image", None, None),
        *(("denoising", step, 3) for step in range(4)),
        *(("decoding", step, 3) for step in range(4)),
        ("encoding_video", None, None),
        ("done", None, None),
    ]
    await render(server, "again")
    await render(server, "other-seed", seed=8)
    await render(server, "other-prompt", prompt="something else entirely")
    first, again, seed, prompt = (
        np.stack(frames_of(server, name)).astype(int) for name in ("first", "again", "other-seed", "other-prompt")
    )
    assert np.abs(first - again).mean() < 0.05
    assert np.abs(first - seed).mean() > 2
    assert np.abs(first - prompt).mean() > 0.05


async def test_a_cancelled_render_frees_the_engine_for_the_next(server: Server) -> None:
    create_mosaic(server.folder / "in", "a.png", 1)
    # The first steps of an engine without a warm-up are long ones.
    await render(server, "first")
    await server.start("long", **(SMALL_CLIP | {"frames": 121}))
    await server.until_stage("long", "decoding")
    answer = (await server.client.delete("/renders/long")).json()
    assert answer["freed"] == "released"
    assert (await server.events("long"))[-1]["code"] == "cancelled"
    await render(server, "next")


async def test_the_undistilled_weights_begin_with_the_members_picture_too(launch: Launch, checkpoint: Path) -> None:
    server = await launch("diffusers-best", model=checkpoint)
    await server.until_state("ready")
    mosaic = create_mosaic(server.folder / "in", "a.png", 1)
    assert (await render(server, "a"))["similarity"] > 0.95
    assert np.abs(frames_of(server, "a")[0].astype(int) - mosaic).mean() < 4


@pytest.mark.parametrize(("engine", "steps"), [("diffusers-best", 50), ("diffusers-a14b", 40)])
def test_an_engine_with_guidance_takes_its_steps_and_heeds_what_the_member_does_not_want(
    engine: str, steps: int, checkpoint: Path, tmp_path: Path
) -> None:
    model = checkpoint if engine == "diffusers-best" else make_pair_checkpoint(tmp_path)
    pipeline = create_pipeline(find_engine(engine, str(model)))
    pipeline.load()
    for name, seed in [("one", 1), ("two", 2)]:
        create_mosaic(tmp_path, f"{name}.png", seed)

    def clip(picture: str = "one", negative: str = "", seed: int = 3) -> np.ndarray[Any, np.dtype[np.uint8]]:
        order = RenderOrder(
            Picture(tmp_path / f"{picture}.png", SIZE), "a prompt", negative, *SIZE, frames=9, seed=seed
        )
        yielded = list(pipeline.render(order, lambda: False))
        denoising = [item.step for item in yielded if isinstance(item, Step) and item.stage == "denoising"]
        assert denoising == list(range(steps + 1))
        frames = np.concatenate([item for item in yielded if isinstance(item, np.ndarray)])
        assert len(frames) == 9
        return frames

    first = clip()
    assert (clip() == first).all()
    for other in (clip(negative="blurred, dull"), clip(seed=4), clip(picture="two")):
        assert (other != first).mean() > 0.1


async def test_a_clip_that_is_not_the_members_picture_fails_and_says_so(
    launch: Launch, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_CHECKPOINT", str(checkpoint))
    server = await launch("ignores_the_picture:create")
    await server.until_state("ready")
    create_mosaic(server.folder / "in", "a.png", 1)
    await server.start("a", **SMALL_CLIP)
    assert (await server.events("a"))[-1]["code"] == "picture_ignored"


@pytest.mark.parametrize("engine", ["diffusers", "fastvideo"])
async def test_weights_that_are_not_there_are_a_sentence_not_a_hang(
    engine: str, launch: Launch, tmp_path: Path
) -> None:
    server = await launch(engine, model=tmp_path)
    health = await server.until_state("failed")
    assert health["lastError"]["code"] == "engine_not_loaded"
    assert "found no model_index.json" in health["lastError"]["message"]


def test_a_folder_that_is_not_there_is_not_taken_for_a_name_to_download(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"Expected a folder with the model at .*nowhere, found none"):
        find_weights(str(tmp_path / "nowhere"))


@pytest.mark.filterwarnings("ignore")
def test_both_engines_make_the_same_latents(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # FastVideo's worker is a process of its own.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "without_gpu"))
    create_mosaic(tmp_path, "a.png", 1)
    order = RenderOrder(
        Picture(tmp_path / "a.png", SIZE), "a prompt", "", width=SIZE[0], height=SIZE[1], frames=17, seed=3
    )
    latents = []
    for name in ("diffusers", "fastvideo"):
        pipeline: Any = create_pipeline(find_engine(name, str(checkpoint)))
        pipeline.load()
        latents.append(pipeline.latents_of(order).float())
        if name == "fastvideo":
            pipeline.close()
    one, other = latents
    assert torch.allclose(one[:, 0], other[:, 0], atol=1e-3)
    # FastVideo computes in bfloat16: three digits.
    assert (one - other).norm() / other.norm() < 0.01
    assert one.std() > 0.5


@pytest.mark.filterwarnings("ignore")
def test_a_cancel_that_comes_when_the_clip_is_rendered_leaves_the_next_render_alone(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # FastVideo's worker is a process of its own.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "without_gpu"))
    create_mosaic(tmp_path, "a.png", 1)
    order = RenderOrder(Picture(tmp_path / "a.png", SIZE), "a prompt", "", *SIZE, frames=9, seed=3)
    pipeline: Any = create_pipeline(find_engine("fastvideo", str(checkpoint)))
    pipeline.load()
    try:
        cancelled = pipeline.render(order, lambda: False)
        # The last that the worker has to say; whoever leaves now abandons a render that is over.
        while not isinstance(next(cancelled), GpuMemory):
            pass
        cancelled.close()
        frames = [item for item in pipeline.render(order, lambda: False) if isinstance(item, np.ndarray)]
        assert sum(map(len, frames)) == 9
        with pytest.raises(RenderCancelledError):
            list(pipeline.render(order, lambda: True))
    finally:
        pipeline.close()


@pytest.mark.filterwarnings("ignore")
def test_a_worker_that_fails_before_it_connects_fails_the_load_in_its_words(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FailingGenerator:
        executor: Any = None

        def collective_rpc(self, *_args: Any, **_kwargs: Any) -> None:
            raise RuntimeError("This PyTorch has no kernels for this card")

    def from_pretrained(*_args: Any, **_kwargs: Any) -> FailingGenerator:
        generator = FailingGenerator()
        generator.executor = generator
        return generator

    monkeypatch.setattr("fastvideo.VideoGenerator.from_pretrained", from_pretrained)
    pipeline = create_pipeline(find_engine("fastvideo", str(checkpoint)))
    with pytest.raises(RuntimeError, match="no kernels for this card"):
        pipeline.load()


@pytest.mark.filterwarnings("ignore")
def test_without_ray_its_engine_says_what_to_install(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = create_pipeline(find_engine("fastvideo-ray", str(checkpoint)))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(RuntimeError, match="Expected Ray, which the engine fastvideo-ray needs, found none") as raised:
        pipeline.load()
    assert find_trouble(str(raised.value)).code == "ray_missing"
