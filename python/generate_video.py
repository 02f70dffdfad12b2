"""Brings one picture to life from the terminal, with the same code as the render server."""

import argparse
import contextlib
import logging
import os
import secrets
import signal
import sys
import tempfile
from pathlib import Path

import msgspec
from PIL import Image, ImageOps

from render_server.bodies import BadRequestError, parse_body
from render_server.clip import ClipOrder, LoadedEngine, make_clip
from render_server.engine_process import describe
from render_server.engines import EngineSpec, RenderFailedError, create_pipeline
from render_server.operator_arguments import chosen_engine, create_parser
from render_server.pictures import MOST_PIXELS, flatten
from render_server.protocol import AnyEvent, Decoding, Denoising, RenderBody, RenderResult
from render_server.sizes import (
    FRAMES_PER_LATENT,
    LARGEST_AREA,
    LARGEST_SEED,
    MOST_EXTREME_ASPECT,
    MOST_FRAMES,
    SIZE_MULTIPLE,
    output_size,
    size_of_shape,
)

PICTURE_FORMATS = ["PNG", "JPEG", "WEBP"]

EXIT_RENDER_FAILED = 1


class WrongInputError(Exception):
    """The message is a sentence that says what was expected and what came."""


def main() -> int:
    parser = create_parser(__doc__ or "")
    parser.add_argument("--image", type=Path, required=True, help="a PNG, JPEG or WebP file")
    parser.add_argument("--prompt", required=True, help="how the picture moves")
    parser.add_argument("--negative-prompt", default="", help="what to keep out; engines without guidance ignore it")
    parser.add_argument("--output", type=Path, help="outputs/NAME-OF-THE-PICTURE.mp4 if left out; replaced if there")
    parser.add_argument("--width", type=int, help="with --height; the picture's own shape at 480p if both are left out")
    parser.add_argument("--height", type=int)
    parser.add_argument("--num-frames", type=int, default=MOST_FRAMES, help="24 are a second")
    parser.add_argument("--seed", type=int, help="the same seed makes the same clip; a random one if left out")
    args = parser.parse_args()
    spec = chosen_engine(parser, args)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s %(levelname)s %(message)s")
    # Its own account of every step would bury ours.
    os.environ.setdefault("FASTVIDEO_LOGGING_LEVEL", "WARNING")
    # As a container is stopped: leave by the way that removes what is half-written.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="generate-video-") as folder:
        try:
            picture = read_picture(args.image)
            body = possible_body(args, picture.size)
            clip = writable_clip(args.output or Path("outputs", f"{args.image.stem}.mp4"))
        except (WrongInputError, BadRequestError) as error:
            parser.error(str(error))
        image = Path(folder, body.image)
        picture.save(image, compress_level=1)
        try:
            result = render(spec, ClipOrder(body, image, clip))
        except RenderFailedError as error:
            print(f"{error.code}: {error}", file=sys.stderr)
            return EXIT_RENDER_FAILED
        except KeyboardInterrupt:
            return 128 + signal.SIGINT
    seconds = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in result.seconds.items())
    say(
        f"{clip}: {result.width}x{result.height}, {result.frames} frames, {result.bytes} bytes, seed {result.seed}, "
        f"similarity {result.similarity}, colour drift {result.colour_drift}, seconds: {seconds}"
    )
    return 0


