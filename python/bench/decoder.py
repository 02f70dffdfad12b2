"""Our decoder and diffusers' own on the same latents: how long, and how far apart?"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from diffusers import AutoencoderKLWan

from render_server.engines.wan.decoder import Decoder
from render_server.engines.wan.frames import to_host
from render_server.engines.wan.gpu import forget_peak, pick_device, read_memory
from render_server.engines.wan.memory import GIB
from render_server.engines.wan.sampling import LatentShape, noises

from .checkpoint import FULL, TINY, create_random_vae
from .floor import floor_of

DEVICE = pick_device()
Result = TypeVar("Result")


def compare_decoders(model: Path, shape: LatentShape) -> list[str]:
    vae, latents = load(model), next(noises(3, shape)).to(DEVICE)
    (eager, eager_seconds) = timed(lambda: decode_eagerly(vae, latents))
    decoder = Decoder(vae)
    forget_peak(DEVICE)
    before = read_memory(DEVICE).peak_bytes
    (ours, _) = timed(lambda: torch.cat(list(decoder.decode(latents))))
    beside = (read_memory(DEVICE).peak_bytes - before) / GIB
    # As a render does it: what the encoder takes, in pinned memory.
    (_, seconds) = timed(lambda: sum(len(frames) for frames in to_host(decoder.decode(latents))))
    return [
        f"ours {seconds:.2f} s with {beside:.1f} GiB beside the weights",
        f"{floor_of(shape).decoding / seconds:.0%} of the floor",
        f"diffusers {eager_seconds:.2f} s",
        f"apart {psnr(ours.cpu(), eager.cpu()):.1f} dB",
    ]


@torch.no_grad()
def compare_with_exact(is_tiny: bool, shape: LatentShape) -> list[str]:
    """Both in 16 bits against diffusers' in 32, on ordinary random weights: the checkpoint's own quieten each residual
    branch, and any error within it, to a thousandth."""
    torch.manual_seed(0)
    with torch.device(DEVICE):
        vae: Any = create_random_vae(TINY if is_tiny else FULL)
    for name, weight in vae.named_parameters():
        if name.endswith("gamma"):
            weight.copy_(torch.rand_like(weight) + 0.5)
    latents = next(noises(3, shape)).to(DEVICE)
    exact = values_of(vae, latents)
    vae = vae.to(torch.bfloat16)
    eager = apart(values_of(vae, latents), exact)
    # Half a level of 8 bits is left of the rounding.
    frames = torch.cat(list(Decoder(vae).decode(latents)))
    ours = apart(frames.float() / 127.5 - 1, exact.clamp(-1, 1))
    return [f"ordinary random weights, off 32 bits: ours {ours:.2%}, diffusers in 16 bits {eager:.2%}"]


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    """Of the other's own deviation."""
    return float((one.float() - other.float()).square().mean().sqrt() / other.float().std())


def load(model: Path) -> Any:
    dtype = torch.bfloat16 if DEVICE.type == "cuda" else torch.float32
    vae: Any = AutoencoderKLWan.from_pretrained(model, subfolder="vae", dtype=dtype)
    return vae.to(DEVICE)


@torch.inference_mode()
def decode_eagerly(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """As Decoder.decode, all frames at once."""
    pixels = values_of(vae, latents)
    return ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


@torch.inference_mode()
def values_of(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """What diffusers decodes, from -1 to 1 and beyond: (frames, height, width, 3)."""
    mean, std = (
        torch.tensor(values, device=DEVICE).view(-1, 1, 1, 1)
        for values in (vae.config.latents_mean, vae.config.latents_std)
    )
    pixels: torch.Tensor = vae.decode((latents * std + mean)[None].to(vae.dtype)).sample[0]
    return pixels.float().permute(1, 2, 3, 0)


def timed(decode: Callable[[], Result]) -> tuple[Result, float]:
    """The second time."""
    decode()
    synchronize()
    started = time.monotonic()
    made = decode()
    synchronize()
    return made, time.monotonic() - started


def synchronize() -> None:
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def psnr(one: torch.Tensor, other: torch.Tensor) -> float:
    """Of 8-bit frames, in dB; frame by frame, because a whole clip in floating point is large."""
    error = statistics.fmean(float((a.float() - b.float()).square().mean()) for a, b in zip(one, other, strict=True))
    return 10 * math.log10(255**2 / max(error, 1e-9))
