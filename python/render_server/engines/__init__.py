"""The seam for engines: what one is given, what it yields, and which ones there are."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol, cast

if TYPE_CHECKING:
    # Never at run time: it starts threads, and a server is to be shut in as one thread.
    import numpy as np
    from numpy.typing import NDArray

    from render_server.pictures import Picture
    from render_server.protocol import EngineLoaded

# The clip's next n >= 1 frames, 8 bits: RGB, shaped (n, height, width, 3); or, from an engine that converts them faster
# than the encoder could, BT.709 4:2:0 in limited range, shaped (n, height * 3 / 2, width), its planes below each other.
if TYPE_CHECKING:
    Frames = NDArray[np.uint8]
else:
    Frames = object


class RenderFailedError(Exception):
    """The render cannot be finished, for a reason that has a name. The engine stays up for the next one."""

    def __init__(self, code: str, message: str, *, retry: bool) -> None:
        super().__init__(message)
        self.code = code
        self.retry = retry


class RenderCancelledError(Exception):
    """Raised to leave a render that nobody wants any more."""


@dataclass(frozen=True)
class RenderOrder:
    """One clip to make: `frames` frames of `width` x `height`, of which the first shows `picture.fitted`."""

    picture: Picture
    prompt: str
    negative: str
    width: int
    height: int
    frames: int
    seed: int


@dataclass(frozen=True)
class Step:
    """How far a render is. A stage with steps is yielded as step 0 of n when it starts, then after each step."""

    stage: Literal["encoding_prompt", "encoding_image", "denoising", "decoding"]
    step: int = 0
    steps: int = 0


@dataclass(frozen=True)
class GpuMemory:
    """Bytes of one GPU. The latest one yielded is reported with the render."""

    peak_bytes: int
    free_bytes: int


class Pipeline(Protocol):
    """One engine, living in a process of its own. Both methods are called on its main thread, one call at a time.

    Whatever `load` raises is fatal: the process exits. RenderFailedError from `render` fails that render with its code;
    any other exception fails it as `engine_error`. If the engine cannot go on after that, it exits the process.
    """

    def load(self) -> EngineLoaded:
        """Make everything ready for the first render, and say what was loaded."""
        ...

    def render(self, order: RenderOrder, is_cancelled: Callable[[], bool]) -> Generator[Step | Frames | GpuMemory]:
        """Yield steps as they happen and frames in order, as early as they exist.

        Between yields the caller may close the generator because of a cancel. An engine whose steps take longer than a
        few hundred milliseconds asks `is_cancelled` inside them and raises RenderCancelledError: one that does not stop
        within a second is killed, and loading again is slow.
        """
        ...


@dataclass(frozen=True)
class EngineSpec:
    """`factory` is `module:function`, which returns a Pipeline; only the engine process imports it. One that has
    weights is called with `model`: a folder, or a repository's name in the cache."""

    name: str
    factory: str
    model: str
    executor: str
    has_weights: bool = False


FASTWAN = "FastVideo/FastWan2.2-TI2V-5B-FullAttn-Diffusers"
DIFFUSERS = "render_server.engines.diffusers"
FASTVIDEO = "render_server.engines.fastvideo"


ENGINES = {
    spec.name: spec
    for spec in [
        EngineSpec("preview", "render_server.engines.preview:create_pipeline", model="preview", executor="process"),
        EngineSpec("fastvideo", f"{FASTVIDEO}:create_mp_pipeline", FASTWAN, executor="mp", has_weights=True),
        EngineSpec("fastvideo-ray", f"{FASTVIDEO}:create_ray_pipeline", FASTWAN, executor="ray", has_weights=True),
        EngineSpec("diffusers", f"{DIFFUSERS}:create_fast_pipeline", FASTWAN, executor="process", has_weights=True),
        EngineSpec(
            "diffusers-best",
            f"{DIFFUSERS}:create_best_pipeline",
            "Wan-AI/Wan2.2-TI2V-5B-Diffusers",
            executor="process",
            has_weights=True,
        ),
        EngineSpec(
            "diffusers-a14b",
            f"{DIFFUSERS}:create_offloaded_pipeline",
            "Wan-AI/Wan2.2-I2V-A14B-Diffusers",
            executor="process",
            has_weights=True,
        ),
    ]
}


def find_engine(name: str, model: str | None = None) -> EngineSpec:
    """The engine of that name, or one given as `module:function`; `model` replaces its weights. Raises ValueError for
    a name that is neither, and for weights where there are none."""
    if name in ENGINES:
        spec = ENGINES[name]
        if model and not spec.has_weights:
            raise ValueError(f"Expected no model for the engine {name}, which has no weights, got {model}")
        return replace(spec, model=model or spec.model)
    if ":" in name:
        return EngineSpec(name, factory=name, model=name, executor="process")
    raise ValueError(f"Expected one of {', '.join(ENGINES)}, or module:function, got {name}")


def create_pipeline(spec: EngineSpec) -> Pipeline:
    module, _, function = spec.factory.partition(":")
    factory = getattr(importlib.import_module(module), function)
    return cast(Pipeline, factory(spec.model) if spec.has_weights else factory())
