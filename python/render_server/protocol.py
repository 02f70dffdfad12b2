"""What the server says and is told, as JSON. test/contract/render-server.json holds this and src/gpu to it."""

from enum import StrEnum
from typing import ClassVar

import msgspec


class Message(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Names are camelCase on the wire."""


class RenderBody(Message, frozen=True, forbid_unknown_fields=True):
    """What a render is asked for. `image` is the bare name of a normalised PNG in the inputs folder."""

    image: str
    prompt: str
    negative: str
    width: int
    height: int
    frames: int
    seed: int


class RenderResult(Message, frozen=True):
    """What came out. `seconds` is per stage; `similarity` is the SSIM of frame 0 to the picture,
    `colour_drift` how far the clip's colours wander from the picture's, as ColourDrift measures it."""

    width: int
    height: int
    frames: int
    fps: float
    bytes: int
    seed: int
    seconds: dict[str, float]
    peak_gpu_bytes: int
    similarity: float
    colour_drift: float
    engine: str
    model: str


class Event(Message, frozen=True, tag_field="stage"):
    """One line of a render's story. `elapsed` is seconds since the render was accepted."""

    elapsed: float
    is_last: ClassVar[bool] = False


class Loading(Event, frozen=True, tag="loading"):
    pass


class EncodingPrompt(Event, frozen=True, tag="encoding_prompt"):
    pass


class EncodingImage(Event, frozen=True, tag="encoding_image"):
    pass


class Denoising(Event, frozen=True, tag="denoising"):
    step: int
    steps: int


class Decoding(Event, frozen=True, tag="decoding"):
    step: int
    steps: int


class EncodingVideo(Event, frozen=True, tag="encoding_video"):
    pass


class Done(Event, frozen=True, tag="done"):
    result: RenderResult
    is_last: ClassVar[bool] = True


class Failed(Event, frozen=True, tag="failed"):
    """`message` is for people; `retry` says whether the same render can go better another time."""

    code: str
    message: str
    retry: bool
    is_last: ClassVar[bool] = True


AnyEvent = Loading | EncodingPrompt | EncodingImage | Denoising | Decoding | EncodingVideo | Done | Failed


class State(StrEnum):
    # The engine process is starting or loading its model; renders are refused.
    LOADING = "loading"
    # The next render starts at once.
    READY = "ready"
    # One render runs, or is being cancelled.
    BUSY = "busy"
    # The engine did not load, or keeps dying; nothing will change until the server is replaced.
    FAILED = "failed"


class Gpu(Message, frozen=True):
    """`architectures` are those the installed libraries were compiled for, such as sm_120."""

    name: str
    total_bytes: int
    free_bytes: int
    architectures: list[str]


class Problem(Message, frozen=True):
    """Something that went wrong, or a refusal: a stable code and a sentence for people."""

    code: str
    message: str


class Health(Message, frozen=True):
    """`memory` says in words what stays on the GPU and what is streamed to it."""

    state: State
    engine: str
    model: str
    executor: str
    memory: str | None
    gpu: Gpu | None
    render_id: str | None
    renders_done: int
    last_error: Problem | None
    pid: int


class Freed(StrEnum):
    # The engine stopped at its next step and is ready again.
    RELEASED = "released"
    # The engine did not stop in time and was killed; a fresh one is loading.
    RECYCLING = "recycling"
    # There was nothing to stop.
    NOT_RUNNING = "not_running"


class CancelAnswer(Message, frozen=True):
    freed: Freed
    seconds: float


# Between the server and its engine process, one JSON object a line.


class StartRender(Message, frozen=True, tag_field="say", tag="start"):
    id: str
    body: RenderBody


class CancelRender(Message, frozen=True, tag_field="say", tag="cancel"):
    id: str


class EngineLoaded(Message, frozen=True, tag_field="say", tag="loaded"):
    """As Health has it."""

    model: str
    executor: str
    memory: str | None = None
    gpu: Gpu | None = None


class EngineNotLoaded(Message, frozen=True, tag_field="say", tag="not_loaded"):
    """Sent just before the process exits."""

    problem: Problem


class RenderEvent(Message, frozen=True, tag_field="say", tag="event"):
    """`gpu` comes with the last event of a render, when free memory may have changed."""

    id: str
    event: AnyEvent
    gpu: Gpu | None = None


ToEngine = StartRender | CancelRender
FromEngine = EngineLoaded | EngineNotLoaded | RenderEvent
