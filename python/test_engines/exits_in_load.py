"""Ends its process while it loads, as a driver that aborts does."""

import os

from scripted import StillPipeline

from render_server.protocol import EngineLoaded


class ExitsInLoad(StillPipeline):
    def load(self) -> EngineLoaded:
        os._exit(7)


def create() -> ExitsInLoad:
    return ExitsInLoad()
