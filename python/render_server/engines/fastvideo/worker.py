"""What runs inside FastVideo's worker process: the functions that the engine sends there by `collective_rpc`.

FastVideo's worker answers a call once, at its end, and dies of any exception. So progress and frames go home over a
connection of our own while the call runs, and nothing but a broken GPU is raised.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from fastvideo.pipelines.pipeline_batch_info import ForwardBatch

from render_server.engines import RenderFailedError
from render_server.engines.wan.decoder import Decoder
from render_server.engines.wan.frames import to_host
from render_server.engines.wan.gpu import describe_gpu, forget_peak, pick_device, read_memory, require_kernels
from render_server.engines.wan.memory import clips_with_room, failing_in_words, require_room
from render_server.engines.wan.precision import chosen_precision
from render_server.engines.wan.prompts import PromptCache
from render_server.engines.wan.sampling import TIMESTEPS, LatentShape
from render_server.protocol import Gpu

from .stage import PictureDenoisingStage

log = logging.getLogger("engine.fastvideo")


@dataclass(frozen=True)
class WorkerOrder:
    """A RenderOrder as it travels: `pixels` is (height, width, 3), `number` tells it from the renders around it."""

    number: int
    prompt: str
    pixels: np.ndarray[Any, np.dtype[np.uint8]]
    width: int
    height: int
    frames: int
    seed: int


@dataclass(frozen=True)
class Failure:
    """A RenderFailedError as it travels."""

    code: str
    message: str
    retry: bool


class CancelledError(Exception):
    pass


class Studio:
    """What the worker keeps between renders."""

    def __init__(self, worker: Any, model: Path, home: Connection, *, is_streamed: bool) -> None:
        self._pipeline = worker.pipeline
        # Otherwise FastVideo would make its stages, and compile, at the first render.
        self._pipeline.post_init()
        self._args = worker.fastvideo_args
        self._home = home
        self._number = 0
        self.device = pick_device()
        dtype = torch.bfloat16 if self.device.type == "cuda" else torch.float32
        self._vae = AutoencoderKLWan.from_pretrained(model, subfolder="vae", dtype=dtype).to(self.device)
        self._decoder = Decoder(self._vae, chosen_precision())
        self._vae.decoder = None
        # FastVideo's own copy would only take up memory.
        self._pipeline.decoding_stage.vae = None
        self._pipeline.modules["vae"] = None
        transformer = self._pipeline.get_module("transformer")
        scheduler = self._pipeline.get_module("scheduler")
        self._stage = PictureDenoisingStage(transformer, scheduler, self.device, is_streamed=is_streamed)
        self._stage.check = self._check
        self._prompts = PromptCache(self._encode_prompt)
        if self.device.type == "cuda":
            self._warm_up()

    def render(self, order: WorkerOrder) -> None:
        require_room(order.width, order.height, self.device)
        forget_peak(self.device)
        with failing_in_words(order.width, order.height):
            self._render(order)
        self._home.send(("memory", read_memory(self.device)))

    def _render(self, order: WorkerOrder) -> None:
        latents = self.denoise(order)
        self._say("decoding", 0, latents.shape[1])
        for number, frames in enumerate(to_host(self._decoder.decode(latents, self._check)), start=1):
            self._home.send(("frames", frames.shape))
            self._home.send_bytes(frames.data.cast("B"))
            self._say("decoding", number, latents.shape[1])

    def denoise(self, order: WorkerOrder) -> torch.Tensor:
        """The clip's normalised latents, (channels, frames, height, width)."""
        self._number = order.number
        self._say("encoding_prompt", 0, 0)
        prompt = self._prompts.get(order.prompt, self.device)
        self._say("encoding_image", 0, 0)
        picture = self._encode_picture(order.pixels)
        steps = len(TIMESTEPS)
        self._say("denoising", 0, steps)
        self._stage.on_step = lambda step: self._step(step, steps)
        return self._run_stage(prompt, picture, (order.width, order.height, order.frames), order.seed)

    def _run_stage(
        self, prompt: torch.Tensor, picture: torch.Tensor, clip: tuple[int, int, int], seed: int
    ) -> torch.Tensor:
        width, height, frames = clip
        batch = ForwardBatch(
            data_type="video",
            prompt_embeds=[prompt],
            image_latent=picture,
            width=width,
            height=height,
            num_frames=frames,
            seed=seed,
        )
        latents: torch.Tensor = self._stage.forward(batch, self._args).latents[0]
        return latents

    def _warm_up(self) -> None:
        """Compiles and loads now what the first member would otherwise wait for."""
        prompt = self._prompts.get("", self.device)
        for clip in clips_with_room(self.device):
            shape = LatentShape.of_clip(*clip)
            picture = torch.zeros(1, shape.channels, 1, shape.height, shape.width)
            for _ in self._decoder.decode(self._run_stage(prompt, picture, clip, seed=0)[:, :3]):
                pass
        torch.cuda.synchronize()

    def _step(self, step: int, steps: int) -> None:
        if self.device.type == "cuda":
            torch.cuda.current_stream().synchronize()
        self._say("denoising", step, steps)

    def _say(self, stage: str, step: int, steps: int) -> None:
        self._check()
        self._home.send(("step", stage, step, steps))

    def _check(self) -> None:
        # All that home ever says is the number of a render that nobody wants any more. It may be the one before.
        while self._home.poll():
            if self._home.recv() == self._number:
                raise CancelledError

    @torch.no_grad()
    def _encode_prompt(self, prompt: str) -> torch.Tensor:
        # FastVideo expects this encoder in 32 bits, which would double its 11 GB: its norms answer in 32 bits anyway.
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            embeddings = self._pipeline.prompt_encoding_stage.encode_text(prompt, self._args, encoder_index=[0])
        embedding: torch.Tensor = embeddings[0]
        return embedding.to(torch.bfloat16)

    @torch.no_grad()
    def _encode_picture(self, pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> torch.Tensor:
        picture = torch.from_numpy(pixels).to(self.device).permute(2, 0, 1)[None, :, None].to(self._vae.dtype)
        latent: torch.Tensor = self._vae.encode(picture / 127.5 - 1).latent_dist.mode().float()
        mean = torch.tensor(self._vae.config.latents_mean, device=self.device).view(1, -1, 1, 1, 1)
        std = torch.tensor(self._vae.config.latents_std, device=self.device).view(1, -1, 1, 1, 1)
        return (latent - mean) / std


_studio: Studio | None = None


def open_studio(worker: Any, model: str, is_streamed: bool, address: str, key: bytes) -> Gpu | None:
    """Called once, when FastVideo has loaded its model. Errors may be raised: the engine could not load."""
    global _studio  # noqa: PLW0603
    require_kernels(pick_device())
    torch.backends.cuda.enable_cudnn_sdp(True)
    home = Client(address, "AF_UNIX", authkey=key)
    _studio = Studio(worker, Path(model), home, is_streamed=is_streamed)
    return describe_gpu(_studio.device)


def render(_worker: Any, order: WorkerOrder) -> Failure | None:
    """None is a render that is done, or that nobody wanted any more."""
    assert _studio
    try:
        _studio.render(order)
    except CancelledError:
        return None
    except RenderFailedError as error:
        return Failure(error.code, str(error), error.retry)
    except torch.AcceleratorError:
        # The GPU's context is lost: only a new process gets another.
        raise
    except Exception as error:
        log.exception("the render failed")
        return Failure("engine_error", f"The engine failed: {type(error).__name__}: {error}", retry=True)
    return None


def denoise(_worker: Any, order: WorkerOrder) -> torch.Tensor:
    """Latents only, on the CPU."""
    assert _studio
    return _studio.denoise(order).cpu()
