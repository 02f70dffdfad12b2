"""The element-wise work between the transformer's products, each in one pass over memory.

Tensors are (tokens, channels). Arithmetic is in 32 bits and rounded once. On a GPU Triton kernels do this; elsewhere
plain PyTorch does the same.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from .eight_bits import Codes, encode
from .kernels import has_triton

if has_triton():
    from . import triton_transformer_kernels as fused

# As the model has it, in all its norms.
EPSILON = 1e-6


def add_norm(
    x: torch.Tensor,
    branch: torch.Tensor | None,
    gate: torch.Tensor | None,
    affine: tuple[torch.Tensor, torch.Tensor],
    first_tokens: int,
) -> torch.Tensor:
    """Replaces x by x + branch * gate, and returns the layer norm of that, times affine[0], plus affine[1].

    The gate and both of `affine` are (2, channels) in 32 bits: one row for the first tokens, the picture's, and one for
    all others. No branch adds nothing; no gate is a gate of 1."""
    if x.is_cuda and has_triton():
        return fused.add_norm(x, branch, gate, affine, first_tokens)
    which = (torch.arange(len(x), device=x.device) >= first_tokens).long()
    if branch is not None:
        x.copy_(x.float() + (branch.float() if gate is None else branch.float() * gate[which]))
    normed = functional.layer_norm(x.float(), x.shape[1:], eps=EPSILON)
    return (normed * affine[0][which] + affine[1][which]).to(x.dtype)


def add_norm_codes(
    x: torch.Tensor,
    branch: torch.Tensor | None,
    gate: torch.Tensor | None,
    affine: tuple[torch.Tensor, torch.Tensor],
    first_tokens: int,
) -> Codes:
    """As add_norm, in 8 bits."""
    if x.is_cuda and has_triton():
        return Codes(*fused.add_norm_codes(x, branch, gate, affine, first_tokens))
    return encode(add_norm(x, branch, gate, affine, first_tokens))


def norm_rotate(x: torch.Tensor, weight: torch.Tensor, rotation: tuple[torch.Tensor, torch.Tensor] | None) -> None:
    """Replaces x by x / its root mean square * weight, then turns each head's pairs of neighbours by the token's
    angles: `rotation` is their cosines and sines, (tokens, channels of a head / 2) in 32 bits. Rows may lie apart in
    memory."""
    if x.is_cuda and has_triton():
        fused.norm_rotate(x, weight, rotation)
        return
    wide = functional.rms_norm(x.float(), x.shape[1:], weight.float(), EPSILON)
    if rotation:
        cos, sin = (part[:, None] for part in rotation)
        even, odd = wide.view(len(x), -1, cos.shape[-1], 2).unbind(-1)
        wide = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).view(x.shape)
    x.copy_(wide)


def linear_gelu(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """GELU, by the tangent, of the product: on a GPU before the product is ever written."""
    if x.is_cuda:
        return torch._addmm_activation(bias, x, weight.t(), use_gelu=True)
    return functional.gelu(functional.linear(x, weight, bias), approximate="tanh")
