"""Pictures and prompts to clips, with diffusers' WanImageToVideoPipeline."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan, WanImageToVideoPipeline, WanTransformer3DModel
from diffusers.hooks import apply_group_offloading

from render_server.engines import Frames, GpuMemory, RenderCancelledError, RenderOrder, Step
from render_server.engines.wan.decoder import Decoder
from render_server.engines.wan.frames import to_host
from render_server.engines.wan.gpu import describe_gpu, forget_peak, pick_device, read_memory, require_kernels
from render_server.engines.wan.memory import (
    MemoryPlan,
    clips_with_room,
    describe,
    failing_in_words,
    plan_memory,
    require_room,
)
from render_server.engines.wan.pace import watch_blocks
from render_server.engines.wan.precision import EXACT, chosen_precision
from render_server.engines.wan.prompts import PromptCache
from render_server.engines.wan.sampling import TIMESTEPS, LatentShape, noises
from render_server.engines.wan.weights import find_weights
from render_server.protocol import EngineLoaded

from .background import follow
from .scheduler import FewStepScheduler
from .transformer import replace_forward

log = logging.getLogger("engine.diffusers")

# Of the text encoder; longer prompts are cut.
MOST_TOKENS = 512


# As Decoder.decode.
Decode = Callable[[torch.Tensor, Callable[[], None]], Iterator[torch.Tensor]]


@dataclass(frozen=True)
class Sampling:
    """`guidance` 1 leaves the negative prompt unused."""

    steps: int
    guidance: float


FAST = Sampling(steps=len(TIMESTEPS), guidance=1.0)
BEST = Sampling(steps=50, guidance=5.0)
OFFLOADED = Sampling(steps=40, guidance=3.5)


def create_fast_pipeline(model: str) -> DiffusersPipeline:
    """FastWan's distilled weights, three steps."""
    return DiffusersPipeline(model, FAST)


def create_best_pipeline(model: str) -> DiffusersPipeline:
    """The undistilled TI2V-5B weights: fifty steps and guidance."""
    return DiffusersPipeline(model, BEST)


def create_offloaded_pipeline(model: str) -> DiffusersPipeline:
    """The A14B pair of transformers, of which only the layer at work is on the GPU."""
    return DiffusersPipeline(model, OFFLOADED)


