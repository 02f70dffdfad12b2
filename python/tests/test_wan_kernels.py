"""The Triton kernels compute what the plain versions beside them compute: on a GPU, or by Triton's interpreter, which
requirements-engines.txt brings on Linux."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
import torch

from render_server.engines.wan import kernels, transformer_kernels

if not importlib.util.find_spec("triton"):
    pytest.skip("Triton has no packages for this system", allow_module_level=True)

from render_server.engines.wan import triton_kernels, triton_transformer_kernels

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
# Of 16 bits: half of the last of eight binary digits, and a sum's order.
CLOSE = 2**-7


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compared with."""
    monkeypatch.setattr(kernels, "triton_kernels", None)
    monkeypatch.setattr(transformer_kernels, "has_triton", lambda: False)


def assert_close(one: torch.Tensor, other: torch.Tensor, within: float = CLOSE) -> None:
    torch.testing.assert_close(one, other, rtol=within, atol=within)


def random(*shape: int, dtype: torch.dtype = torch.bfloat16) -> torch.Tensor:
    return torch.randn(shape, device=DEVICE, dtype=dtype)


@pytest.mark.parametrize("has_terms", [False, True])
@pytest.mark.parametrize("keeps_sum", [False, True])
def test_norm_and_activation(has_terms: bool, keeps_sum: bool) -> None:
    x, gamma = random(3, 5, 4, 24), random(24)
    terms = (random(3, 5, 4, 24), random(24)) if has_terms else (None, None)
    made = []
    for fused in (False, True):
        copy, out, seen = x.clone(), torch.full_like(x, 7), torch.full_like(x[:2], 7)
        if fused:
            triton_kernels.add_norm_silu(copy, terms, gamma, (out, seen), keeps_sum=keeps_sum)
        else:
            kernels.norm_silu(copy, gamma, (out, seen), terms=terms, keeps_sum=keeps_sum)
        made.append((copy, out, seen))
    (plain_x, plain_out, plain_seen), (fused_x, fused_out, fused_seen) = made
    assert_close(fused_out, plain_out)
    assert_close(fused_seen, plain_out[1:])
    torch.testing.assert_close(plain_seen, plain_out[1:])
    assert_close(fused_x, plain_x if keeps_sum else x)


def test_sum_of_three() -> None:
    x, plus, bias = random(2, 3, 5, 24), random(2, 3, 5, 24), random(24)
    fused = triton_kernels.add(x.clone(), plus, bias)
    assert_close(fused, kernels.add(x.clone(), plus, bias))


@pytest.mark.parametrize("frames", [1, 2, 4])
def test_last_convolution(frames: int) -> None:
    bias = random(12)
    sizes = [2, *([frames - 2] if frames > 2 else []), min(frames, 2)]
    products = [random(size, 5, 3, 336) / 9 for size in sizes]
    plain, fused = (
        gather(products, bias, **options)
        for gather, options in [
            (kernels.gather_pixels, {"frames": frames, "patch": 2}),
            (triton_kernels.gather_pixels, {"frames": frames, "patch": 2}),
        ]
    )
    assert plain.shape == fused.shape == (frames, 10, 6, 3)
    assert plain.float().std() > 20
    assert (plain.int() - fused.int()).abs().max() <= 1


@pytest.mark.parametrize("case", ["first", "branch", "gated branch"])
def test_residual_and_layer_norm(case: str) -> None:
    x, branch = random(7, 48), random(7, 48) if case != "first" else None
    modulation = random(2, 6, 48, dtype=torch.float32)
    gate = modulation[:, 2] if case == "gated branch" else None
    affine: Any = (modulation[:, 1], torch.randn(48, device=DEVICE).expand(2, -1))
    made = []
    for add_norm in (transformer_kernels.add_norm, triton_transformer_kernels.add_norm):
        copy = x.clone()
        made.append((copy, add_norm(copy, branch, gate, affine, 3)))
    for plain, fused in zip(*made, strict=True):
        assert_close(fused, plain, within=2**-6)


@pytest.mark.parametrize("is_rotated", [False, True])
def test_norm_and_rotation(is_rotated: bool) -> None:
    # A part of a merged product: rows lie apart.
    merged, weight = random(7, 3 * 48), random(48)
    angles = torch.randn(7, 12, device=DEVICE)
    rotation = (angles.cos(), angles.sin()) if is_rotated else None
    made = []
    for norm_rotate in (transformer_kernels.norm_rotate, triton_transformer_kernels.norm_rotate):
        copy = merged.clone()
        norm_rotate(copy[:, 48:96], weight, rotation)
        made.append(copy)
    assert_close(made[1], made[0])
    assert torch.equal(made[1][:, :48], merged[:, :48])


def test_product_and_gelu() -> None:
    x, weight, bias = random(50, 64), random(96, 64) / 8, random(96)
    exact = torch.nn.functional.gelu(x.double() @ weight.double().t() + bias.double(), approximate="tanh")
    assert_close(transformer_kernels.linear_gelu(x, weight, bias), exact.to(x.dtype))
