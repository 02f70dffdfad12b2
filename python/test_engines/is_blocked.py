"""Cannot start its worker process on this host."""

from render_server.protocol import EngineLoaded


class IsBlocked:
    def load(self) -> EngineLoaded:
        raise RuntimeError("WorkerMultiprocProc failed to start.")


def create() -> IsBlocked:
    return IsBlocked()
