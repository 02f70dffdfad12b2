"""Taken over, it puts something else in the place of its clip, as the prompt says: `fifo`, `link FILE`, `socket`,
`device`, `folder`, `sparse`. Anything else is a clip.
"""

import os
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from render_server.engines import Frames, RenderOrder, Step
from render_server.protocol import EngineLoaded

SPARSE_BYTES = 2**40


class LeavesOtherThings:
    def load(self) -> EngineLoaded:
        return EngineLoaded(model="leaves_other_things", executor="process")

    def render(self, order: RenderOrder, is_cancelled: Callable[[], bool]) -> Generator[Step | Frames]:
        what = order.prompt.split()

        def put(part: Path, clip: Path) -> Path:
            leave(what, part, clip)
            return clip

        # How a finished clip comes to its place.
        Path.replace = put  # type: ignore[method-assign, assignment]
        yield np.repeat(order.picture.pixels[np.newaxis], order.frames, axis=0)


def leave(what: list[str], part: Path, clip: Path) -> None:
    match what:
        case ["fifo"]:
            os.mkfifo(clip)
        case ["link", file]:
            clip.symlink_to(file)
        case ["socket"]:
            with socket.socket(socket.AF_UNIX) as server, folder_of(clip) as folder:
                server.bind(f"/proc/self/fd/{folder}/{clip.name}")
        case ["device"]:
            clip.symlink_to("/dev/zero")
        case ["folder"]:
            clip.mkdir()
        case ["sparse"]:
            clip.touch()
            os.truncate(clip, SPARSE_BYTES)
        case _:
            part.rename(clip)


@contextmanager
def folder_of(clip: Path) -> Iterator[int]:
    """By a short name: a socket's is limited."""
    folder = os.open(clip.parent, os.O_PATH)
    yield folder
    os.close(folder)


def create() -> LeavesOtherThings:
    return LeavesOtherThings()
