"""transformer_kernels.py on a GPU. Each kernel is compiled once per channel count, for every number of tokens."""

import torch
import triton
import triton.language as tl

EPSILON = 1e-6


@triton.jit
def _add_norm(
    x, branch, gate, multiply, add, out, steps, first_tokens, gate_stride, multiply_stride, add_stride,
    channels: tl.constexpr, block: tl.constexpr, has_branch: tl.constexpr, has_gate: tl.constexpr,
    is_coded: tl.constexpr, eps: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    channel = tl.arange(0, block)
    inside = channel < channels
    which = (row >= first_tokens).to(tl.int64)
    value = tl.load(x + row * channels + channel, mask=inside, other=0.0).to(tl.float32)
    if has_branch:
        more = tl.load(branch + row * channels + channel, mask=inside, other=0.0).to(tl.float32)
        if has_gate:
            more *= tl.load(gate + which * gate_stride + channel, mask=inside, other=0.0)
        # The norm is of what is stored.
        value = (value + more).to(x.dtype.element_ty).to(tl.float32)
        tl.store(x + row * channels + channel, value.to(x.dtype.element_ty), mask=inside)
    apart = tl.where(inside, value - tl.sum(value, axis=0) / channels, 0.0)
    apart *= tl.rsqrt(tl.sum(apart * apart, axis=0) / channels + eps)
    apart *= tl.load(multiply + which * multiply_stride + channel, mask=inside, other=0.0)
    apart += tl.load(add + which * add_stride + channel, mask=inside, other=0.0)
    if is_coded:
        step = tl.maximum(tl.max(tl.where(inside, tl.abs(apart), 0.0), axis=0), 1e-12) / 127.0
        tl.store(steps + row, step)
        apart = tl.floor(apart / step + 0.5)
    tl.store(out + row * channels + channel, apart.to(out.dtype.element_ty), mask=inside)


def add_norm(
    x: torch.Tensor,
    branch: torch.Tensor | None,
    gate: torch.Tensor | None,
    affine: tuple[torch.Tensor, torch.Tensor],
    first_tokens: int,
) -> torch.Tensor:
    out = torch.empty_like(x)
    launch(x, (branch, gate), affine, (out, None), first_tokens)
    return out


def add_norm_codes(
    x: torch.Tensor,
    branch: torch.Tensor | None,
    gate: torch.Tensor | None,
    affine: tuple[torch.Tensor, torch.Tensor],
    first_tokens: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    codes = torch.empty_like(x, dtype=torch.int8), torch.empty(len(x), device=x.device, dtype=torch.float32)
    launch(x, (branch, gate), affine, codes, first_tokens)
    return codes


def launch(
    x: torch.Tensor,
    before: tuple[torch.Tensor | None, torch.Tensor | None],
    affine: tuple[torch.Tensor, torch.Tensor],
    outlet: tuple[torch.Tensor, torch.Tensor | None],
    first_tokens: int,
) -> None:
    (branch, gate), (multiply, add), (out, steps) = before, affine, outlet
    tokens, channels = x.shape
    _add_norm[(tokens,)](
        x, x if branch is None else branch, multiply if gate is None else gate, multiply, add, out,
        multiply if steps is None else steps,
        first_tokens, 0 if gate is None else gate.stride(0), multiply.stride(0), add.stride(0),
        channels=channels, block=triton.next_power_of_2(channels),
        has_branch=branch is not None, has_gate=gate is not None, is_coded=steps is not None, eps=EPSILON,
        num_warps=8,
    )  # fmt: skip


@triton.jit
def _norm_rotate(
    x, weight, cosines, sines, stride,
    channels: tl.constexpr, block: tl.constexpr, half: tl.constexpr, is_rotated: tl.constexpr, eps: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    channel = tl.arange(0, block)
    inside = channel < channels
    value = tl.load(x + row * stride + channel, mask=inside, other=0.0).to(tl.float32)
    value *= tl.rsqrt(tl.sum(value * value, axis=0) / channels + eps)
    value *= tl.load(weight + channel, mask=inside, other=0.0).to(tl.float32)
    if is_rotated:
        even, odd = tl.split(tl.reshape(value, (block // 2, 2)))
        pair = tl.arange(0, block // 2)
        at = row * half + pair % half
        cos = tl.load(cosines + at, mask=pair < channels // 2, other=0.0)
        sin = tl.load(sines + at, mask=pair < channels // 2, other=0.0)
        value = tl.reshape(tl.join(even * cos - odd * sin, even * sin + odd * cos), (block,))
    tl.store(x + row * stride + channel, value.to(x.dtype.element_ty), mask=inside)


def norm_rotate(x: torch.Tensor, weight: torch.Tensor, rotation: tuple[torch.Tensor, torch.Tensor] | None) -> None:
    tokens, channels = x.shape
    cosines, sines = rotation or (weight, weight)
    _norm_rotate[(tokens,)](
        x, weight, cosines, sines, x.stride(0),
        channels=channels, block=triton.next_power_of_2(channels), half=cosines.shape[-1],
        is_rotated=rotation is not None, eps=EPSILON, num_warps=4,
    )  # fmt: skip
