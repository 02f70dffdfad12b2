"""kernels.py on a GPU. Each kernel is compiled once per channel count, for every size of picture."""

import torch
import triton
import triton.language as tl

from .kernels import LEAST_LENGTH

# Values that one program works on: more would spill registers, fewer would leave the memory bus idle.
VALUES = 4096


@triton.jit
def _add_norm_silu(
    x, plus, bias, gamma, out, seen, rows, first_seen,
    channels: tl.constexpr, block: tl.constexpr, rows_each: tl.constexpr,
    has_plus: tl.constexpr, has_bias: tl.constexpr, has_seen: tl.constexpr, keeps_sum: tl.constexpr,
    least: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64) * rows_each + tl.arange(0, rows_each)
    channel = tl.arange(0, block)
    at = row[:, None] * channels + channel[None, :]
    inside = (row[:, None] < rows) & (channel[None, :] < channels)
    value = tl.load(x + at, mask=inside, other=0.0).to(tl.float32)
    if has_bias:
        value += tl.load(bias + channel, mask=channel < channels, other=0.0).to(tl.float32)[None, :]
    if has_plus:
        value += tl.load(plus + at, mask=inside, other=0.0).to(tl.float32)
    if keeps_sum:
        tl.store(x + at, value.to(x.dtype.element_ty), mask=inside)
    length = tl.maximum(tl.sqrt(tl.sum(value * value, axis=1)), least)
    scale = tl.load(gamma + channel, mask=channel < channels, other=0.0).to(tl.float32)
    value = value * (tl.sqrt(channels * 1.0) / length)[:, None] * scale[None, :]
    value = (value * tl.sigmoid(value)).to(out.dtype.element_ty)
    tl.store(out + at, value, mask=inside)
    if has_seen:
        tl.store(seen + at - first_seen * channels, value, mask=inside & (row[:, None] >= first_seen))


