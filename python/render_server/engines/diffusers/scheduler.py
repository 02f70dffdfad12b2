"""FastWan's three steps, in the shape that a diffusers pipeline asks of a scheduler."""

from collections.abc import Iterator

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.schedulers.scheduling_utils import SchedulerMixin

from render_server.engines.wan.sampling import SIGMAS, TIMESTEPS, TRAINING_STEPS, clean, renoise


class FewStepScheduler(SchedulerMixin, ConfigMixin):  # type: ignore[misc]
    """`noise` yields (1, channels, frames, height, width) for the clip at hand and is set before each one: the pipeline
    gives its scheduler no random generator, so that a clip could not be made again from its seed."""

    order = 1
    init_noise_sigma = 1.0

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(self, num_train_timesteps: int = TRAINING_STEPS) -> None:  # noqa: ARG002 - the pipeline reads it
        self.timesteps = torch.tensor(TIMESTEPS)
        self.noise: Iterator[torch.Tensor] | None = None

    def set_timesteps(self, steps: int, device: torch.device) -> None:
        if steps != len(TIMESTEPS):
            raise ValueError(f"Expected {len(TIMESTEPS)} steps, which the model was distilled to take, got {steps}")
        self.timesteps = torch.tensor(TIMESTEPS, device=device)

    def step(
        self,
        velocity: torch.Tensor,
        timestep: torch.Tensor,
        noisy: torch.Tensor,
        return_dict: bool = False,  # noqa: ARG002
    ) -> tuple[torch.Tensor]:
        index = TIMESTEPS.index(round(timestep.item()))
        believed = clean(noisy, velocity, SIGMAS[index])
        if index == len(TIMESTEPS) - 1:
            return (believed,)
        if self.noise is None:
            raise RuntimeError("Expected noise to be set before the first step")
        return (renoise(believed, next(self.noise).to(noisy.device), SIGMAS[index + 1]),)
