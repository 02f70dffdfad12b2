"""How long do the GPU engines take, stage by stage, against FastVideo as it comes?

From python/: python -m bench.engines

Prompts are fresh, so that their encoding counts, and clips are both easy to encode and grainy. The share of the floor
is what the model's products alone would take, of what the render took.

Makes a full-size checkpoint with random weights in --folder (24 GB) unless one is there, then runs each engine in a
process of its own, warm, from a picture on disk to a finished MP4 on disk, 121 frames. Random weights compute at the
speed of real ones; their clips are noise after the first frame.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from render_server.clip import ClipOrder, LoadedEngine, make_clip
from render_server.engines import Frames, RenderCancelledError, RenderOrder, create_pipeline, find_engine
from render_server.engines.wan.gpu import pick_device
from render_server.engines.wan.memory import GIB
from render_server.engines.wan.sampling import LatentShape
from render_server.pictures import Picture
from render_server.protocol import AnyEvent, Denoising, EngineLoaded, RenderBody, RenderResult

from .checkpoint import FOLDER_NAME, FULL, TINY, make_checkpoint
from .decoder import compare_decoders, compare_with_exact
from .floor import floor_of

SIZES = {"480p": (832, 480), "720p": (1280, 704)}
FRAMES = 121
DEVICE = pick_device()
PARTS = ["fastvideo-unmodified", "fastvideo-tuned", "fastvideo", "diffusers", "agreement", "decoder"]
PROMPT = "The camera moves slowly closer while leaves drift past in the wind."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "animate-bench")
    parser.add_argument("--engines", nargs="*", default=PARTS)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--soak", type=int, default=0, help="renders of 480p in a row, for leaks")
    parser.add_argument("--card", type=float, help="GiB: leave only that much of the GPU free, as on a smaller card")
    parser.add_argument("--tiny", action="store_true", help="a tiny model and size: does everything run?")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.part:
        run_part(args)
        return
    if not (args.folder / FOLDER_NAME / "model_index.json").exists():
        started = time.monotonic()
        make_checkpoint(args.folder, TINY if args.tiny else FULL, "cuda" if torch.cuda.is_available() else "cpu")
        print(f"checkpoint made in {time.monotonic() - started:.0f} s", flush=True)
    # Held for as long as this process lives; the engines run in others.
    _held = torch.empty(
        0 if args.card is None else free_bytes() - int(args.card * GIB), dtype=torch.uint8, device=DEVICE
    )
    for part in args.engines:
        flags = [*(["--tiny"] if args.tiny else []), "--soak", str(args.soak), "--repeats", str(args.repeats)]
        flags += ["--sizes", *args.sizes]
        command = [sys.executable, "-m", "bench.engines", "--part", part, "--folder", str(args.folder), *flags]
        log = args.folder / f"{part}.log"
        with (
            log.open("w") as file,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True) as run,
        ):
            assert run.stdout
            for line in run.stdout:
                # Libraries print too.
                (sys.stdout if line.startswith("| ") else file).write(line)
                sys.stdout.flush()
        if run.returncode:
            row(part, f"failed with {run.returncode}: see {log}")


def row(*cells: object) -> None:
    print("|", " | ".join(str(cell) for cell in cells), "|", flush=True)


def run_part(args: argparse.Namespace) -> None:
    sizes = {"tiny": (128, 96)} if args.tiny else {label: SIZES[label] for label in args.sizes}
    frames = 9 if args.tiny else FRAMES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = args.folder / FOLDER_NAME
        if args.part in {"fastvideo-unmodified", "fastvideo-tuned"}:
            run_unmodified(args, model, folder, sizes, frames)
        elif args.part == "agreement":
            measure_agreement(model, folder, sizes, frames)
        elif args.part == "decoder":
            for label, (width, height) in sizes.items():
                row("decoder", label, *compare_decoders(model, LatentShape.of_clip(width, height, frames)))
            # In 32 bits a longer or larger clip would have no room.
            width, height = next(iter(sizes.values()))
            row("decoder", *compare_with_exact(args.tiny, LatentShape.of_clip(width, height, min(frames, 17))))
        else:
            run_engine(args, model, folder, sizes, frames)


def create_picture(folder: Path, size: tuple[int, int]) -> Path:
    """One colour for each of the VAE's cells."""
    file = folder / f"{size[0]}x{size[1]}.png"
    cells = np.random.default_rng(7).integers(0, 256, (size[1] // 16, size[0] // 16, 3), dtype=np.uint8)
    Image.fromarray(cells).resize(size, Image.Resampling.NEAREST).save(file)
    return file


def run_engine(
    args: argparse.Namespace, model: Path, folder: Path, sizes: dict[str, tuple[int, int]], frames: int
) -> None:
    part = args.part
    started = time.monotonic()
    pipeline = create_pipeline(find_engine(part, str(model)))
    loaded = pipeline.load()
    row(part, "cold start", f"{time.monotonic() - started:.1f} s", loaded.memory)
    takes = count(1)
    grain = Grain(pipeline)
    engine = LoadedEngine(part, part, grain)

    def render(
        size: tuple[int, int], seed: int, report: Callable[[AnyEvent], None], is_cancelled: Callable[[], bool]
    ) -> tuple[RenderResult, float]:
        picture = create_picture(folder, size)
        body = RenderBody(
            image=picture.name,
            prompt=f"{PROMPT} Take {next(takes)}.",
            negative="",
            width=size[0],
            height=size[1],
            frames=frames,
            seed=seed,
        )
        began = time.monotonic()
        result, _ = make_clip(engine, ClipOrder(body, picture, folder / "clip.mp4"), report, is_cancelled)
        return result, time.monotonic() - began

    for label, size in sizes.items():
        result, first = render(size, 0, lambda _event: None, lambda: False)
        row(part, label, "first", f"{first:.2f} s", stages_of(result))
        floor = floor_of(LatentShape.of_clip(*size, frames)).seconds
        for grain.strength in (0, 8):
            told: list[float] = []
            took: list[float] = []

            def report(_event: AnyEvent, told: list[float] = told) -> None:
                told.append(time.monotonic())

            for repeat in range(1, args.repeats + 1):
                result, seconds = render(size, repeat, report, lambda: False)
                took.append(seconds)
            row(
                part,
                label,
                "grainy" if grain.strength else "easy",
                f"{statistics.median(took):.2f} s ({min(took):.2f} to {max(took):.2f})",
                f"{floor / statistics.median(took):.0%} of the floor",
                stages_of(result),
                f"peak {result.peak_gpu_bytes / 2**30:.1f} GiB",
                f"longest silence {max(after - before for before, after in pairwise(told)):.2f} s",
                f"similarity {result.similarity:.3f}",
                f"colour drift {result.colour_drift:.1f}",
                f"{result.bytes / 1e6:.1f} MB",
            )
        grain.strength = 0
    measure_cancel(part, sizes, render)
    if args.soak:
        soak(part, args.soak, lambda seed: render(next(iter(sizes.values())), seed, lambda _event: None, lambda: False))
    if hasattr(pipeline, "close"):
        pipeline.close()


def stages_of(result: RenderResult) -> str:
    return " ".join(f"{stage} {value:.2f}" for stage, value in result.seconds.items())


class Grain:
    """An engine whose frames are laid over with grain, because what a random transformer draws is easy to encode: to
    each pixel's brightness up to `strength` is added, which is a photograph's grain of half of it either way."""

    PATTERNS = 16

    def __init__(self, pipeline: Any) -> None:
        self.strength = 0
        self._pipeline = pipeline
        self._patterns: dict[tuple[int, int], Frames] = {}
        self._count = count()

    def load(self) -> EngineLoaded:
        loaded: EngineLoaded = self._pipeline.load()
        return loaded

    def render(self, order: RenderOrder, is_cancelled: Callable[[], bool]) -> Generator[Any]:
        for item in self._pipeline.render(order, is_cancelled):
            yield self._cover(item, order) if self.strength and isinstance(item, np.ndarray) else item

    def _cover(self, frames: Frames, order: RenderOrder) -> Frames:
        size = order.height, order.width
        if size not in self._patterns:
            random = np.random.default_rng(5)
            self._patterns[size] = random.integers(0, self.strength + 1, (self.PATTERNS, *size), dtype=np.uint8)
        covered = frames.copy()
        for frame in covered:
            # No brightness is above 235, so nothing overflows.
            frame[: order.height] += self._patterns[size][next(self._count) % self.PATTERNS]
        return covered


def measure_cancel(part: str, sizes: dict[str, tuple[int, int]], render: Callable[..., Any]) -> None:
    label, size = list(sizes.items())[-1]
    asked: list[float] = []

    def report(event: AnyEvent) -> None:
        # Just after a step, when the next one has the longest to go.
        if isinstance(event, Denoising) and event.step == 1:
            asked.append(time.monotonic())

    try:
        render(size, 0, report, lambda: bool(asked))
    except RenderCancelledError:
        row(part, label, "cancel", f"{time.monotonic() - asked[0]:.2f} s")


def soak(part: str, renders: int, render: Callable[[int], Any]) -> None:
    memory: list[tuple[int, int]] = []
    for number in range(renders):
        render(number)
        memory.append((gpu_bytes(), resident_bytes()))
    for name, index in [("GPU", 0), ("host", 1)]:
        early, late = memory[min(4, renders - 1)][index], memory[-1][index]
        row(part, f"{renders} renders", name, f"{early / 2**20:.0f} MiB after 5, {late / 2**20:.0f} MiB after all")


def gpu_bytes() -> int:
    """Used on the whole card, by whichever process: a worker's memory counts too."""
    return torch.cuda.mem_get_info()[1] - free_bytes() if DEVICE.type == "cuda" else 0


def free_bytes() -> int:
    return torch.cuda.mem_get_info()[0]


def resident_bytes() -> int:
    """Of this process and its children."""
    import psutil  # noqa: PLC0415

    process = psutil.Process()
    return sum(member.memory_info().rss for member in [process, *process.children(recursive=True)])


def measure_agreement(model: Path, folder: Path, sizes: dict[str, tuple[int, int]], frames: int) -> None:
    """The same weights, picture, prompt and seed in both engines: how far apart are the latents?"""
    engines = {name: create_pipeline(find_engine(name, str(model))) for name in ("fastvideo", "diffusers")}
    for engine in engines.values():
        engine.load()
    for label, (width, height) in sizes.items():
        picture = Picture(create_picture(folder, (width, height)), (width, height))
        order = RenderOrder(picture, PROMPT, "", width=width, height=height, frames=frames, seed=5)
        one, other = (engine.latents_of(order).float().cpu() for engine in engines.values())  # type: ignore[attr-defined]
        moving = (one - other)[:, 1:].norm() / other[:, 1:].norm()
        row(
            "agreement",
            label,
            f"relative difference of latents {moving:.4f}",
            f"{(one - other)[:, :1].norm():.4f} in the picture",
        )


def run_unmodified(
    args: argparse.Namespace, model: Path, folder: Path, sizes: dict[str, tuple[int, int]], frames: int
) -> None:
    """FastVideo's own path as far as frames in memory: its encoder is not counted. As it comes it has the settings of
    the operators' script; tuned it has what its documents advise, less FlashAttention, which it looks for
    in packages that have to be built. It takes the area of 480p whatever is asked, so 720p
    is asked for with the patch that operators use."""
    from fastvideo import VideoGenerator  # noqa: PLC0415

    is_tuned = args.part == "fastvideo-tuned"
    tuned = {"vae_precision": "bf16", "enable_torch_compile": True} if is_tuned else {}
    started = time.monotonic()
    # Everything on the GPU: FastVideo's defaults offload the transformer layer by layer, which is slower still.
    generator = VideoGenerator.from_pretrained(
        str(model),
        num_gpus=1,
        dit_cpu_offload=False,
        dit_layerwise_offload=False,
        text_encoder_cpu_offload=False,
        vae_cpu_offload=False,
        **tuned,
    )
    row(args.part, "cold start", f"{time.monotonic() - started:.1f} s")
    for label, (width, height) in sizes.items():
        generator.executor.collective_rpc(widen, kwargs={"area": width * height})
        took = []
        for repeat in range(args.repeats + 1):
            began = time.monotonic()
            result = generator.generate_video(
                prompt=f"{PROMPT} Take {repeat}.",
                image_path=str(create_picture(folder, (width, height))),
                output_path=str(folder),
                save_video=False,
                return_frames=True,
                height=height,
                width=width,
                num_frames=frames,
                seed=repeat + 1,
                **({"guidance_scale": 1.0} if is_tuned else {}),
            )
            took.append(time.monotonic() - began)
        made = result["frames"] if isinstance(result, dict) else result
        shape = np.asarray(made[0]).shape
        row(args.part, label, "first", f"{took[0]:.2f} s")
        row(args.part, label, f"{statistics.median(took[1:]):.2f} s", f"{len(made)} frames of {shape}")
    generator.shutdown()


def widen(_worker: Any, area: int) -> None:
    from fastvideo.pipelines.stages import input_validation  # noqa: PLC0415
    from fastvideo.utils import best_output_size  # noqa: PLC0415

    input_validation.best_output_size = lambda w, h, dw, dh, _area: best_output_size(w, h, dw, dh, area)


if __name__ == "__main__":
    main()