def add_norm_silu(
    x: torch.Tensor,
    terms: tuple[torch.Tensor | None, torch.Tensor | None],
    gamma: torch.Tensor,
    inlet: tuple[torch.Tensor, torch.Tensor | None],
    *,
    keeps_sum: bool,
) -> None:
    (plus, bias), (out, seen) = terms, inlet
    channels = x.shape[-1]
    rows = x.numel() // channels
    block = triton.next_power_of_2(channels)
    rows_each = max(1, VALUES // block)
    _add_norm_silu[(triton.cdiv(rows, rows_each),)](
        x, x if plus is None else plus, x if bias is None else bias, gamma, out, x if seen is None else seen,
        rows, 0 if seen is None else rows - seen.numel() // channels,
        channels=channels, block=block, rows_each=rows_each, has_plus=plus is not None, has_bias=bias is not None,
        has_seen=seen is not None, keeps_sum=keeps_sum and not (plus is None and bias is None), least=LEAST_LENGTH,
        num_warps=8,
    )  # fmt: skip


@triton.jit
def _double(
    quarter_0, quarter_1, quarter_2, quarter_3, bias, shortcut, out, rows, height, width,
    channels: tl.constexpr, block: tl.constexpr, rows_each: tl.constexpr,
    shortcut_channels: tl.constexpr, repeats: tl.constexpr, time_factor: tl.constexpr, first_frame: tl.constexpr,
):  # fmt: skip
    # A row is one voxel of a quarter; the second axis of the grid is which quarter.
    row = tl.program_id(0).to(tl.int64) * rows_each + tl.arange(0, rows_each)
    quarter = tl.program_id(1)
    top, left = quarter // 2, quarter % 2
    column, line, frame = row % width, row // width % height, row // (width * height)
    channel = tl.arange(0, block)
    inside = (row[:, None] < rows) & (channel[None, :] < channels)
    at = ((frame * (height + 1) + line + top) * (width + 1) + column + left)[:, None] * channels + channel[None, :]
    if quarter == 0:
        value = tl.load(quarter_0 + at, mask=inside, other=0.0)
    elif quarter == 1:
        value = tl.load(quarter_1 + at, mask=inside, other=0.0)
    elif quarter == 2:
        value = tl.load(quarter_2 + at, mask=inside, other=0.0)
    else:
        value = tl.load(quarter_3 + at, mask=inside, other=0.0)
    time = frame + first_frame
    seen = ((channel[None, :] * time_factor + (time % time_factor)[:, None]) * 4 + quarter) // repeats
    seen += ((time // time_factor * height + line) * width + column)[:, None] * shortcut_channels
    total = value.to(tl.float32) + tl.load(shortcut + seen, mask=inside, other=0.0).to(tl.float32)
    total += tl.load(bias + channel, mask=channel < channels, other=0.0).to(tl.float32)[None, :]
    place = (frame * 2 * height + 2 * line + top) * 2 * width + 2 * column + left
    tl.store(out + place[:, None] * channels + channel[None, :], total.to(out.dtype.element_ty), mask=inside)


def double(
    quarters: list[torch.Tensor],
    bias: torch.Tensor,
    shortcut: torch.Tensor,
    out: torch.Tensor,
    *,
    time_factor: int,
    first_frame: int,
) -> None:
    frames, height, width, channels = out.shape
    height, width = height // 2, width // 2
    rows = frames * height * width
    block = triton.next_power_of_2(channels)
    rows_each = max(1, VALUES // block)
    _double[(triton.cdiv(rows, rows_each), 4)](
        *quarters, bias, shortcut, out, rows, height, width,
        channels=channels, block=block, rows_each=rows_each, shortcut_channels=shortcut.shape[-1],
        repeats=channels * time_factor * 4 // shortcut.shape[-1], time_factor=time_factor, first_frame=first_frame,
        num_warps=8,
    )  # fmt: skip


@triton.jit
def _add(x, plus, bias, values, channels: tl.constexpr, block: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    inside = at < values
    total = tl.load(x + at, mask=inside, other=0.0).to(tl.float32)
    total += tl.load(plus + at, mask=inside, other=0.0).to(tl.float32)
    total += tl.load(bias + at % channels, mask=inside, other=0.0).to(tl.float32)
    tl.store(x + at, total.to(x.dtype.element_ty), mask=inside)


def add(x: torch.Tensor, plus: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    _add[(triton.cdiv(x.numel(), VALUES),)](
        x, plus, bias, x.numel(), channels=x.shape[-1], block=VALUES, num_warps=8
    )  # fmt: skip
    return x


@triton.jit
def _gather_pixels(
    old, fresh, late, bias, out, fresh_frames, height, width,
    row_length: tl.constexpr, outputs: tl.constexpr, patch: tl.constexpr, rows_each: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    # A row is one voxel of a frame; the second axis of the grid is the frame.
    row = tl.program_id(0) * rows_each + tl.arange(0, rows_each)
    frame = tl.program_id(1)
    output = tl.arange(0, block)
    line, column = row // width, row % width
    inside = (row < height * width)[:, None] & (output < outputs)[None, :]
    frame_length = (height * width).to(tl.int64) * row_length
    total = tl.zeros((rows_each, block), dtype=tl.float32)
    for step in tl.static_range(3):
        at = frame + step - 2
        if at < 0:
            source = old + (at + 2) * frame_length
        elif at < fresh_frames:
            source = fresh + at * frame_length
        else:
            source = late + (at - fresh_frames) * frame_length
        for tap in tl.static_range(9):
            up, left = line + tap // 3 - 1, column + tap % 3 - 1
            is_there = inside & ((up >= 0) & (up < height) & (left >= 0) & (left < width))[:, None]
            place = (up * width + left)[:, None] * row_length + (step * 9 + tap) * outputs + output[None, :]
            total += tl.load(source + place, mask=is_there, other=0.0).to(tl.float32)
    total += tl.load(bias + output, mask=output < outputs, other=0.0).to(tl.float32)[None, :]
    level = (tl.minimum(tl.maximum(total, -1.0), 1.0) + 1.0) * 127.5
    colour, right, down = output // (patch * patch), output // patch % patch, output % patch
    place = (frame * height * patch + line[:, None] * patch + down[None, :]) * width * patch
    place = (place + column[:, None] * patch + right[None, :]) * 3 + colour[None, :]
    tl.store(out + place, tl.floor(level + 0.5).to(tl.uint8), mask=inside)


def gather_pixels(products: list[torch.Tensor], bias: torch.Tensor, frames: int, patch: int) -> torch.Tensor:
    old, fresh, late = products if len(products) == 3 else (*products, products[-1])
    _, height, width, row_length = old.shape
    out = torch.empty(frames, height * patch, width * patch, 3, device=bias.device, dtype=torch.uint8)
    rows_each = 128
    _gather_pixels[(triton.cdiv(height * width, rows_each), frames)](
        old, fresh, late, bias, out, len(fresh), height, width,
        row_length=row_length, outputs=len(bias), patch=patch, rows_each=rows_each,
        block=triton.next_power_of_2(len(bias)), num_warps=8,
    )  # fmt: skip
    return out
