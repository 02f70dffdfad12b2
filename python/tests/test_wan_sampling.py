"""The three steps, against values worked out by hand."""

from itertools import islice

import pytest
import torch

from render_server.engines.diffusers.scheduler import FewStepScheduler
from render_server.engines.wan.sampling import SIGMAS, TIMESTEPS, LatentShape, clean, noises, renoise, sigma_of

SHAPE = LatentShape.of_clip(width=64, height=96, frames=9)


def test_the_levels_of_noise_are_those_that_fastwan_was_distilled_at() -> None:
    # 8s / (1 + 7s) at s = 1, 0.28 and 0.12.
    assert pytest.approx((1, 28 / 37, 12 / 23), abs=1e-9) == SIGMAS


def test_a_timestep_between_two_levels_takes_the_nearer_one() -> None:
    assert sigma_of(757) == pytest.approx(28 / 37)
    assert sigma_of(0) == pytest.approx(8 / 1007)


def test_a_clips_latents_are_a_sixteenth_of_its_size_and_a_quarter_of_its_frames() -> None:
    assert LatentShape(48, 3, 6, 4) == SHAPE
    assert LatentShape.of_clip(1280, 704, 121) == LatentShape(48, 31, 44, 80)


def test_a_seed_draws_the_same_noise_again_and_another_seed_draws_other_noise() -> None:
    one, again, other = (torch.stack(list(islice(noises(seed, SHAPE), 3))) for seed in (1, 1, 2**32 - 1))
    assert one.shape == (3, 48, 3, 6, 4)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert not torch.equal(one[0], one[1])


def test_what_is_clean_and_noised_again_is_what_was_noisy() -> None:
    still, noise = torch.tensor([2.0, -1.0]), torch.tensor([0.5, 3.0])
    noisy = renoise(still, noise, 0.25)
    assert noisy.tolist() == [1.625, 0.0]
    # The model predicts noise minus clip.
    assert clean(noisy, noise - still, 0.25).tolist() == still.tolist()


def test_the_scheduler_takes_a_model_that_is_never_wrong_to_the_clip_itself() -> None:
    scheduler = FewStepScheduler()
    scheduler.set_timesteps(3, torch.device("cpu"))
    drawn = noises(4, SHAPE)
    still = torch.full((1, 48, 3, 6, 4), 0.5)
    noise = next(drawn)[None]
    noisy, fresh = noise, [each[None] for each in islice(drawn, 2)]
    scheduler.noise = iter(fresh)
    for index, timestep in enumerate(scheduler.timesteps):
        (noisy,) = scheduler.step((noisy - still) / SIGMAS[index], timestep, noisy)
        if index < 2:
            expected = (1 - SIGMAS[index + 1]) * still + SIGMAS[index + 1] * fresh[index]
            torch.testing.assert_close(noisy, expected)
    torch.testing.assert_close(noisy, still)
    assert scheduler.timesteps.tolist() == list(TIMESTEPS)


def test_another_number_of_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected 3 steps, which the model was distilled to take, got 4"):
        FewStepScheduler().set_timesteps(4, torch.device("cpu"))
