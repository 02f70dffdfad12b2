"""Our decoder and diffusers' own on the same latents: how long, and how far apart?"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan

from render_server.engines.wan.decoder import Decoder
from render_server.engines.wan.gpu import forget_peak, pick_device, read_memory
from render_server.engines.wan.memory import GIB
from render_server.engines.wan.sampling import LatentShape, noises

DEVICE = pick_device()


def compare_decoders(model: Path, shape: LatentShape) -> list[str]:
    vae, latents = load(model), next(noises(3, shape)).to(DEVICE)
    (eager, eager_seconds) = timed(lambda: decode_eagerly(vae, latents))
    decoder = Decoder(vae)
    forget_peak(DEVICE)
    before = read_memory(DEVICE).peak_bytes
    (ours, seconds) = timed(lambda: torch.cat([frames.cpu() for frames in decoder.decode(latents)]))
    beside = (read_memory(DEVICE).peak_bytes - before) / GIB
    return [
        f"ours {seconds:.2f} s with {beside:.1f} GiB beside the weights",
        f"diffusers {eager_seconds:.2f} s",
        f"apart {psnr(ours, eager):.1f} dB",
    ]


def compare_with_exact(model: Path, shape: LatentShape) -> list[str]:
    """Also each against diffusers' in 32 bits, which a large clip has no room for."""
    cells = compare_decoders(model, shape)
    vae, latents = load(model), next(noises(3, shape)).to(DEVICE)
    each = [torch.cat(list(Decoder(vae).decode(latents))).cpu(), decode_eagerly(vae, latents).cpu()]
    exact = decode_eagerly(vae.float(), latents).cpu()
    return [*cells, "to 32 bits: " + ", ".join(f"{psnr(one, exact):.1f} dB" for one in each)]


def load(model: Path) -> Any:
    dtype = torch.bfloat16 if DEVICE.type == "cuda" else torch.float32
    vae: Any = AutoencoderKLWan.from_pretrained(model, subfolder="vae", dtype=dtype)
    return vae.to(DEVICE)


@torch.inference_mode()
def decode_eagerly(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """As Decoder.decode, all frames at once."""
    mean, std = (
        torch.tensor(values, device=DEVICE).view(-1, 1, 1, 1)
        for values in (vae.config.latents_mean, vae.config.latents_std)
    )
    pixels: torch.Tensor = vae.decode((latents * std + mean)[None].to(vae.dtype)).sample[0]
    return ((pixels.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 3, 0)


def timed(decode: Callable[[], torch.Tensor]) -> tuple[torch.Tensor, float]:
    """The second time."""
    decode()
    synchronize()
    started = time.monotonic()
    frames = decode()
    synchronize()
    seconds = time.monotonic() - started
    return frames.cpu(), seconds


def synchronize() -> None:
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def psnr(one: torch.Tensor, other: torch.Tensor) -> float:
    """Of 8-bit frames, in dB; frame by frame, because a whole clip in floating point is large."""
    error = statistics.fmean(float((a.float() - b.float()).square().mean()) for a, b in zip(one, other, strict=True))
    return 10 * math.log10(255**2 / max(error, 1e-9))
