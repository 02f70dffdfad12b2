"""What code tries that has taken a program over: `attack` answers the names of what it got. As a program it reads its
targets from standard input; as an engine it has them from a variable that engines are given, and says it as its model.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import socket
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from render_server.engines import Frames, GpuMemory, RenderOrder, Step
    from render_server.protocol import EngineLoaded

PTRACE_SEIZE = 0x4206
REFUSED = {errno.EPERM, errno.EACCES, errno.ESRCH, errno.ENOSYS, errno.ENOENT, errno.EROFS, errno.ECONNREFUSED}
REFUSED |= {errno.ENETUNREACH, errno.ENOTDIR, errno.EXDEV}

libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Targets:
    """A process that is not ours, with the canary in its environment; a secret file in a folder; who listens."""

    pid: int
    canary: str
    secret: str
    port: int
    unix: str
    abstract: str


def attack(targets: Targets) -> list[str]:
    secret = Path(targets.secret)
    tries: dict[str, Callable[[], object]] = {
        "reads environments": lambda: reads_environments(targets.canary),
        "reads the secret": secret.read_text,
        "lists its folder": lambda: os.listdir(secret.parent),
        "writes to the secret": lambda: secret.open("a"),
        "makes a file": lambda: (secret.parent / "made").write_text("x"),
        "makes a link": lambda: (secret.parent / "link").symlink_to("/"),
        "removes a file": (secret.parent / "to-remove").unlink,
        "moves a file": lambda: (secret.parent / "to-move").rename(secret.parent / "moved"),
        "truncates a file": lambda: os.truncate(secret.parent / "to-truncate", 0),
        "opens a file to others": lambda: opens_to_others(secret.parent / "to-open"),
        "connects to a port": lambda: socket.create_connection(("127.0.0.1", targets.port), timeout=5),
        "connects to a unix socket": lambda: connects(targets.unix),
        "connects to an abstract socket": lambda: connects(f"\0{targets.abstract}"),
        "signals": lambda: os.kill(targets.pid, 0),
        "traces": lambda: checked(libc.ptrace(PTRACE_SEIZE, targets.pid, None, None)),
        "reads memory": lambda: reads_memory(targets.pid),
        "limits": lambda: checked(libc.prlimit64(targets.pid, 7, None, ctypes.create_string_buffer(16))),
        "opens its memory": lambda: os.close(os.open(f"/proc/{targets.pid}/mem", os.O_RDONLY)),
        "mounts": lambda: checked(libc.unshare(0x10020000)),
    }
    return [name for name, attempt in tries.items() if succeeds(attempt)]


def succeeds(attempt: Callable[[], object]) -> bool:
    try:
        return attempt() is not False
    except OSError as error:
        # Anything else means that it got as far as doing it.
        return error.errno not in REFUSED


def checked(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), "")


def reads_environments(canary: str) -> bool:
    for name in os.listdir("/proc"):
        if name.isdigit() and name != str(os.getpid()):
            try:
                if canary.encode() in Path(f"/proc/{name}/environ").read_bytes():
                    return True
            except OSError:
                continue
    return False


def opens_to_others(file: Path) -> bool:
    before = file.stat().st_mode
    file.chmod(0o777)
    return file.stat().st_mode != before


def connects(address: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(address)


def reads_memory(pid: int) -> None:
    held = ctypes.create_string_buffer(8)
    local = (ctypes.c_void_p * 2)(ctypes.addressof(held), 8)
    checked(libc.process_vm_readv(pid, local, 1, local, 1, 0))


class TakenOver:
    def load(self) -> EngineLoaded:
        from render_server.protocol import EngineLoaded  # noqa: PLC0415 - as a program it has no such package

        targets = Targets(**json.loads(os.environ["FASTVIDEO_TARGETS"]))
        # Backwards, because its own environment has it, too.
        return EngineLoaded(model=json.dumps(attack(replace(targets, canary=targets.canary[::-1]))), executor="process")

    def render(self, order: RenderOrder, is_cancelled: Callable[[], bool]) -> Generator[Step | Frames | GpuMemory]:
        yield from ()


def create() -> TakenOver:
    return TakenOver()


if __name__ == "__main__":
    json.dump(attack(Targets(**json.load(sys.stdin))), sys.stdout)
