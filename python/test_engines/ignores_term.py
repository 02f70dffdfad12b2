"""Has no ear for SIGTERM."""

import signal
from typing import Never

from render_server.protocol import EngineLoaded


class IgnoresTerm:
    def load(self) -> EngineLoaded:
        return EngineLoaded(model="ignores_term", executor="process")

    def render(self, *_: object) -> Never:
        raise AssertionError


def create() -> IgnoresTerm:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return IgnoresTerm()
