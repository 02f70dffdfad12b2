"""Products in 8 bits: the Triton kernels compute what the plain versions compute, by Triton's interpreter where there
is no GPU; compile for each kind of GPU; and stay as near to the exact products as 8 bits allow."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from render_server.engines.wan import eight_bits, kernels, transformer_kernels
from render_server.engines.wan.decoder import CausalConvolution
from render_server.engines.wan.eight_bits import CodedConvolution, CodedLinear

if not importlib.util.find_spec("triton"):
    pytest.skip("Triton has no packages for this system", allow_module_level=True)

from render_server.engines.wan import triton_eight_bits, triton_transformer_kernels
from render_server.engines.wan.triton_eight_bits import TILES, Tiles

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SMALL = [Tiles(rows=32, columns=32, depth=32, stages=2, warps=4, copies_in_bulk=copies) for copies in (False, True)]
CLOSE = 2**-7


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compared with."""
    for module in (kernels, eight_bits):
        monkeypatch.setattr(module, "triton_eight_bits", None)
    monkeypatch.setattr(kernels, "triton_kernels", None)
    monkeypatch.setattr(transformer_kernels, "has_triton", lambda: False)


def random(*shape: int) -> torch.Tensor:
    return torch.randn(shape, device=DEVICE, dtype=torch.bfloat16)


def create_convolution(channels: int, outputs: int) -> tuple[torch.nn.Conv3d, torch.Tensor]:
    layer = torch.nn.Conv3d(channels, outputs, 3).to(DEVICE, torch.bfloat16)
    return layer, torch.rand(channels, device=DEVICE).to(torch.bfloat16) + 0.5


def gapped(*shape: int) -> torch.Tensor:
    frames, height, width, channels = shape
    return random(frames, height + 1, width + 1, channels)[:, :height, :width]


def relative(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one.detach().float() - other.detach().float()).norm() / other.detach().float().norm())


def test_a_convolution_in_8_bits_is_near_the_exact_one_over_several_chunks() -> None:
    layer, gamma = create_convolution(64, 64)
    coded, exact = CodedConvolution(layer, gamma), CausalConvolution(layer, gamma)
    for frames in (1, 1, 4, 4):
        x, plus, bias = random(frames, 5, 7, 64), random(frames, 5, 7, 64), random(64)
        made = []
        for convolution in (coded, exact):
            summed = convolution.take(x.clone(), (plus, bias))
            assert relative(summed, x + plus + bias) < CLOSE
            made.append(convolution())
        assert relative(*made) < 0.02
    coded.forget()
    exact.forget()
    for convolution in (coded, exact):
        convolution.take(x.clone(), (None, None))
    assert relative(coded(), exact()) < 0.02


@pytest.mark.parametrize("tiles", SMALL)
@pytest.mark.parametrize("frames", [1, 3])
def test_the_kernels_of_a_convolution_compute_what_the_plain_ones_do(frames: int, tiles: Tiles) -> None:
    layer, gamma = create_convolution(64, 96)
    convolution = CodedConvolution(layer, gamma)
    convolution.take(random(2, 5, 7, 64), (None, None))
    convolution()
    x, plus, bias = gapped(frames, 5, 7, 64), gapped(frames, 5, 7, 64), random(64)
    kept = convolution._seen
    convolution.take(x.clone(), (plus, bias))
    taken = convolution._input
    assert taken is not None
    # (lead, history, frames) as the plain version wrote them; the kernel writes the frames.
    rest = taken[-frames * 6 * 8 :]
    out, seen = torch.full_like(rest, 77), torch.full_like(rest[-2 * 6 * 8 :], 77)
    code = convolution._inverse, convolution._zero
    triton_eight_bits.norm_silu(
        x, (plus, bias), gamma, (out, seen if frames > 1 else None), keeps_sum=True, code=code
    )  # fmt: skip
    assert (out.int() - rest.int()).abs().max() <= 1
    assert (out != rest).float().mean() < 0.02
    if frames > 1:
        assert torch.equal(seen, out[-2 * 6 * 8 :])
    assert kept is not None

    factors = convolution._step, convolution._shift, None
    made = triton_eight_bits.multiply(
        taken, convolution._weight, factors, frames * 6 * 8, steps=(6 * 8, 8), tiles=tiles
    ).view(frames, 6, 8, 96)[:, :5, :7]
    torch.testing.assert_close(made, convolution(), rtol=CLOSE, atol=CLOSE)