def read_picture(path: Path) -> Image.Image:
    """RGB, upright."""
    try:
        if not path.is_file():
            raise WrongInputError(f"Expected --image to be a file, found none at {path}.")
        with Image.open(path, formats=PICTURE_FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise WrongInputError(
                    f"Expected a picture of at most {MOST_PIXELS} pixels, got {picture.width}x{picture.height}."
                )
            return flatten(ImageOps.exif_transpose(picture))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise WrongInputError(f"Expected a PNG, JPEG or WebP picture in {path}, got this: {error}.") from error


def possible_body(args: argparse.Namespace, picture: tuple[int, int]) -> RenderBody:
    """What is asked for, as near as the model can make it; says where that is something else."""
    width, height = possible_size(args, picture)
    body = RenderBody(
        image="picture.png",
        prompt=args.prompt,
        negative=args.negative_prompt,
        width=width,
        height=height,
        frames=possible_frames(args.num_frames),
        seed=secrets.randbelow(LARGEST_SEED + 1) if args.seed is None else args.seed,
    )
    return parse_body(msgspec.json.encode(body))


def possible_size(args: argparse.Namespace, picture: tuple[int, int]) -> tuple[int, int]:
    if args.width is None and args.height is None:
        try:
            return output_size(picture, "480p")
        except ValueError as error:
            raise WrongInputError(f"{error}. Give --width and --height to have it cropped.") from error
    if args.width is None or args.height is None:
        raise WrongInputError("Expected --width and --height together, got one of them.")
    asked = width, height = args.width, args.height
    if min(asked) < SIZE_MULTIPLE:
        raise WrongInputError(f"Expected --width and --height of at least {SIZE_MULTIPLE}, got {width}x{height}.")
    if max(asked) > MOST_EXTREME_ASPECT * min(asked):
        raise WrongInputError(f"Expected a clip of at most {MOST_EXTREME_ASPECT}:1, got {width}x{height}.")
    is_possible = width % SIZE_MULTIPLE == 0 and height % SIZE_MULTIPLE == 0 and width * height <= LARGEST_AREA
    if is_possible:
        return asked
    size = size_of_shape(asked, min(width * height, LARGEST_AREA))
    say(
        f"Renders {size[0]}x{size[1]} instead of {width}x{height}: both sides are multiples of {SIZE_MULTIPLE}, "
        f"and the largest area is {LARGEST_AREA} pixels."
    )
    return size


def possible_frames(asked: int) -> int:
    if asked < 1:
        raise WrongInputError(f"Expected --num-frames of at least 1, got {asked}.")
    nearest = FRAMES_PER_LATENT * max(1, (asked + 1) // FRAMES_PER_LATENT) + 1
    frames = min(nearest, MOST_FRAMES)
    if frames != asked:
        say(
            f"Renders {frames} frames instead of {asked}: "
            f"the model makes {FRAMES_PER_LATENT}k+1, from {FRAMES_PER_LATENT + 1} to {MOST_FRAMES}."
        )
    return frames


def writable_clip(path: Path) -> Path:
    """Found out now rather than after the model has been loaded."""
    if path.is_dir():
        raise WrongInputError(f"Expected --output to be a file, got the folder {path}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise WrongInputError(f"Expected to be able to write {path}: {error}.") from error


def render(spec: EngineSpec, order: ClipOrder) -> RenderResult:
    """Raises RenderFailedError, whatever went wrong."""
    say(f"loading {spec.name}")
    try:
        pipeline = create_pipeline(spec)
        loaded = pipeline.load()
    except Exception as error:
        raise RenderFailedError(
            "engine_not_loaded",
            f"{describe('could not load', error)}. What to do about it: test_fastvideo_init.py",
            retry=False,
        ) from error
    engine = LoadedEngine(spec.name, loaded.model, pipeline)
    try:
        result, _ = make_clip(engine, order, report, is_cancelled=lambda: False)
    except RenderFailedError:
        raise
    except Exception as error:
        raise RenderFailedError("engine_error", describe("failed", error), retry=True) from error
    return result


def report(event: AnyEvent) -> None:
    stage = type(event).__struct_config__.tag
    steps = f" {event.step}/{event.steps}" if isinstance(event, Denoising | Decoding) else ""
    say(f"{event.elapsed:.1f} s {stage}{steps}")


def say(line: str) -> None:
    # Whoever reads the lines may be gone; the clip is wanted all the same.
    with contextlib.suppress(BrokenPipeError):
        print(line, flush=True)


# FastVideo's worker imports this module again.
if __name__ == "__main__":
    sys.exit(main())
