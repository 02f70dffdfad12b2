"""What is the engine doing, and what became of each render? Owns the state; knows nothing of HTTP."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import msgspec

from .engine_link import EngineLink
from .engines import EngineSpec
from .gpu_watch import find_gpu_trouble
from .protocol import (
    CancelAnswer,
    CancelRender,
    Done,
    EngineLoaded,
    EngineNotLoaded,
    Freed,
    FromEngine,
    Health,
    Problem,
    RenderBody,
    RenderEvent,
    StartRender,
    State,
)
from .render import Render

RENDERS_KEPT = 64

# How long a cancelled engine may take to reach its next step. Less than a worker waits for the answer (src/gpu/run.ts),
# and far less than it takes to load the model again, which is what killing it costs.
CANCEL_SECONDS = 4.0

# Renders that one engine process makes before a fresh one takes over, and how much its memory may grow meanwhile.
# Against leaks that nobody knows of yet.
RENDERS_PER_ENGINE = 200
MOST_GROWTH_BYTES = 4 * 2**30

# How often the GPU is asked for while nothing is rendered.
GPU_CHECK_SECONDS = 5

# An engine that dies this often without finishing a render will not get better by starting it once more.
MOST_DEATHS_IN_A_ROW = 3

log = logging.getLogger("render_server")


class RefusedError(Exception):
    """A request that cannot be granted now, or ever: its HTTP status, a stable code, and a sentence."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Wear:
    """When an engine process is replaced although it works; 0 is never."""

    renders: int = RENDERS_PER_ENGINE
    growth_bytes: int = MOST_GROWTH_BYTES