def test_the_product_compiles_for_each_architecture_and_fits_its_shared_memory() -> None:
    tests = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": str(tests.parent), "TRITON_INTERPRET": "0"}
    program = [sys.executable, str(tests / "compiles_for_each_gpu.py")]
    ran = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    lines = [line.split() for line in ran.stdout.splitlines()]
    assert [line[:2] for line in lines] == [
        [f"sm_{major}{minor}", kind] for major, minor in TILES for kind in ("convolution", "linear")
    ]
    for architecture, _, shared, *instructions in lines:
        # More than one tile of each: the next one is on its way while this one is multiplied.
        room = 227 if architecture == "sm_90" else 99
        assert 32 * 1024 < int(shared) <= room * 1024, architecture
        copies = "cp.async.cg" if architecture in {"sm_86", "sm_89"} else "cp.async.bulk"
        assert instructions == [copies, "wgmma.mma_async" if architecture == "sm_90" else "mma.sync"]


def test_one_product_of_several_layers_is_theirs_side_by_side() -> None:
    layers = [torch.nn.Linear(64, outputs).to(DEVICE, torch.bfloat16) for outputs in (32, 64)]
    x = random(50, 64)
    exact = torch.cat([layer(x).detach() for layer in layers], dim=1)
    assert relative(CodedLinear(*layers)(x), exact) < 0.02


def test_norm_and_sum_over_gaps() -> None:
    x, plus, bias, gamma = gapped(2, 3, 5, 24), gapped(2, 3, 5, 24), random(24), random(24)
    dense = x.clone(memory_format=torch.contiguous_format)
    expected = torch.empty_like(dense)
    kernels.norm_silu(dense, gamma, (expected, None), terms=(plus, bias))
    out = torch.full_like(expected, 7)
    copy = torch.empty(2, 4, 6, 24, device=DEVICE, dtype=x.dtype)[:, :3, :5].copy_(x)
    triton_eight_bits.norm_silu(copy, (plus, bias), gamma, (out, None), keeps_sum=True)
    torch.testing.assert_close(out, expected, rtol=CLOSE, atol=CLOSE)
    torch.testing.assert_close(copy, dense, rtol=CLOSE, atol=CLOSE)
    summed = triton_eight_bits.add(x, plus, bias)
    assert summed.is_contiguous()
    torch.testing.assert_close(summed, dense, rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("tiles", SMALL)
@pytest.mark.parametrize("has_gelu", [False, True])
def test_a_product_of_tokens(has_gelu: bool, tiles: Tiles) -> None:
    layer = torch.nn.Linear(64, 96).to(DEVICE, torch.bfloat16)
    x = random(50, 64)
    exact = functional.linear(x.float(), layer.weight.float(), layer.bias.float())
    coded = CodedLinear(layer)
    assert layer.weight.numel() == 0
    expected = coded.with_gelu(x) if has_gelu else coded(x)
    assert relative(expected, functional.gelu(exact, approximate="tanh") if has_gelu else exact) < 0.02
    codes = triton_eight_bits.encode(x)
    for fused, plain in zip(codes, eight_bits.encode(x), strict=True):
        torch.testing.assert_close(fused.float(), plain.float(), atol=1, rtol=1e-6)
    factors = coded._step, coded._bias, codes[1]
    made = triton_eight_bits.multiply(codes[0], coded._weight, factors, 50, has_gelu=has_gelu, tiles=tiles)
    torch.testing.assert_close(made, expected, rtol=0.02, atol=0.02)


def test_attention_s_input_in_8_bits() -> None:
    # A part of a merged product: rows lie apart; and one value is out of range.
    # What needs no rounding, which the interpreter does in its own way.
    x = random(7, 3, 2, 24).to(torch.float8_e4m3fn).to(torch.bfloat16)[:, 1]
    x[0, 0, 0] = 1000
    made = triton_eight_bits.to_float8(x).float()
    assert made.max() == 448
    torch.testing.assert_close(made, eight_bits.to_float8(x).float(), rtol=0, atol=0)


def test_layer_norm_into_codes() -> None:
    x, branch = random(7, 48), random(7, 48)
    modulation = torch.randn(2, 6, 48, device=DEVICE)
    affine: Any = (modulation[:, 1], modulation[:, 3])
    made = []
    for add_norm in (transformer_kernels.add_norm_codes, triton_transformer_kernels.add_norm_codes):
        copy = x.clone()
        values, step = add_norm(copy, branch, modulation[:, 2], affine, 3)
        made.append((copy, values * step[:, None]))
    (plain_x, plain_values), (fused_x, fused_values) = made
    torch.testing.assert_close(fused_x, plain_x, rtol=CLOSE, atol=CLOSE)
    # One code more or less.
    torch.testing.assert_close(fused_values, plain_values, rtol=0, atol=float(plain_values.abs().max()) / 60)
