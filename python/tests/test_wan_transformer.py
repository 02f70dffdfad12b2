"""Our forward computes what the libraries' transformers compute."""

from typing import Any

import pytest
import torch
from diffusers import WanTransformer3DModel

from bench.checkpoint import TINY, create_transformer
from render_server.engines.diffusers.transformer import layers_of, replace_forward
from render_server.engines.wan.transformer import Transformer

HEADS = 2
# Two lines of three tokens in each of four latent frames.
LATENTS = (1, 48, 4, 4, 6)
TOKENS_OF_A_FRAME = 6


def create(dtype: torch.dtype = torch.float32) -> WanTransformer3DModel:
    """Nothing in it is zero or one."""
    torch.manual_seed(0)
    transformer = create_transformer(TINY, in_channels=48, out_channels=48)
    with torch.no_grad():
        for weight in transformer.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.1)
    return transformer.to(dtype)


def inputs(dtype: torch.dtype = torch.float32) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(1)
    # As the pipeline gives them: the picture's tokens carry no noise.
    times = torch.full((1, 4 * TOKENS_OF_A_FRAME), 757.0)
    times[:, :TOKENS_OF_A_FRAME] = 0
    return {
        "hidden_states": torch.randn(LATENTS, generator=generator).to(dtype),
        "timestep": times,
        "encoder_hidden_states": torch.randn(1, 7, 32, generator=generator).to(dtype),
        "return_dict": False,
    }


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one.float() - other.float()).norm() / other.float().norm())


@torch.no_grad()
def test_it_computes_what_diffusers_computes() -> None:
    transformer = create()
    expected = transformer(**inputs())[0]
    replace_forward(transformer, lambda: None)
    ours = transformer(**inputs())[0]
    assert ours.shape == expected.shape == LATENTS
    assert expected.std() > 0.1
    assert apart(ours, expected) < 1e-5


@torch.no_grad()
def test_in_16_bits_it_is_no_further_from_the_truth_than_diffusers() -> None:
    exact = create()(**inputs())[0]
    transformer = create(torch.bfloat16)
    theirs = transformer(**inputs(torch.bfloat16))[0]
    replace_forward(transformer, lambda: None)
    ours = transformer(**inputs(torch.bfloat16))[0]
    assert 1e-4 < apart(ours, exact) < 1.1 * apart(theirs, exact)


@torch.no_grad()
def test_the_pictures_tokens_are_told_another_noise_level_than_the_others() -> None:
    transformer = create()
    ours = Transformer(transformer, HEADS, layers_of)
    given = inputs()
    latents, text = given["hidden_states"], given["encoder_hidden_states"]
    clean, noisy = (ours(latents, text, torch.tensor([time, 757.0]), lambda: None) for time in (0.0, 757.0))
    assert apart(noisy, clean) > 0.01


def test_a_cancel_is_seen_between_blocks() -> None:
    transformer = create()
    asked: list[int] = []

    def check() -> None:
        asked.append(len(asked))
        if len(asked) == 2:
            raise InterruptedError

    replace_forward(transformer, check)
    with pytest.raises(InterruptedError):
        transformer(**inputs())
    assert asked == [0, 1]
