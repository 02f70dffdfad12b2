"""The command line: reads arguments, wires the server, and owns its one way down."""

import argparse
import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn

from .app import create_app
from .engine_confines import shut_server_in
from .engines import ENGINES, find_engine
from .runner import MOST_GROWTH_BYTES, RENDERS_PER_ENGINE, Runner, Wear
from .unix_socket import SocketTakenError, bound_socket

EXIT_SOCKET_TAKEN = 3

# Longer than a worker pauses between two questions, so that no request meets a connection that is just closing.
IDLE_CONNECTION_SECONDS = 75

log = logging.getLogger("render_server")


class Server(uvicorn.Server):
    """Stops on a signal without dying of it, so that the exit code is 0 and the socket file is gone."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._loop.call_soon_threadsafe(self.stop)

    def stop(self) -> None:
        self.should_exit = True
        # Event streams have to end before the server can.
        self._on_stop()


async def serve(args: argparse.Namespace, listener: socket.socket) -> None:
    wear = Wear(renders=args.renders_per_engine, growth_bytes=args.most_growth_mib * 2**20)
    runner = Runner(args.engine, args.inputs, args.outputs, wear)
    config = uvicorn.Config(
        create_app(runner, args.inputs),
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_CONNECTION_SECONDS,
        timeout_graceful_shutdown=1,
    )
    server = Server(config, on_stop=runner.stop_renders)
    # Engines' workers are known to send SIGQUIT up the line when they are in trouble; their own exit tells us enough.
    asyncio.get_running_loop().add_signal_handler(signal.SIGQUIT, log.warning, "got SIGQUIT from the engine")

    async def leave_when_orphaned() -> None:
        await runner.wait_until_orphaned(args.orphan_seconds)
        log.info("nobody asked for anything in %s s: leaving", args.orphan_seconds)
        server.stop()

    async with runner.running() as engine:
        orphan = asyncio.create_task(leave_when_orphaned())
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        engine.add_done_callback(lambda task: None if task.cancelled() or not task.exception() else server.stop())
        await serving
        orphan.cancel()


def main() -> int:
    args = parse_arguments()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    args.outputs.mkdir(parents=True, exist_ok=True)
    try:
        with bound_socket(args.socket) as listener:
            if args.shut_in:
                shut_server_in(args.shut_in, args.engine, args.inputs, args.outputs)
            asyncio.run(serve(args, listener))
    except SocketTakenError as error:
        print(error, file=sys.stderr)
        return EXIT_SOCKET_TAKEN
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="render_server", description="Renders one clip at a time.", allow_abbrev=False
    )
    parser.add_argument("--socket", type=Path, required=True, help="unix socket to answer on")
    parser.add_argument("--inputs", type=Path, required=True, help="folder that pictures are read from")
    parser.add_argument("--outputs", type=Path, required=True, help="folder that clips are written to")
    parser.add_argument(
        "--shut-in",
        type=Path,
        metavar="HOME",
        help="let the kernel withhold all files but what is needed, and this folder",
    )
    parser.add_argument("--engine", required=True, help=f"{', '.join(ENGINES)}, or module:function")
    parser.add_argument(
        "--model", help="weights: a folder, or a repository's name in the cache; the engine's own if left out"
    )
    parser.add_argument(
        "--orphan-seconds", type=float, default=15, help="leave when nobody asked for anything for so long"
    )
    parser.add_argument(
        "--renders-per-engine",
        type=int,
        default=RENDERS_PER_ENGINE,
        help="renders that one engine process makes before a fresh one takes over; 0 is no end of them",
    )
    parser.add_argument(
        "--most-growth-mib",
        type=int,
        default=MOST_GROWTH_BYTES // 2**20,
        help="a fresh engine takes over when its ordinary memory has grown by more; 0 is never",
    )
    args = parser.parse_args()
    try:
        args.engine = find_engine(args.engine, args.model)
    except ValueError as error:
        parser.error(f"argument --engine: {error}")
    return args


if __name__ == "__main__":
    sys.exit(main())
