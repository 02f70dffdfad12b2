"""Attention by the fastest kernel that this GPU has: exact, or in 8 bits."""

import importlib
import logging
from collections.abc import Callable
from functools import cache

import torch
from torch.nn import functional

from .eight_bits import to_float8

log = logging.getLogger("engine.attention")

# FlashAttention 3 exists for this one architecture.
HOPPER = (9, 0)

Kernel = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Takes and returns (tokens, heads, channels); rows may lie apart in memory."""
    if query.is_cuda and query.dtype == torch.bfloat16 and (kernel := find_flash_attention()):
        return kernel(query[None], key[None], value[None])[0]
    return plain_attention(query, key, value)


def attend_in_8_bits(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """As attend; where FlashAttention 3 does not run, in 16 bits."""
    if query.is_cuda and query.dtype == torch.bfloat16 and (kernel := find_flash_attention()):
        return kernel(*(to_float8(part)[None] for part in (query, key, value)))[0]
    return attend(query, key, value)


def plain_attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """On NVIDIA cards of Hopper and later PyTorch has cuDNN's."""
    query, key, value = (each.transpose(0, 1)[None] for each in (query, key, value))
    return functional.scaled_dot_product_attention(query, key, value)[0].transpose(0, 1)


@cache
def find_flash_attention() -> Kernel | None:
    """FlashAttention 3, where the package fa3-fwd is installed, fits this PyTorch and this GPU, and computes right."""
    if torch.cuda.get_device_capability() != HOPPER:
        return None
    try:
        kernel: Kernel = importlib.import_module("fa3_fwd_interface").flash_attn_func
        q, k, v = (torch.randn(200, 2, 128, device="cuda", dtype=torch.bfloat16) for _ in range(3))
        apart = (kernel(q[None], k[None], v[None])[0] - plain_attention(q, k, v)).abs().max().item()
    except (ImportError, OSError, RuntimeError) as error:
        log.info("attention is cuDNN's: FlashAttention 3 is not to be had (%s)", error)
        return None
    if not apart < 0.05:
        log.warning("attention is cuDNN's: FlashAttention 3 is off by %.3f", apart)
        return None
    log.info("attention is FlashAttention 3's")
    return kernel
