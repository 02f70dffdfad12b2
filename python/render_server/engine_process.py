"""The engine's own process: loads it once, then makes one clip at a time. A crash in here leaves the server standing.

It talks to the server over an inherited socket, one JSON object a line; stdout is left to whatever libraries print.
"""

import argparse
import contextlib
import logging
import os
import queue
import resource
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from .clip import ClipOrder, LoadedEngine, Stopwatch, make_clip
from .engines import EngineSpec, RenderCancelledError, RenderFailedError, create_pipeline, find_engine
from .protocol import (
    AnyEvent,
    CancelRender,
    Done,
    EngineNotLoaded,
    Failed,
    FromEngine,
    Problem,
    RenderEvent,
    StartRender,
    ToEngine,
)

log = logging.getLogger("engine")


class ServerLink:
    """The server's end of the conversation. When the server is gone, so is this process, whatever it is doing."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._orders: queue.SimpleQueue[StartRender] = queue.SimpleQueue()
        self._cancelled: set[str] = set()
        threading.Thread(target=self._read, name="server-link", daemon=True).start()

    def say(self, message: FromEngine) -> None:
        self._link.sendall(msgspec.json.encode(message) + b"\n")

    def orders(self) -> Iterator[StartRender]:
        while True:
            yield self._orders.get()

    def is_cancelled(self, render_id: str) -> bool:
        return render_id in self._cancelled

    def _read(self) -> None:
        decoder = msgspec.json.Decoder(ToEngine)
        with contextlib.suppress(OSError), self._link.makefile("rb") as lines:
            for line in lines:
                message = decoder.decode(line)
                if isinstance(message, CancelRender):
                    self._cancelled.add(message.id)
                else:
                    # The same id may be put again after a cancel.
                    self._cancelled.discard(message.id)
                    self._orders.put(message)
        # Workers that an engine started live in this process group too, and hold GPU memory.
        os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser(prog="render_server.engine_process")
    parser.add_argument("--link", type=int, required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--model")
    parser.add_argument("--inputs", type=Path, required=True)
    parser.add_argument("--outputs", type=Path, required=True)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    # A crash with a model in memory would write many gigabytes.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Were the engine's workers to inherit the link, the server could not see this process end.
    os.set_inheritable(args.link, False)
    spec = find_engine(args.engine, args.model)
    serve(ServerLink(socket.socket(fileno=args.link)), spec, args.inputs, args.outputs)


def serve(link: ServerLink, spec: EngineSpec, inputs: Path, outputs: Path) -> None:
    try:
        pipeline = create_pipeline(spec)
        loaded = pipeline.load()
    except Exception as error:
        log.exception("the engine could not load")
        link.say(EngineNotLoaded(problem=Problem(code="engine_not_loaded", message=describe("could not load", error))))
        sys.exit(1)
    engine = LoadedEngine(spec.name, loaded.model, pipeline)
    link.say(loaded)
    for order in link.orders():
        watch = Stopwatch()

        def report(event: AnyEvent, render_id: str = order.id) -> None:
            link.say(RenderEvent(id=render_id, event=event))

        def is_cancelled(render_id: str = order.id) -> bool:
            return link.is_cancelled(render_id)

        last: Done | Failed
        gpu = loaded.gpu
        try:
            image, clip = inputs / order.body.image, outputs / f"{order.id}.mp4"
            result, memory = make_clip(engine, ClipOrder(order.body, image, clip), report, is_cancelled)
            last = Done(elapsed=watch.elapsed, result=result)
            gpu = gpu and msgspec.structs.replace(gpu, free_bytes=memory.free_bytes)
        except RenderCancelledError:
            last = Failed(elapsed=watch.elapsed, code="cancelled", message="The render was cancelled.", retry=False)
        except RenderFailedError as error:
            log.warning("render %s failed: %s", order.id, error)
            last = Failed(elapsed=watch.elapsed, code=error.code, message=str(error), retry=error.retry)
        except Exception as error:
            log.exception("render %s failed", order.id)
            last = Failed(elapsed=watch.elapsed, code="engine_error", message=describe("failed", error), retry=True)
        link.say(RenderEvent(id=order.id, event=last, gpu=gpu))


def describe(what: str, error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"The engine {what}: {type(error).__name__}{': ' if text else ''}{text[:300]}"


# An engine may start workers of its own with `spawn`, which imports this module again.
if __name__ == "__main__":
    main()
