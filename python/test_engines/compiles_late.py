"""Starts what PyTorch starts when it compiles, in its second render: a process that holds much memory for a while."""

import subprocess
import sys

from scripted import IsCancelled, Items, StillPipeline

from render_server.engines import RenderOrder

HOLD = "memory = bytearray(b'1') * (256 * 2**20); print(flush=True); import threading; threading.Event().wait()"


class CompilesLate(StillPipeline):
    def __init__(self) -> None:
        self._renders = 0
        self._compilers: list[subprocess.Popen[bytes]] = []

    def render(self, order: RenderOrder, is_cancelled: IsCancelled) -> Items:
        self._renders += 1
        if self._renders == 2:
            command = [sys.executable, "-c", HOLD, "torch/_inductor/compile_worker/__main__.py"]
            compiler = subprocess.Popen(command, stdout=subprocess.PIPE)
            assert compiler.stdout
            compiler.stdout.readline()
            self._compilers.append(compiler)
        yield from super().render(order, is_cancelled)


def create() -> CompilesLate:
    return CompilesLate()
