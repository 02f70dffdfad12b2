"""Loads for ever."""

import threading

from scripted import StillPipeline

from render_server.protocol import EngineLoaded


class NeverLoads(StillPipeline):
    def load(self) -> EngineLoaded:
        threading.Event().wait()
        raise AssertionError


def create() -> NeverLoads:
    return NeverLoads()
