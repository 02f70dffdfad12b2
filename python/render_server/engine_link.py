"""The server's hold on its engine process: start it, talk to it, and see it end. Knows nothing of renders."""

import asyncio
import contextlib
import os
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import msgspec

from .engines import EngineSpec
from .protocol import FromEngine, ToEngine

# How long a process that closed its link may take to exit by itself, so that its exit code can be told.
EXIT_SECONDS = 2

LONGEST_LINE_BYTES = 1024 * 1024


class EngineLink:
    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._decoder = msgspec.json.Decoder[FromEngine](FromEngine)

    @classmethod
    async def start(cls, spec: EngineSpec, inputs: Path, outputs: Path) -> Self:
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *[sys.executable, "-m", "render_server.engine_process"],
                *["--link", str(theirs.fileno()), "--engine", spec.name],
                *(["--model", spec.model] if spec.has_weights else []),
                *["--inputs", str(inputs), "--outputs", str(outputs)],
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sys.stderr.fileno(),
                # A process group of its own, so that killing it reaches the workers that an engine may start.
                start_new_session=True,
            )
        reader, writer = await asyncio.open_connection(sock=ours, limit=LONGEST_LINE_BYTES)
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        return self._process.pid

    def say(self, message: ToEngine) -> None:
        self._writer.write(msgspec.json.encode(message) + b"\n")

    async def messages(self) -> AsyncIterator[FromEngine]:
        """What the engine says, until its process ends or lets go of the link."""
        # A killed process can reset the link instead of closing it.
        with contextlib.suppress(ConnectionError):
            while line := await self._reader.readline():
                yield self._decoder.decode(line)

    def resident_bytes(self) -> int:
        """What the engine and its workers hold in ordinary memory; 0 where the system does not say."""
        members = (entry for entry in Path("/proc").glob("[0-9]*") if self._is_member(int(entry.name)))
        return sum(resident_bytes_of(entry) for entry in members if not is_compiler(entry))

    def _is_member(self, pid: int) -> bool:
        with contextlib.suppress(OSError):
            return os.getpgid(pid) == self._process.pid
        return False

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def end(self) -> str:
        """Make sure that the whole group is gone, and say in words how the engine process ended."""
        self._writer.close()
        try:
            await asyncio.wait_for(self._process.wait(), EXIT_SECONDS)
        except TimeoutError:
            self.kill()
            await self._process.wait()
        self.kill()
        assert self._process.returncode is not None
        return describe_exit(self._process.returncode)


def is_compiler(process: Path) -> bool:
    """PyTorch keeps one for each core, 6 GiB on 16 of them, while it compiles and for some time after."""
    with contextlib.suppress(OSError):
        return b"_inductor/compile_worker" in (process / "cmdline").read_bytes()
    return False


def resident_bytes_of(process: Path) -> int:
    # It may end at any moment.
    with contextlib.suppress(OSError):
        return int((process / "statm").read_text().split()[1]) * resource.getpagesize()
    return 0


def describe_exit(code: int) -> str:
    """`code` as subprocess tells it: negative for a signal. A shell in between would tell it as 128 and more."""
    number = -code if code < 0 else code - 128
    if number == signal.SIGKILL:
        return "was killed (exit code 137), probably because the machine ran out of memory"
    if number in {known.value for known in signal.Signals}:
        return f"stopped with signal {signal.Signals(number).name} (exit code {128 + number})"
    return f"stopped with exit code {code}"
