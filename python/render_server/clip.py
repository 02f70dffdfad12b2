"""From an engine's frames to a finished clip: the one path that every engine's render takes."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from .colours import ColourDrift
from .engines import GpuMemory, Pipeline, RenderCancelledError, RenderFailedError, RenderOrder, Step
from .pictures import Picture
from .protocol import (
    AnyEvent,
    Decoding,
    Denoising,
    EncodingImage,
    EncodingPrompt,
    EncodingVideo,
    RenderBody,
    RenderResult,
)
from .similarity import LEAST_SIMILARITY, similarity_of_clip
from .sizes import FRAMES_PER_SECOND
from .video import ClipWriter


class Stopwatch:
    """Seconds since a render was accepted, and how they spread over its stages."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._started = self._entered = now()
        self._stage: str | None = None
        self._seconds: dict[str, float] = {}

    @property
    def elapsed(self) -> float:
        return round(self._now() - self._started, 3)

    def enter(self, stage: str) -> None:
        """Time since the last call belongs to the stage named then."""
        now = self._now()
        if self._stage:
            self._seconds[self._stage] = self._seconds.get(self._stage, 0) + now - self._entered
        self._stage, self._entered = stage, now

    def stop(self) -> dict[str, float]:
        if self._stage:
            self.enter(self._stage)
        return {stage: round(seconds, 3) for stage, seconds in self._seconds.items()}


@dataclass(frozen=True)
class LoadedEngine:
    name: str
    model: str
    pipeline: Pipeline


@dataclass(frozen=True)
class ClipOrder:
    """Render the picture in the file `image` as `body` asks into the file `clip`, which appears only when whole."""

    body: RenderBody
    image: Path
    clip: Path


def make_clip(
    engine: LoadedEngine, wanted: ClipOrder, report: Callable[[AnyEvent], None], is_cancelled: Callable[[], bool]
) -> tuple[RenderResult, GpuMemory]:
    """Raises RenderFailedError, RenderCancelledError, or whatever the engine raises."""
    body = wanted.body
    watch = Stopwatch()
    memory = GpuMemory(peak_bytes=0, free_bytes=0)
    picture = Picture(wanted.image, (body.width, body.height))
    order = RenderOrder(
        picture, body.prompt, body.negative, width=body.width, height=body.height, frames=body.frames, seed=body.seed
    )
    drift = ColourDrift(picture.pixels)
    part = wanted.clip.with_name(f"{wanted.clip.name}.part")
    try:
        with (
            ClipWriter(part, body.width, body.height) as writer,
            closing(engine.pipeline.render(order, is_cancelled)) as items,
        ):
            for item in items:
                if is_cancelled():
                    raise RenderCancelledError
                if isinstance(item, Step):
                    watch.enter(item.stage)
                    report(to_event(item, watch.elapsed))
                elif isinstance(item, GpuMemory):
                    memory = item
                else:
                    writer.write(item)
                    drift.watch(item)
            watch.enter("encoding_video")
            report(EncodingVideo(elapsed=watch.elapsed))
            if writer.frames != body.frames:
                raise RenderFailedError(
                    "frames_missing", f"Expected {body.frames} frames from the engine, got {writer.frames}.", retry=True
                )
            writer.finish()
        similarity = similarity_of_clip(part, picture.pixels)
        if similarity < LEAST_SIMILARITY:
            raise RenderFailedError(
                "picture_ignored",
                f"The clip does not begin with the picture: expected a similarity of {LEAST_SIMILARITY} or more, "
                f"got {similarity:.2f}.",
                retry=False,
            )
        if is_cancelled():
            raise RenderCancelledError
        size = part.stat().st_size
        part.replace(wanted.clip)
    finally:
        part.unlink(missing_ok=True)
    result = RenderResult(
        width=body.width,
        height=body.height,
        frames=body.frames,
        fps=FRAMES_PER_SECOND,
        bytes=size,
        seed=body.seed,
        seconds=watch.stop(),
        peak_gpu_bytes=memory.peak_bytes,
        similarity=round(similarity, 4),
        colour_drift=round(drift.value, 2),
        engine=engine.name,
        model=engine.model,
    )
    return result, memory


def to_event(step: Step, elapsed: float) -> AnyEvent:
    match step.stage:
        case "encoding_prompt":
            return EncodingPrompt(elapsed=elapsed)
        case "encoding_image":
            return EncodingImage(elapsed=elapsed)
        case "denoising":
            return Denoising(step=step.step, steps=step.steps, elapsed=elapsed)
        case "decoding":
            return Decoding(step=step.step, steps=step.steps, elapsed=elapsed)
