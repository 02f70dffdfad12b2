"""Says why it cannot load."""

from scripted import StillPipeline

from render_server.protocol import EngineLoaded


class RaisesInLoad(StillPipeline):
    def load(self) -> EngineLoaded:
        raise RuntimeError("no CUDA GPUs are available")


def create() -> RaisesInLoad:
    return RaisesInLoad()
