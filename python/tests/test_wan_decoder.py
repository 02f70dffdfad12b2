"""The decoder computes what diffusers' computes, and its frames reach the encoder unharmed."""

import gc
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from conftest import create_picture
from diffusers import AutoencoderKLWan

from render_server.engines.wan.decoder import Decoder
from render_server.engines.wan.frames import to_host, to_yuv
from render_server.video import to_yuv as encoders_yuv


@pytest.fixture(scope="module")
def vae() -> AutoencoderKLWan:
    """Of the real one's shape, with fewer channels, and nothing in it zero or one."""
    torch.manual_seed(0)
    vae = AutoencoderKLWan(
        base_dim=4,
        decoder_base_dim=6,
        z_dim=48,
        in_channels=12,
        out_channels=12,
        is_residual=True,
        patch_size=2,
        latents_mean=[0.1] * 48,
        latents_std=[1.3] * 48,
        dim_mult=[1, 2, 4, 4],
        num_res_blocks=2,
        scale_factor_spatial=16,
        scale_factor_temporal=4,
        temperal_downsample=[False, True, True],
    ).eval()
    with torch.no_grad():
        for weight in vae.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.05)
    return vae


@pytest.mark.parametrize(("frames", "height", "width"), [(1, 3, 5), (2, 4, 4), (4, 3, 5), (10, 1, 2)])
def test_it_computes_what_diffusers_computes(vae: AutoencoderKLWan, frames: int, height: int, width: int) -> None:
    latents = torch.randn(48, frames, height, width, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = vae.decode((latents * 1.3 + 0.1)[None]).sample[0].permute(1, 2, 3, 0)
    decoded = torch.cat(list(Decoder(vae).decode(latents)))
    assert decoded.shape == (4 * frames - 3, 16 * height, 16 * width, 3)
    assert decoded.float().std() > 20
    # Rounding to 8 bits leaves half a level.
    assert ((expected.clamp(-1, 1) + 1) * 127.5 - decoded).abs().max() < 0.51


def test_one_clip_leaves_nothing_behind_for_the_next(vae: AutoencoderKLWan) -> None:
    decoder = Decoder(vae)
    latents = torch.randn(48, 3, 2, 2, generator=torch.Generator().manual_seed(2))
    abandoned = decoder.decode(torch.randn_like(latents))
    next(abandoned)
    del abandoned
    gc.collect()
    again = [torch.cat(list(each.decode(latents))) for each in (decoder, Decoder(vae))]
    assert torch.equal(*again)


def test_a_cancel_is_seen_within_a_latent_frame(vae: AutoencoderKLWan) -> None:
    asked: list[int] = []

    def check() -> None:
        asked.append(len(asked))
        if len(asked) == 2:
            raise InterruptedError

    decoded = Decoder(vae).decode(torch.randn(48, 1, 2, 2), check)
    with pytest.raises(InterruptedError):
        next(decoded)
    assert asked == [0, 1]


def test_frames_come_as_the_encoder_takes_them() -> None:
    picture = np.asarray(create_picture(640, 480))
    converted = to_yuv(torch.tensor(picture)[None])[0].numpy().astype(int)
    expected = encoders_yuv(picture).to_ndarray().astype(int)
    assert converted.shape == expected.shape == (720, 640)
    assert np.abs(converted - expected)[:480].max() <= 1
    # The encoder's own conversion sites colour half a pixel further right.
    assert np.abs(converted - expected)[480:].mean() < 1


@pytest.mark.parametrize(
    "colour", [(255, 0, 0), (0, 200, 0), (30, 60, 220), (250, 200, 170), (0, 0, 0), (255, 255, 255)]
)
def test_a_flat_colour_is_converted_exactly(colour: tuple[int, int, int]) -> None:
    flat = np.full((32, 32, 3), colour, dtype=np.uint8)
    difference = to_yuv(torch.tensor(flat)[None])[0].numpy().astype(int) - encoders_yuv(flat).to_ndarray()
    assert np.abs(difference).max() <= 1


def test_a_chunk_is_handed_over_once_the_next_one_was_asked_for() -> None:
    asked: list[int] = []

    def chunks() -> Iterator[torch.Tensor]:
        for number in range(3):
            asked.append(number)
            yield torch.zeros(1, 32, 32, 3, dtype=torch.uint8)

    seen = [len(asked) for _ in to_host(chunks())]
    assert seen == [2, 3, 3]
