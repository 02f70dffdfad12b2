"""May this card render faster than exactly? Renders each picture of a folder with the same seed in exact and in another
precision, measures how far the two clips are apart, and says yes or no; a contact sheet is there to look at."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from .clip_differences import Differences, colour_distance, compare_decoders, lost_similarity
from .engines import Frames, RenderFailedError, RenderOrder
from .operator_arguments import chosen_engine, create_parser
from .pictures import Picture, open_picture
from .sizes import MOST_FRAMES, RESOLUTION_AREAS, output_size

if TYPE_CHECKING:
    import torch

EXIT_NO = 1
EXIT_NOT_MEASURED = 3

# They share their transformer and their decoder, and this one shows its latents.
MEASURED_ENGINE = "diffusers"
FEW_STEPS = {"fastvideo", "fastvideo-ray", "diffusers"}

PROMPT = "The camera moves slowly closer while everything that can move stirs in a light wind."

THUMBNAIL_WIDTH = 256
# How much brighter a difference is shown.
DIFFERENCE_GAIN = 8


@dataclass(frozen=True)
class Limit:
    """The worst that is let through of one field of Differences."""

    field: str
    words: str
    unit: str
    bound: float
    is_least: bool = False

    def holds(self, value: float | None) -> bool:
        return value is not None and (value >= self.bound if self.is_least else value <= self.bound)

    def worst(self, values: list[float]) -> float | None:
        return (min if self.is_least else max)(values, default=None)


LIMITS = [
    Limit("latents", "latents, apart", "%", 10.0),
    Limit("decoder", "decoder on the same latents, PSNR", " dB", 42.0, is_least=True),
    Limit("banding", "banding in flat areas", " levels", 0.5),
    Limit("flicker", "flicker between frames", " levels", 0.5),
    Limit("similarity", "likeness to the picture in frame 0, lost", "", 0.01),
    Limit("colour", "colours, apart", " of CIELAB", 1.0),
]


@dataclass(frozen=True)
class Made:
    latents: torch.Tensor
    frames: Frames


@dataclass(frozen=True)
class Measured:
    order: RenderOrder
    exact: Frames
    fast: Frames
    differences: Differences


def main() -> int:
    parser = create_parser(__doc__ or "")
    parser.add_argument("--pictures", type=Path, required=True, help="a folder with PNG files, better twenty than two")
    parser.add_argument("--precision", required=True, help="what is compared with exact")
    parser.add_argument("--sheet", type=Path, required=True, help="where the contact sheet goes, a PNG file")
    parser.add_argument("--resolution", choices=RESOLUTION_AREAS, default="480p")
    args = parser.parse_args()
    spec = chosen_engine(parser, args)
    if spec.name not in FEW_STEPS:
        parser.error(f"Expected an engine that takes few steps, {', '.join(sorted(FEW_STEPS))}, got {spec.name}.")
    try:
        orders = create_orders(args)
        measured = list(measure(orders, lambda: create_engine(spec.model), args.precision))
    except (RenderFailedError, FileNotFoundError, ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return EXIT_NOT_MEASURED
    draw_sheet(measured).save(args.sheet, format="PNG")
    verdict = judge(measured)
    for line in verdict.lines:
        print(line)
    print(f"{'yes' if verdict.is_yes else 'no'}: {args.precision}; look at {args.sheet}", flush=True)
    return 0 if verdict.is_yes else EXIT_NO


def create_orders(args: argparse.Namespace) -> list[RenderOrder]:
    files = sorted(args.pictures.glob("*.png"))
    if not files:
        raise FileNotFoundError(f"Expected PNG files in {args.pictures}, found none.")
    orders = []
    for seed, file in enumerate(files, start=1):
        width, height = output_size(open_picture(file).size, args.resolution)
        picture = Picture(file, (width, height))
        orders.append(RenderOrder(picture, PROMPT, "", width=width, height=height, frames=MOST_FRAMES, seed=seed))
    return orders


def create_engine(model: str) -> Any:
    from .engines import create_pipeline, find_engine  # noqa: PLC0415 - PyTorch is loaded after the arguments were read

    return create_pipeline(find_engine(MEASURED_ENGINE, model))


def measure(orders: list[RenderOrder], create: Callable[[], Any], precision: str) -> Iterator[Measured]:
    """One engine after the other: two would not fit on one card. The exact clips wait in ordinary memory."""
    from .engines.wan.precision import EXACT, find_precision  # noqa: PLC0415

    wanted = find_precision(precision)
    engine = load(create, EXACT)
    exact = []
    for order in orders:
        exact.append(make(engine, order))
        print(f"{order.picture.path.name}: exact", flush=True)
    del engine
    forget()
    engine = load(create, wanted)
    for order, reference in zip(orders, exact, strict=True):
        same_latents = frames_of(engine, reference.latents)
        fast = make(engine, order)
        differences = compare(order, reference, same_latents, fast)
        print(f"{order.picture.path.name}: {describe(differences)}", flush=True)
        yield Measured(order, reference.frames, fast.frames, differences)


def load(create: Callable[[], Any], precision: Any) -> Any:
    engine = create()
    engine.precision = precision
    engine.load()
    return engine


def forget() -> None:
    import torch  # noqa: PLC0415

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def make(engine: Any, order: RenderOrder) -> Made:
    latents = engine.latents_of(order)
    return Made(latents.float().cpu(), frames_of(engine, latents))


def frames_of(engine: Any, latents: torch.Tensor) -> Frames:
    return np.concatenate([chunk.cpu().numpy() for chunk in engine.frames_of(latents.to(engine.device))])


def compare(order: RenderOrder, exact: Made, same_latents: Frames, fast: Made) -> Differences:
    # The first latent frame is the picture's in both.
    one, other = exact.latents[:, 1:], fast.latents[:, 1:]
    psnr, banding, flicker = compare_decoders(exact.frames, same_latents)
    return Differences(
        latents=100 * float((other - one).norm() / one.norm().clamp_min(1e-9)),
        decoder=psnr,
        banding=banding,
        flicker=flicker,
        similarity=lost_similarity(order.picture.pixels, exact.frames, fast.frames),
        colour=colour_distance(exact.frames, fast.frames),
    )


def describe(differences: Differences) -> str:
    cells = [(limit, getattr(differences, limit.field)) for limit in LIMITS]
    return ", ".join(f"{limit.field} {'-' if value is None else f'{value:.3g}{limit.unit}'}" for limit, value in cells)


@dataclass(frozen=True)
class Verdict:
    is_yes: bool
    lines: list[str]


def judge(measured: list[Measured]) -> Verdict:
    """By the worst of all pictures."""
    lines, holds = [], []
    for limit in LIMITS:
        values = [getattr(each.differences, limit.field) for each in measured]
        worst = limit.worst([value for value in values if value is not None])
        holds.append(limit.holds(worst))
        told = (
            "not seen, because no picture has a flat area: add one with sky or a wall"
            if worst is None
            else f"{worst:.3g}{limit.unit}, asked for {'at least' if limit.is_least else 'at most'} {limit.bound:g}"
        )
        lines.append(f"{'✓' if holds[-1] else '✗'} {limit.words}: {told}")
    return Verdict(all(holds), lines)


def draw_sheet(measured: list[Measured]) -> Image.Image:
    """A row for each picture: the first, the middle and the last frame, each exact, faster, and their difference."""
    rows = []
    for each in measured:
        places = [0, len(each.exact) // 2, len(each.exact) - 1]
        rows.append([shown for at in places for shown in show(each.exact[at], each.fast[at])])
    heights = [row[0].height for row in rows]
    sheet = Image.new("RGB", (THUMBNAIL_WIDTH * len(rows[0]), sum(heights)))
    for number, row in enumerate(rows):
        for column, shown in enumerate(row):
            sheet.paste(shown, (column * THUMBNAIL_WIDTH, sum(heights[:number])))
    return sheet


def show(exact: Frames, fast: Frames) -> list[Image.Image]:
    apart = np.abs(exact.astype(np.int16) - fast).clip(0, 255 // DIFFERENCE_GAIN).astype(np.uint8) * DIFFERENCE_GAIN
    height = round(THUMBNAIL_WIDTH * exact.shape[0] / exact.shape[1])
    return [Image.fromarray(each).resize((THUMBNAIL_WIDTH, height)) for each in (exact, fast, apart)]


if __name__ == "__main__":
    sys.exit(main())
