"""eight_bits.py on a GPU. Each kernel is compiled once per channel count, for every size of picture and number of
tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
import triton
import triton.language as tl
from triton.tools.tensor_descriptor import TensorDescriptor

from .kernels import LEAST_LENGTH

# Values that one program of an element-wise kernel works on.
VALUES = 4096

# Where several columns of tiles share a row of them, so many rows are worked on together, for the cache's sake.
ROWS_TOGETHER = 8


@dataclass(frozen=True)
class Tiles:
    """What one program of a product works on, how far ahead it loads, and whether it has the bulk copies for that which
    came with Hopper."""

    rows: int
    columns: int
    depth: int
    stages: int
    warps: int
    copies_in_bulk: bool


# By the GPU's architecture. Hopper has 227 KiB of shared memory for each program, the consumer's cards have 99.
TILES = {
    (8, 6): Tiles(rows=128, columns=128, depth=64, stages=4, warps=8, copies_in_bulk=False),
    (8, 9): Tiles(rows=128, columns=128, depth=64, stages=4, warps=8, copies_in_bulk=False),
    (9, 0): Tiles(rows=256, columns=128, depth=128, stages=4, warps=8, copies_in_bulk=True),
    (12, 0): Tiles(rows=128, columns=128, depth=128, stages=3, warps=8, copies_in_bulk=True),
}
# For architectures that are not in the table: it fits all that have products of 8 bits.
SMALL_TILES = TILES[8, 6]


def pick_tiles() -> Tiles:
    return TILES.get(torch.cuda.get_device_capability(), SMALL_TILES)


@triton.jit
def _multiply(
    x, weight, out, scale, shift, row_scale, x_rows, rows, frame_rows, line_rows, row_tiles,
    channels: tl.constexpr, outputs: tl.constexpr, frames: tl.constexpr, side: tl.constexpr,
    tile_rows: tl.constexpr, tile_columns: tl.constexpr, tile_depth: tl.constexpr, stages: tl.constexpr,
    has_row_scale: tl.constexpr, has_gelu: tl.constexpr, rows_together: tl.constexpr, copies_in_bulk: tl.constexpr,
):  # fmt: skip
    # A tap of a convolution is nothing but a shift of the row number.
    taps: tl.constexpr = frames * side * side
    across: tl.constexpr = outputs // tile_columns
    together: tl.constexpr = rows_together * across
    tile = tl.program_id(0)
    first_tile = tile // together * rows_together
    height = tl.minimum(row_tiles - first_tile, rows_together)
    row = (first_tile + tile % together % height) * tile_rows
    column = tile % together // height * tile_columns
    total = tl.zeros((tile_rows, tile_columns), dtype=tl.int32)
    for turn in tl.range(0, taps * (channels // tile_depth), num_stages=stages):
        tap = turn % taps
        at = turn // taps * tile_depth
        moved = row + tap // (side * side) * frame_rows + tap // side % side * line_rows + tap % side
        if copies_in_bulk:
            some, weights = x.load([moved, at]), weight.load([tap * outputs + column, at])
        else:
            line, depth = moved + tl.arange(0, tile_rows), at + tl.arange(0, tile_depth)
            some = tl.load(
                x + line.to(tl.int64)[:, None] * channels + depth[None, :], mask=(line < x_rows)[:, None], other=0
            )
            line = tap * outputs + column + tl.arange(0, tile_columns)
            weights = tl.load(weight + line[:, None] * channels + depth[None, :])
        total = tl.dot(some, weights.T, total, out_dtype=tl.int32)
    # In two halves, so that fewer values are on their way at a time.
    left, right = tl.split(tl.permute(tl.reshape(total, (tile_rows, 2, tile_columns // 2)), (0, 2, 1)))
    place = row + tl.arange(0, tile_rows)
    for half in tl.static_range(2):
        output = column + half * (tile_columns // 2) + tl.arange(0, tile_columns // 2)
        value = (left if half == 0 else right).to(tl.float32) * tl.load(scale + output)[None, :]
        if has_row_scale:
            value *= tl.load(row_scale + place, mask=place < rows, other=0.0)[:, None]
        value += tl.load(shift + output).to(tl.float32)[None, :]
        if has_gelu:
            value *= tl.sigmoid(1.5957691216057308 * (value + 0.044715 * value * value * value))
        if copies_in_bulk:
            out.store([row, column + half * (tile_columns // 2)], value.to(tl.bfloat16))
        else:
            to = place.to(tl.int64)[:, None] * outputs + output[None, :]
            tl.store(out + to, value.to(tl.bfloat16), mask=(place < rows)[:, None])


def multiply(
    x: torch.Tensor,
    weight: torch.Tensor,
    factors: tuple[torch.Tensor, torch.Tensor, torch.Tensor | None],
    rows: int,
    *,
    steps: tuple[int, int] | None = None,
    has_gelu: bool = False,
    tiles: Tiles | None = None,
) -> torch.Tensor:
    """`factors` are each output's scale and what is added to it, and each row's scale. `steps` is how many rows further
    the next frame and the next line are, for a convolution of 3x3x3."""
    tiles = tiles or pick_tiles()
    scale, shift, row_scale = factors
    frames, side = (3, 3) if steps else (1, 1)
    outputs, channels = len(scale), x.shape[1]
    out = torch.empty(rows, outputs, device=x.device, dtype=torch.bfloat16)
    columns, depth = math.gcd(tiles.columns, outputs), math.gcd(tiles.depth, channels)
    row_tiles = triton.cdiv(rows, tiles.rows)
    blocks = [[tiles.rows, depth], [columns, depth], [tiles.rows, columns // 2]]
    tensors: list[Any] = [x, weight, out]
    if tiles.copies_in_bulk:
        tensors = [TensorDescriptor.from_tensor(*each) for each in zip(tensors, blocks, strict=True)]
    _multiply[(row_tiles * (outputs // columns),)](
        *tensors, scale, shift, scale if row_scale is None else row_scale, len(x), rows, *(steps or (0, 0)), row_tiles,
        channels=channels, outputs=outputs, frames=frames, side=side,
        tile_rows=tiles.rows, tile_columns=columns, tile_depth=depth, stages=tiles.stages,
        has_row_scale=row_scale is not None, has_gelu=has_gelu, rows_together=1 if steps else ROWS_TOGETHER,
        copies_in_bulk=tiles.copies_in_bulk, num_warps=tiles.warps,
    )  # fmt: skip
    return out


@triton.jit
def _norm_silu(
    x, plus, bias, gamma, inverse, zero, out, seen, rows, first_seen, width, height, out_width, out_height,
    x_line, x_frame, plus_line, plus_frame,
    channels: tl.constexpr, block: tl.constexpr, rows_each: tl.constexpr, has_plus: tl.constexpr,
    has_bias: tl.constexpr, has_seen: tl.constexpr, keeps_sum: tl.constexpr, is_coded: tl.constexpr,
    least: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0) * rows_each + tl.arange(0, rows_each)
    column, line = row % out_width, row // out_width % out_height
    frame = (row // (out_width * out_height)).to(tl.int64)
    channel = tl.arange(0, block)
    is_there = ((row < rows) & (column < width) & (line < height))[:, None] & (channel < channels)[None, :]
    place = column * channels
    at = (frame * x_frame + line * x_line + place)[:, None] + channel[None, :]
    value = tl.load(x + at, mask=is_there, other=0.0).to(tl.float32)
    if has_bias:
        value += tl.load(bias + channel, mask=channel < channels, other=0.0).to(tl.float32)[None, :]
    if has_plus:
        other = (frame * plus_frame + line * plus_line + place)[:, None] + channel[None, :]
        value += tl.load(plus + other, mask=is_there, other=0.0).to(tl.float32)
    if keeps_sum:
        tl.store(x + at, value.to(x.dtype.element_ty), mask=is_there)
    length = tl.maximum(tl.sqrt(tl.sum(value * value, axis=1)), least)
    weight = tl.load(gamma + channel, mask=channel < channels, other=0.0).to(tl.float32)
    value = value * (tl.sqrt(channels * 1.0) / length)[:, None] * weight[None, :]
    value = value * tl.sigmoid(value)
    if is_coded:
        # What lies between lines and between frames is nought.
        value = tl.where(is_there, value, 0.0)
        value = value * tl.load(inverse + channel, mask=channel < channels, other=0.0)[None, :]
        value += tl.load(zero + channel, mask=channel < channels, other=0.0)[None, :]
        value = tl.floor(tl.minimum(tl.maximum(value, -128.0), 127.0) + 0.5)
    coded = value.to(out.dtype.element_ty)
    inside = (row < rows)[:, None] & (channel < channels)[None, :]
    to = row.to(tl.int64)[:, None] * channels + channel[None, :]
    tl.store(out + to, coded, mask=inside)
    if has_seen:
        tl.store(seen + to - first_seen * channels, coded, mask=inside & (row >= first_seen)[:, None])


def norm_silu(
    x: torch.Tensor,
    terms: tuple[torch.Tensor | None, torch.Tensor | None],
    gamma: torch.Tensor,
    inlet: tuple[torch.Tensor, torch.Tensor | None],
    *,
    keeps_sum: bool,
    code: tuple[torch.Tensor, torch.Tensor] | None = None,
) -> None:
    (plus, bias), (out, seen) = terms, inlet
    _, height, width, channels = x.shape
    out_height, out_width = (height + 1, width + 1) if code else (height, width)
    rows = out.numel() // channels
    block = triton.next_power_of_2(channels)
    rows_each = max(1, VALUES // block)
    inverse, zero = code or (gamma, gamma)
    other = x if plus is None else plus
    _norm_silu[(triton.cdiv(rows, rows_each),)](
        x, other, gamma if bias is None else bias, gamma, inverse, zero, out, out if seen is None else seen,
        rows, 0 if seen is None else rows - seen.numel() // channels, width, height, out_width, out_height,
        x.stride(1), x.stride(0), other.stride(1), other.stride(0),
        channels=channels, block=block, rows_each=rows_each, has_plus=plus is not None, has_bias=bias is not None,
        has_seen=seen is not None, keeps_sum=keeps_sum and not (plus is None and bias is None),
        is_coded=code is not None, least=LEAST_LENGTH, num_warps=8,
    )  # fmt: skip


@triton.jit
def _add(
    x, plus, bias, out, rows, width, height, x_line, x_frame, plus_line, plus_frame,
    channels: tl.constexpr, block: tl.constexpr, rows_each: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0) * rows_each + tl.arange(0, rows_each)
    column, line = row % width, row // width % height
    frame = (row // (width * height)).to(tl.int64)
    channel = tl.arange(0, block)
    inside = (row < rows)[:, None] & (channel < channels)[None, :]
    place = (column * channels)[:, None] + channel[None, :]
    total = tl.load(x + (frame * x_frame + line * x_line)[:, None] + place, mask=inside, other=0.0).to(tl.float32)
    other = (frame * plus_frame + line * plus_line)[:, None] + place
    total += tl.load(plus + other, mask=inside, other=0.0).to(tl.float32)
    total += tl.load(bias + channel, mask=channel < channels, other=0.0).to(tl.float32)[None, :]
    to = row.to(tl.int64)[:, None] * channels + channel[None, :]
    tl.store(out + to, total.to(out.dtype.element_ty), mask=inside)


def add(x: torch.Tensor, plus: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Into a new tensor without gaps."""
    frames, height, width, channels = x.shape
    out = torch.empty(x.shape, device=x.device, dtype=x.dtype)
    block = triton.next_power_of_2(channels)
    rows_each = max(1, VALUES // block)
    rows = frames * height * width
    _add[(triton.cdiv(rows, rows_each),)](
        x, plus, bias, out, rows, width, height, x.stride(1), x.stride(0), plus.stride(1), plus.stride(0),
        channels=channels, block=block, rows_each=rows_each, num_warps=8,
    )  # fmt: skip
    return out


@triton.jit
def _encode(x, out, scale, stride, channels: tl.constexpr, block: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    channel = tl.arange(0, block)
    inside = channel < channels
    value = tl.load(x + row * stride + channel, mask=inside, other=0.0).to(tl.float32)
    step = tl.maximum(tl.max(tl.abs(value), axis=0), 1e-12) / 127.0
    tl.store(scale + row, step)
    tl.store(out + row * channels + channel, tl.floor(value / step + 0.5).to(tl.int8), mask=inside)


def encode(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    tokens, channels = x.shape
    out = torch.empty(tokens, channels, device=x.device, dtype=torch.int8)
    scale = torch.empty(tokens, device=x.device, dtype=torch.float32)
    block = triton.next_power_of_2(channels)
    _encode[(tokens,)](
        x, out, scale, x.stride(0), channels=channels, block=block, num_warps=16 if block > VALUES else 4
    )  # fmt: skip
    return out, scale


@triton.jit
def _to_float8(x, out, stride, channels: tl.constexpr, block: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    channel = tl.arange(0, block)
    inside = channel < channels
    value = tl.load(x + row * stride + channel, mask=inside, other=0.0).to(tl.float32)
    value = tl.minimum(tl.maximum(value, -448.0), 448.0)
    tl.store(out + row * channels + channel, value.to(tl.float8e4nv), mask=inside)


def to_float8(x: torch.Tensor) -> torch.Tensor:
    tokens, heads, channels = x.shape
    out = torch.empty(x.shape, device=x.device, dtype=torch.float8_e4m3fn)
    block = triton.next_power_of_2(heads * channels)
    _to_float8[(tokens,)](x, out, x.stride(0), channels=heads * channels, block=block, num_warps=4)
    return out
