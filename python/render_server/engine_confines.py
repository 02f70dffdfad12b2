"""What is left to a render server that runs in its owner's own account, and to all that it starts."""

import glob
import logging
import os
import sys
from pathlib import Path

from .engines import FASTVIDEO, EngineSpec
from .shut_in import CannotShutInError, Confines, landlock_abi, shut_in

log = logging.getLogger("render_server")

# What libraries look up: who one is, what time it is, what a driver brings.
LOOKED_UP = ["passwd", "group", "nsswitch.conf", "localtime", "ld.so.conf", "ld.so.conf.d", "ssl", "nvidia", "OpenCL"]
DEVICES = ["/dev/nvidia*", "/dev/dri", "/dev/dxg"]
# Folders that an operator may have named for what is compiled.
CACHES = ["TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "CUDA_CACHE_PATH"]


def shut_server_in(home: Path, spec: EngineSpec, inputs: Path, outputs: Path) -> None:
    """As far as this kernel goes; `doctor` says how far that is."""
    move_home(home)
    try:
        shut_in(engine_confines(home, spec, inputs, outputs), with_landlock=landlock_abi() > 0)
    except (CannotShutInError, OSError) as error:
        log.warning("not shut in: %s", error)


def move_home(home: Path) -> None:
    """What libraries keep goes there, and goes on being found where weights are."""
    weights = os.environ.get("HF_HOME") or str(Path.home() / ".cache" / "huggingface")
    os.environ.setdefault("HF_HUB_CACHE", str(Path(weights) / "hub"))
    for name in ("XDG_CACHE_HOME", "HF_HOME"):
        os.environ.pop(name, None)
    os.environ["HOME"] = str(home)


def engine_confines(home: Path, spec: EngineSpec, inputs: Path, outputs: Path) -> Confines:
    """After `move_home`."""
    installed = [sys.prefix, sys.base_prefix, *sys.path, *os.environ.get("LD_LIBRARY_PATH", "").split(":")]
    cuda = [os.environ[name] for name in ("CUDA_HOME", "CUDA_PATH") if name in os.environ]
    weights = [os.environ["HF_HUB_CACHE"], *([spec.model] if os.path.isabs(spec.model) else [])]
    looked_up = [f"/etc/{name}" for name in LOOKED_UP]
    folders = [path for path in [*installed, *cuda, *weights] if os.path.isabs(path) and path != "/"]
    caches = [os.environ[name] for name in CACHES if name in os.environ]
    temporary = [os.environ["TMPDIR"]] if "TMPDIR" in os.environ else []
    return Confines(
        read=[*folders, *looked_up, str(Path.cwd()), str(inputs), "/proc", "/sys"],
        write=[str(outputs)],
        scratch=[str(home), "/dev/shm", *caches, *temporary],
        devices=[device for pattern in DEVICES for device in glob.glob(pattern)],
        has_processes=True,
        # Its worker and it meet over TCP and unix sockets.
        has_network=spec.factory.startswith(FASTVIDEO),
        # Docker's socket, and the session's.
        hidden=["/run"],
    )