class Runner:
    def __init__(self, spec: EngineSpec, inputs: Path, outputs: Path, wear: Wear = Wear()) -> None:
        self._spec = spec
        self._wear = wear
        self._inputs = inputs
        self._outputs = outputs
        self._state = State.LOADING
        self._loaded = EngineLoaded(model=spec.model, executor=spec.executor)
        self._link: EngineLink | None = None
        # Oldest first. At most one of them runs: `_current`.
        self._renders: dict[str, Render] = {}
        self._current: Render | None = None
        self._renders_done = 0
        # Of the present engine process: renders that came to an end, and its memory after the first of them.
        self._renders_ended = 0
        self._bytes_at_first = 0
        self._is_retiring = False
        self._deaths_in_a_row = 0
        self._last_error: Problem | None = None
        self._last_contact = time.monotonic()
        self._open_contacts = 0

    @property
    def health(self) -> Health:
        return Health(
            state=self._state,
            engine=self._spec.name,
            model=self._loaded.model,
            executor=self._loaded.executor,
            memory=self._loaded.memory,
            gpu=self._loaded.gpu,
            render_id=self._current.id if self._current else None,
            renders_done=self._renders_done,
            last_error=self._last_error,
            pid=os.getpid(),
        )

    def put(self, render_id: str, body: RenderBody) -> bool:
        """Start a render, or rejoin the one that has this id. True if it was started. Raises RefusedError."""
        known = self._renders.get(render_id)
        if known and self._is_worth_rejoining(known):
            if known.body != body:
                raise RefusedError(
                    HTTPStatus.CONFLICT, "different_request", f"The id {render_id} was given to a different request."
                )
            return False
        if self._current:
            raise RefusedError(
                HTTPStatus.CONFLICT, "busy", f"This engine is rendering {self._current.id}; one render at a time."
            )
        if self._state is not State.READY or not self._link:
            problem = "is still loading" if self._state is State.LOADING else "failed and has to be replaced"
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", f"The engine {problem}.")
        self._renders.pop(render_id, None)
        self._renders[render_id] = self._current = Render(render_id, body)
        for oldest in list(self._renders)[:-RENDERS_KEPT]:
            del self._renders[oldest]
        self._state = State.BUSY
        self._link.say(StartRender(id=render_id, body=body))
        log.info("render %s started", render_id)
        return True

    def find(self, render_id: str) -> Render:
        if render := self._renders.get(render_id):
            return render
        raise RefusedError(HTTPStatus.NOT_FOUND, "unknown_render", f"No render {render_id} here.")

    async def cancel(self, render_id: str) -> CancelAnswer:
        """Stop a render at its next step, or else kill its engine; answers when the engine's memory is free."""
        started = time.monotonic()
        render, link = self.find(render_id), self._link
        if render is not self._current or not link:
            return CancelAnswer(freed=Freed.NOT_RUNNING, seconds=0)
        render.is_cancelling = True
        link.say(CancelRender(id=render_id))
        try:
            await asyncio.wait_for(render.finished.wait(), CANCEL_SECONDS)
        except TimeoutError:
            log.warning("render %s did not stop within %s s; killing its engine", render_id, CANCEL_SECONDS)
            link.kill()
            await render.finished.wait()
        freed = Freed.RELEASED if self._link is link else Freed.RECYCLING
        return CancelAnswer(freed=freed, seconds=round(time.monotonic() - started, 3))

    @contextmanager
    def contact(self) -> Iterator[None]:
        """Somebody is interested in this server for as long as the context lasts."""
        self._open_contacts += 1
        try:
            yield
        finally:
            self._open_contacts -= 1
            self._last_contact = time.monotonic()

    async def wait_until_orphaned(self, orphan_seconds: float) -> None:
        """Returns when nobody asked for anything for that long and no render runs."""
        while True:
            is_wanted = self._open_contacts or self._current
            left = orphan_seconds if is_wanted else self._last_contact + orphan_seconds - time.monotonic()
            if left <= 0:
                return
            await asyncio.sleep(min(left, 1))

    async def _watch_gpu(self) -> None:
        """Returns when the GPU is gone, which no fresh engine in this container can mend. Never during a render."""
        while True:
            await asyncio.sleep(GPU_CHECK_SECONDS)
            if self._state is not State.READY or not self._loaded.gpu or not self._link:
                continue
            link, trouble = self._link, await find_gpu_trouble()
            # One that has taken a render meanwhile is let go on: what it holds of the GPU mostly stays.
            if trouble and self._state is State.READY and self._link is link:
                log.error("the GPU is gone: %s", trouble)
                self._state = State.FAILED
                self._last_error = Problem(code="gpu_lost", message=f"The GPU is gone: {trouble}.")
                link.kill()
                return

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """Keeps an engine for as long as the context lasts; the task ends early only when there will be no more."""
        engine = asyncio.create_task(self._keep_engine())
        gpu_watch = asyncio.create_task(self._watch_gpu())
        try:
            yield engine
        finally:
            gpu_watch.cancel()
            engine.cancel()
            with suppress(asyncio.CancelledError):
                await engine

    def stop_renders(self) -> None:
        """Say to everybody who waits that nothing more will come."""
        self._finish_render(code="server_stopped", message="The render server was stopped in the middle of the render.")

    async def _keep_engine(self) -> None:
        while self._state is not State.FAILED:
            self._state = State.LOADING
            link = self._link = await EngineLink.start(self._spec, self._inputs, self._outputs)
            self._renders_ended = 0
            log.info("engine %s loads in process %d", self._spec.name, link.pid)
            try:
                async for message in link.messages():
                    self._take(message)
                how = await link.end()
            except BaseException:
                # Mostly a cancel: the engine must not outlive the server.
                link.kill()
                await link.end()
                raise
            self._take_death(how)

    def _take(self, message: FromEngine) -> None:
        match message:
            case EngineLoaded():
                self._loaded = message
                self._state = State.READY
                log.info("engine %s is ready", self._spec.name)
            case EngineNotLoaded():
                self._last_error = message.problem
            case RenderEvent():
                self._take_event(message)

    def _take_event(self, message: RenderEvent) -> None:
        if not self._current or self._current.id != message.id:
            return
        render, event = self._current, message.event
        if event.is_last:
            self._current = None
            self._state = State.READY
            self._last_contact = time.monotonic()
            self._loaded = msgspec.structs.replace(self._loaded, gpu=message.gpu)
            log.info("render %s %s", render.id, "is done" if isinstance(event, Done) else "failed")
            self._retire_if_worn()
        if isinstance(event, Done):
            self._renders_done += 1
            self._deaths_in_a_row = 0
            self._last_error = None
        render.add(event)

    def _retire_if_worn(self) -> None:
        """Before anybody hears that the render has ended, so that none is sent to an engine that is about to go."""
        assert self._link
        self._renders_ended += 1
        held = self._link.resident_bytes()
        if self._renders_ended == 1:
            self._bytes_at_first = held
        grown = held - self._bytes_at_first
        if self._wear.renders and self._renders_ended >= self._wear.renders:
            reason = f"it has made {self._renders_ended} renders"
        elif self._wear.growth_bytes and grown > self._wear.growth_bytes:
            reason = f"its memory grew by {grown / 2**20:.0f} MiB in {self._renders_ended} renders"
        else:
            return
        log.info("a fresh engine takes over, because %s", reason)
        self._state = State.LOADING
        self._is_retiring = True
        self._link.kill()

    def _take_death(self, how: str) -> None:
        """`how` completes the sentence `The engine …`."""
        self._link = None
        if self._is_retiring:
            self._is_retiring = False
            return
        if self._state is State.FAILED:
            return  # Its GPU is gone.
        was_loading = self._state is State.LOADING
        was_cancelled = self._current is not None and self._current.is_cancelling
        when = (
            "while it loaded" if was_loading else "in the middle of the render" if self._current else "while it idled"
        )
        message = f"The engine {how} {when}."
        if was_cancelled:
            self._finish_render(code="cancelled", message="The render was cancelled.", retry=False)
            self._state = State.LOADING
            return
        log.error(message)
        self._deaths_in_a_row += 1
        if was_loading or self._deaths_in_a_row >= MOST_DEATHS_IN_A_ROW:
            self._state = State.FAILED
        else:
            self._state = State.LOADING
        if not was_loading or not self._last_error or self._last_error.code != "engine_not_loaded":
            self._last_error = Problem(code="engine_exited", message=message)
        self._finish_render(code="engine_exited", message=message)

    def _finish_render(self, code: str, message: str, *, retry: bool = True) -> None:
        if render := self._current:
            self._current = None
            self._last_contact = time.monotonic()
            # A killed engine leaves its half-written clip behind.
            self._clip(render.id).with_suffix(".mp4.part").unlink(missing_ok=True)
            render.fail(code, message, retry=retry)

    def _is_worth_rejoining(self, render: Render) -> bool:
        if render is self._current:
            return not render.is_cancelling
        return render.is_done and self._clip(render.id).is_file()

    def _clip(self, render_id: str) -> Path:
        return self._outputs / f"{render_id}.mp4"