class DiffusersPipeline:
    def __init__(self, model: str, sampling: Sampling) -> None:
        self._model = model
        self._sampling = sampling
        # Whoever takes fifty steps wants quality.
        self.precision = chosen_precision() if sampling is FAST else EXACT
        self.device = pick_device()
        self._is_cancelled: Callable[[], bool] = lambda: False

    def load(self) -> EngineLoaded:
        require_kernels(self.device)
        folder = find_weights(self._model)
        if self._sampling is OFFLOADED:
            self._pipeline = self._load_offloaded(folder)
            self._decode: Decode = LatentByLatent(self._pipeline.vae).decode
            memory: str | None = "everything streamed from memory"
        else:
            plan = plan_memory(torch.cuda.mem_get_info(self.device)[0]) if self.device.type == "cuda" else None
            self._pipeline = self._load(folder, plan)
            self._decode = Decoder(self._pipeline.vae, self.precision).decode
            # The decoder has its own copy, in its own order.
            self._pipeline.vae.decoder = None
            memory = describe(plan, self.precision) if plan else None
        self._pipeline.set_progress_bar_config(disable=True)
        self._prompts = PromptCache(self._encode_prompt)
        self._warm_up()
        return EngineLoaded(model=self._model, executor="process", gpu=describe_gpu(self.device), memory=memory)

    def render(self, order: RenderOrder, is_cancelled: Callable[[], bool]) -> Generator[Step | Frames | GpuMemory]:
        require_room(order.width, order.height, self.device)
        forget_peak(self.device)
        with failing_in_words(order.width, order.height):
            yield from self._render(order, is_cancelled)
        yield read_memory(self.device)

    def _render(self, order: RenderOrder, is_cancelled: Callable[[], bool]) -> Generator[Step | Frames]:
        yield Step("encoding_prompt")
        prompt = self._prompts.get(order.prompt, self.device)
        negative = self._prompts.get(order.negative, self.device) if self._sampling.guidance > 1 else None
        yield Step("encoding_image")
        yield Step("denoising", 0, self._sampling.steps)
        latents = yield from self._denoise(order, prompt, negative, is_cancelled)
        yield Step("decoding", 0, latents.shape[1])
        for number, frames in enumerate(to_host(self._decode(latents, self._check)), start=1):
            self._check()
            yield frames
            yield Step("decoding", number, latents.shape[1])

    def latents_of(self, order: RenderOrder) -> torch.Tensor:
        """What a render decodes, for comparing engines: (channels, frames, height, width)."""
        prompt = self._prompts.get(order.prompt, self.device)
        steps = self._denoise(order, prompt, None, lambda: False)
        while True:
            try:
                next(steps)
            except StopIteration as stopped:
                return stopped.value  # type: ignore[no-any-return]

    def frames_of(self, latents: torch.Tensor) -> Iterator[torch.Tensor]:
        """As Decoder.decode."""
        return self._decode(latents, lambda: None)

    def _denoise(
        self, order: RenderOrder, prompt: torch.Tensor, negative: torch.Tensor | None, is_cancelled: Callable[[], bool]
    ) -> Generator[Step, None, torch.Tensor]:
        """Returns the clip's latents, (channels, frames, height, width)."""
        noise: Iterator[torch.Tensor] = noises(order.seed, LatentShape.of_clip(order.width, order.height, order.frames))
        begin: dict[str, Any] = {"generator": torch.Generator("cpu").manual_seed(order.seed)}
        if isinstance(self._pipeline.scheduler, FewStepScheduler):
            begin = {"latents": next(noise)[None]}
            self._pipeline.scheduler.noise = (drawn[None] for drawn in noise)

        self._is_cancelled = is_cancelled

        def call(report: Callable[[Step], None]) -> torch.Tensor:
            def on_step(_pipeline: Any, index: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
                if self.device.type == "cuda":
                    torch.cuda.current_stream().synchronize()
                self._check()
                report(Step("denoising", index + 1, self._sampling.steps))
                return tensors

            result = self._pipeline(
                image=order.picture.fitted,
                prompt_embeds=prompt,
                negative_prompt_embeds=negative,
                width=order.width,
                height=order.height,
                num_frames=order.frames,
                num_inference_steps=self._sampling.steps,
                guidance_scale=self._sampling.guidance,
                output_type="latent",
                callback_on_step_end=on_step,
                callback_on_step_end_tensor_inputs=["latents"],
                **begin,
            )
            latents: torch.Tensor = result.frames[0]
            return latents

        return (yield from follow(call))

    def _load(self, folder: Path, plan: MemoryPlan | None) -> WanImageToVideoPipeline:
        dtype = torch.bfloat16 if self.device.type == "cuda" else torch.float32
        pipeline = WanImageToVideoPipeline.from_pretrained(
            folder,
            dtype=dtype,
            # The checkpoint's own class may be another pipeline's, which has no use for a picture.
            vae=AutoencoderKLWan.from_pretrained(folder, subfolder="vae", dtype=dtype),
            transformer=WanTransformer3DModel.from_pretrained(folder, subfolder="transformer", dtype=dtype),
            transformer_2=None,
            image_encoder=None,
            image_processor=None,
            expand_timesteps=True,
            boundary_ratio=None,
            **({"scheduler": FewStepScheduler()} if self._sampling is FAST else {}),
        )
        pipeline.vae.to(self.device)
        for name, stays in [
            ("text_encoder", plan is None or plan.keeps_text_encoder),
            ("transformer", plan is None or plan.keeps_transformer),
        ]:
            part = getattr(pipeline, name)
            if stays:
                part.to(self.device)
            else:
                stream(part, self.device)
        if plan is None or plan.keeps_transformer:
            replace_forward(pipeline.transformer, self._check, self.precision)
        else:
            watch_blocks(pipeline.transformer.blocks, self.device, self._check)
        return pipeline

    def _load_offloaded(self, folder: Path) -> WanImageToVideoPipeline:
        pipeline = WanImageToVideoPipeline.from_pretrained(folder, dtype=torch.bfloat16)
        for transformer in (pipeline.transformer, pipeline.transformer_2):
            watch_blocks(transformer.blocks, self.device, self._check)
        if self.device.type == "cuda":
            pipeline.enable_sequential_cpu_offload(device=self.device)
        return pipeline

    def _check(self) -> None:
        if self._is_cancelled():
            raise RenderCancelledError

    @torch.no_grad()
    def _encode_prompt(self, prompt: str) -> torch.Tensor:
        embedding, _ = self._pipeline.encode_prompt(
            prompt, do_classifier_free_guidance=False, max_sequence_length=MOST_TOKENS, device=self.device
        )
        return embedding  # type: ignore[no-any-return]

    @torch.no_grad()
    def _warm_up(self) -> None:
        """Compiles and loads now what the first member would otherwise wait for."""
        if self.device.type != "cuda" or self._sampling is OFFLOADED:
            return
        prompt = self._prompts.get("", self.device)
        for clip in clips_with_room(self.device):
            shape = LatentShape.of_clip(*clip)
            tokens = shape.frames * shape.height * shape.width // 4
            latents = torch.zeros(1, *dataclasses.astuple(shape), device=self.device, dtype=torch.bfloat16)
            times = torch.full((1, tokens), float(TIMESTEPS[1]), device=self.device)
            self._pipeline.transformer(latents, times, prompt.to(torch.bfloat16), return_dict=False)
            for _ in self._decode(latents[0, :, :3], self._check):
                pass
        torch.cuda.synchronize()


def stream(part: torch.nn.Module, device: torch.device) -> None:
    """Keeps a part in ordinary memory and copies each layer over while the one before it computes."""
    apply_group_offloading(
        part,
        onload_device=device,
        offload_device=torch.device("cpu"),
        offload_type="leaf_level",
        use_stream=True,
    )


class LatentByLatent:
    """A VAE of the older kind, decoded as diffusers does, but with frames as they come."""

    def __init__(self, vae: Any) -> None:
        self._vae = vae

    @torch.inference_mode()
    def decode(self, latents: torch.Tensor, check: Callable[[], None]) -> Iterator[torch.Tensor]:
        """As Decoder.decode."""
        vae = self._vae
        mean = torch.tensor(vae.config.latents_mean, device=latents.device).view(1, -1, 1, 1, 1)
        std = torch.tensor(vae.config.latents_std, device=latents.device).view(1, -1, 1, 1, 1)
        z = vae.post_quant_conv((latents[None] * std + mean).to(vae.dtype))
        vae.clear_cache()
        for number in range(z.shape[2]):
            check()
            pixels = vae.decoder(
                z[:, :, number : number + 1], feat_cache=vae._feat_map, feat_idx=[0], first_chunk=number == 0
            )
            yield ((pixels[0].float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 3, 0)
        vae.clear_cache()
