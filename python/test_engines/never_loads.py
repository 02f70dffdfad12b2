"""Loads for ever."""

import threading

from render_server.protocol import EngineLoaded


class NeverLoads:
    def load(self) -> EngineLoaded:
        threading.Event().wait()
        raise AssertionError


def create() -> NeverLoads:
    return NeverLoads()
