"""What stays on the GPU and what waits in ordinary memory, decided once from what is free."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from render_server.engines import RenderFailedError
from render_server.sizes import LARGEST_AREA, MOST_FRAMES, RESOLUTION_AREAS, output_size

from .gpu import available_bytes
from .precision import EXACT, Precision

GIB = 2**30

# Measured on an H100 by bench/engines.py; the weights in 16 bits.
TEXT_ENCODER_BYTES = int(10.6 * GIB)
TRANSFORMER_BYTES = int(9.4 * GIB)
VAE_BYTES = int(1.4 * GIB)
# Beside the weights, for each pixel of a frame of the longest clip, 121 frames: 6,900 measured with a compiled
# transformer, 7,900 with a streamed one. Denoising and decoding need about the same.
BYTES_PER_PIXEL = 8_000
# CUDA's own context, the libraries' workspaces, and what fragments.
RESERVE_BYTES = int(1.5 * GIB)


@dataclass(frozen=True)
class MemoryPlan:
    """Parts that are not kept on the GPU are streamed to it, layer by layer, whenever they are used."""

    keeps_text_encoder: bool
    keeps_transformer: bool

    def __str__(self) -> str:
        if self.keeps_text_encoder:
            return "everything on the GPU"
        if self.keeps_transformer:
            return "text encoder streamed from memory"
        return "text encoder and transformer streamed from memory"


def describe(plan: MemoryPlan, precision: Precision) -> str:
    """For people: what stays where, and what is not computed exactly."""
    if precision is EXACT:
        return str(plan)
    where = "" if plan.keeps_transformer else " in the decoder alone"
    return f"{plan}; PRECISION={precision.name}{where}"


KEEP_EVERYTHING = MemoryPlan(keeps_text_encoder=True, keeps_transformer=True)


def bytes_of_render(pixels: int) -> int:
    return RESERVE_BYTES + pixels * BYTES_PER_PIXEL


def plan_memory(free_bytes: int) -> MemoryPlan:
    """The plan that streams least and still has room for 720p."""
    room = free_bytes - VAE_BYTES - bytes_of_render(LARGEST_AREA)
    return MemoryPlan(
        keeps_text_encoder=room >= TEXT_ENCODER_BYTES + TRANSFORMER_BYTES,
        keeps_transformer=room >= TRANSFORMER_BYTES,
    )


def has_room(width: int, height: int, device: torch.device) -> bool:
    return device.type != "cuda" or available_bytes(device) >= bytes_of_render(width * height) - RESERVE_BYTES


def clips_with_room(device: torch.device) -> list[tuple[int, int, int]]:
    """The longest landscape clip of each resolution that can be rendered, (width, height, frames), to warm up with."""
    sizes = [output_size((16, 9), resolution) for resolution in RESOLUTION_AREAS]
    return [(width, height, MOST_FRAMES) for width, height in sizes if has_room(width, height, device)]


def require_room(width: int, height: int, device: torch.device) -> None:
    """Refuses now what would run out of memory after a minute."""
    if has_room(width, height, device):
        return
    needed = bytes_of_render(width * height) - RESERVE_BYTES
    raise no_room(
        f"A clip of {width}x{height} needs {needed / GIB:.1f} GiB of GPU memory beside the model, and "
        f"{available_bytes(device) / GIB:.1f} GiB are free."
    )


@contextmanager
def failing_in_words(width: int, height: int) -> Iterator[None]:
    """For the render itself: another program may take the memory that was free when it began."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise no_room(f"The GPU ran out of memory in the middle of a clip of {width}x{height}.") from error


def no_room(what: str) -> RenderFailedError:
    return RenderFailedError("gpu_memory_short", f"{what} Ask for 480p, or stop what else uses this GPU.", retry=False)
