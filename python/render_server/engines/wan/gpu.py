"""The one GPU that this process renders on."""

import os
import subprocess
import sys

import torch

from render_server.engines import GpuMemory
from render_server.protocol import Gpu

# Memory that was cut up by one size of clip serves the next: without this a card of 24 GB loses 2 GB to fragments.
# PyTorch reads it at its first allocation, and a worker process inherits it.
os.environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")

# 9.15: the first whose three-dimensional convolutions in bfloat16 are whole (pytorch/pytorch#166643, #177406, #174051).
MIN_CUDNN = 91_500


def pick_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def describe_gpu(device: torch.device) -> Gpu | None:
    if device.type != "cuda":
        return None
    free, total = torch.cuda.mem_get_info(device)
    return Gpu(
        name=torch.cuda.get_device_name(device),
        total_bytes=total,
        free_bytes=free,
        architectures=torch.cuda.get_arch_list(),
    )


def require_kernels(device: torch.device) -> None:
    """Fails in words where PyTorch would only say `no kernel image is available`, and only at the first render; or
    where it would run, and take three times the memory."""
    if device.type != "cuda":
        return
    require_convolutions()
    major, minor = torch.cuda.get_device_capability(device)
    # Code for 8.0 runs on 8.6 too, but not on 9.0; portable code (`compute_`) runs on whatever is newer.
    compiled = [name.partition("_")[2].rstrip("af") for name in torch.cuda.get_arch_list() if name.startswith("sm_")]
    portable = [name.partition("_")[2] for name in torch.cuda.get_arch_list() if name.startswith("compute_")]
    if any(int(name[:-1]) == major and int(name[-1]) <= minor for name in compiled):
        return
    if any((int(name[:-1]), int(name[-1])) <= (major, minor) for name in portable):
        return
    raise RuntimeError(
        f"The {torch.cuda.get_device_name(device)} needs kernels for sm_{major}{minor}, and this PyTorch "
        f"{torch.__version__} holds {', '.join(torch.cuda.get_arch_list())}. Use an image built for this card."
    )


def require_convolutions() -> None:
    found = torch.backends.cudnn.version() or 0  # type: ignore[no-untyped-call]
    if found < MIN_CUDNN:
        raise RuntimeError(
            f"Expected cuDNN {MIN_CUDNN} or newer, found {found}: older ones take several times the time and memory "
            "for the decoder's convolutions. Use the render image as it comes, or PyTorch 2.11 or newer."
        )


def read_memory(device: torch.device) -> GpuMemory:
    """Since the last `forget_peak`."""
    if device.type != "cuda":
        return GpuMemory(peak_bytes=0, free_bytes=0)
    return GpuMemory(peak_bytes=torch.cuda.max_memory_allocated(device), free_bytes=torch.cuda.mem_get_info(device)[0])


def forget_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def free_bytes_for_another() -> int | None:
    """What a process that has yet to start will find free; None without a GPU. Asked by a process that ends, because
    whoever asks keeps half a gigabyte of the GPU for itself."""
    if not torch.cuda.is_available():
        return None
    ask = "import torch; print(torch.cuda.mem_get_info()[0])"
    return int(subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True).stdout)


def available_bytes(device: torch.device) -> int:
    """What a render can use: free memory, and what PyTorch holds ready from earlier renders."""
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
