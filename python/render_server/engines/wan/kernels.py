"""The element-wise work between the decoder's convolutions, each in one pass over memory.

Tensors are channels-last: (frames, height, width, channels), contiguous. PyTorch adds a convolution's bias in a pass of
its own, so biases are added here instead. On a GPU Triton kernels do this; elsewhere plain PyTorch does the same.
"""

from __future__ import annotations

import importlib.util
from types import ModuleType

import torch
from torch.nn import functional

# As torch.nn.functional.normalize has it.
LEAST_LENGTH = 1e-12

# (top, left) of the four pixels that one pixel becomes when a picture doubles its size.
QUARTERS = [(0, 0), (0, 1), (1, 0), (1, 1)]

triton_kernels: ModuleType | None = None
if importlib.util.find_spec("triton") and torch.cuda.is_available():
    from . import triton_kernels


def norm_silu(
    x: torch.Tensor,
    gamma: torch.Tensor,
    out: torch.Tensor,
    *,
    plus: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
) -> torch.Tensor:
    """Replaces x by x + plus + bias, and writes silu(x / |x| * sqrt(channels) * gamma) to `out`, where |x| is the
    length of each voxel's channel vector. Returns x."""
    if x.is_cuda and triton_kernels:
        triton_kernels.add_norm_silu(x, plus, bias, gamma, out)
        return x
    for term in (plus, bias):
        if term is not None:
            x += term
    wide = x.float()
    length = wide.norm(dim=-1, keepdim=True).clamp_min(LEAST_LENGTH)
    out.copy_(functional.silu(wide / length * x.shape[-1] ** 0.5 * gamma.float()))
    return x


def double(
    quarters: list[torch.Tensor], bias: torch.Tensor, shortcut: torch.Tensor, *, time_factor: int, first_frame: int
) -> torch.Tensor:
    """A picture of twice the size from its four interleaved quarters, plus bias, plus the block's own input.

    Quarter (top, left) is (frames, height + 1, width + 1, channels), of which (height, width) from there on counts.
    Value (t, 2h + top, 2w + left, c) gets shortcut's at ((t + first_frame) // time_factor, h, w, channel), where
    channel counts through c, time offset, top and left, in that order, as diffusers' DupUp3D does.
    """
    frames, height, width, channels = quarters[0].shape
    out = quarters[0].new_empty(frames, 2 * (height - 1), 2 * (width - 1), channels)
    if out.is_cuda and triton_kernels:
        triton_kernels.double(quarters, bias, shortcut, out, time_factor=time_factor, first_frame=first_frame)
        return out
    repeats = channels * time_factor * 4 // shortcut.shape[-1]
    time = torch.arange(frames, device=out.device) + first_frame
    offset = (torch.arange(channels, device=out.device) * time_factor + (time % time_factor)[:, None]) * 4
    for quarter, (top, left) in zip(quarters, QUARTERS, strict=True):
        channel = (offset + 2 * top + left) // repeats
        seen = shortcut[time // time_factor].gather(3, channel[:, None, None].expand(-1, height - 1, width - 1, -1))
        part = quarter[:, top : top + height - 1, left : left + width - 1]
        out[:, top::2, left::2] = part + bias + seen
    return out
