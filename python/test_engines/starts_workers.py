"""Starts a worker process of its own, as multi-GPU engines do, and tells its pid as the model's name."""

import subprocess
import sys

from scripted import StillPipeline

from render_server.protocol import EngineLoaded


class StartsWorkers(StillPipeline):
    def load(self) -> EngineLoaded:
        worker = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
        return EngineLoaded(model=str(worker.pid), executor="process")


def create() -> StartsWorkers:
    return StartsWorkers()
