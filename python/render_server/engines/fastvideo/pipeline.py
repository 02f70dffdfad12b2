"""The engine's side of FastVideo: owns the generator, sends renders into its worker, passes on what comes back."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastvideo import VideoGenerator

from render_server.engines import Frames, GpuMemory, RenderCancelledError, RenderFailedError, RenderOrder, Step
from render_server.engines.wan.gpu import free_bytes_for_another
from render_server.engines.wan.memory import KEEP_EVERYTHING, describe, plan_memory
from render_server.engines.wan.precision import chosen_precision
from render_server.engines.wan.weights import find_weights
from render_server.protocol import EngineLoaded

from .ray_executor import start_ray
from .worker import Failure, WorkerOrder, denoise, open_studio, render

log = logging.getLogger("engine.fastvideo")


def create_mp_pipeline(model: str) -> FastVideoPipeline:
    return FastVideoPipeline(model, "mp")


def create_ray_pipeline(model: str) -> FastVideoPipeline:
    return FastVideoPipeline(model, "ray")


class FastVideoPipeline:
    def __init__(self, model: str, executor: str) -> None:
        self._model = model
        self._executor = executor
        self._worker: Connection
        self._renders = 0

    def load(self) -> EngineLoaded:
        # A worker that fails sends this to its parent, which dies of it before it can say why. It is told by the
        # worker's pipe in any case.
        signal.signal(signal.SIGQUIT, signal.SIG_IGN)
        folder = str(find_weights(self._model))
        if self._executor == "ray":
            start_ray()
        free = free_bytes_for_another()
        plan = KEEP_EVERYTHING if free is None else plan_memory(free)
        # Workers import this package by name.
        os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")])
        # The worker dies with the thread that made it, so this has to be the main one.
        self._generator = VideoGenerator.from_pretrained(
            folder,
            num_gpus=1,
            distributed_executor_backend=self._executor,
            dit_cpu_offload=False,
            dit_layerwise_offload=not plan.keeps_transformer,
            text_encoder_cpu_offload=not plan.keeps_text_encoder,
            vae_cpu_offload=True,
            use_fsdp_inference=False,
            text_encoder_precisions=("bf16",),
            pin_cpu_memory=True,
        )
        key = secrets.token_bytes(32)
        address = str(Path(tempfile.mkdtemp(prefix="fastvideo-")) / "worker.sock")
        with Listener(address, "AF_UNIX", authkey=key) as listener:
            is_streamed = not plan.keeps_transformer
            opened = InThread(lambda: self._call(open_studio, folder, is_streamed, address, key))
            self._worker = accept_unless_ended(listener, opened)
            gpu = opened.result()
        memory = describe(plan, chosen_precision()) if gpu else None
        return EngineLoaded(model=self._model, executor=self._executor, gpu=gpu, memory=memory)

    def render(self, order: RenderOrder, is_cancelled: Callable[[], bool]) -> Generator[Step | Frames | GpuMemory]:
        self._renders += 1
        number = self._renders
        ended = InThread(lambda: self._call(render, to_worker(order, number)))
        try:
            while not (ended.is_done() and not self._worker.poll()):
                if self._worker.poll(0.05):
                    yield self._receive()
                if is_cancelled():
                    raise RenderCancelledError
        except GeneratorExit:
            self._abandon(ended, number)
            raise
        except RenderCancelledError:
            self._abandon(ended, number)
            raise
        failure: Failure | None = ended.result()
        if failure:
            raise RenderFailedError(failure.code, failure.message, retry=failure.retry)

    def latents_of(self, order: RenderOrder) -> torch.Tensor:
        """What a render decodes, for comparing engines: (channels, frames, height, width)."""
        self._renders += 1
        number = self._renders
        called = InThread(lambda: self._call(denoise, to_worker(order, number)))
        while not called.is_done() or self._worker.poll():
            if self._worker.poll(0.05):
                self._receive()
        latents: torch.Tensor = called.result()
        return latents

    def close(self) -> None:
        self._generator.shutdown()

    def _receive(self) -> Step | Frames | GpuMemory:
        kind, *rest = self._worker.recv()
        if kind == "step":
            stage, step, steps = rest
            return Step(stage, step, steps)
        if kind == "frames":
            return np.frombuffer(self._worker.recv_bytes(), dtype=np.uint8).reshape(rest[0])
        memory: GpuMemory = rest[0]
        return memory

    def _abandon(self, ended: InThread, number: int) -> None:
        """Lets the worker stop at its next step. One that has just ended reads this in its next render."""
        with contextlib.suppress(OSError):
            self._worker.send(number)
        while not ended.is_done() or self._worker.poll():
            if self._worker.poll(0.05):
                self._receive()

    def _call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Runs a function of worker.py in the worker. Keyword arguments, because Ray's executor drops others."""
        names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
        return self._generator.executor.collective_rpc(function, kwargs=dict(zip(names, args, strict=True)))[0]


def to_worker(order: RenderOrder, number: int) -> WorkerOrder:
    return WorkerOrder(
        number=number,
        prompt=order.prompt,
        pixels=order.picture.pixels,
        width=order.width,
        height=order.height,
        frames=order.frames,
        seed=order.seed,
    )


class InThread:
    """A call in a thread of its own. FastVideo's calls block until the worker has answered."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._result: Any = None
        self._error: BaseException | None = None

        def run() -> None:
            try:
                self._result = call()
            except BaseException as error:
                self._error = error

        self._thread = threading.Thread(target=run, name="worker-call", daemon=True)
        self._thread.start()

    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def result(self) -> Any:
        self._thread.join()
        if self._error:
            raise self._error
        return self._result


def accept_unless_ended(listener: Listener, opened: InThread) -> Connection:
    """The worker's connection. Raises what the worker failed with where it ended before it connected."""
    accepted = InThread(listener.accept)
    while not accepted.is_done():
        if opened.is_done():
            opened.result()
            break  # It has connected, then.
        time.sleep(0.05)
    connection: Connection = accepted.result()
    return connection
