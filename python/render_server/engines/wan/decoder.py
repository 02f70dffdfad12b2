"""Latents to frames: the decoder of the Wan 2.2 VAE, written for one clip at a time and for speed.

It takes the weights of diffusers' AutoencoderKLWan and computes what that computes, in another order of memory:
channels last throughout; each convolution's input written straight behind the frames that it remembers of the chunk
before; the element-wise work between two convolutions in one pass; where a picture doubles its size, four small
convolutions on the small picture instead of one large one on the large picture, most of whose pixels are copies; the
smallest pictures several at a time, because one alone leaves a GPU half idle; and the last convolution, which has only
twelve outputs, as one product with all its taps side by side. It yields frames chunk by chunk, so that they can be
encoded while the next ones are decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import torch
from torch.nn import functional

from .eight_bits import CodedConvolution
from .kernels import HISTORY, QUARTERS, add, double, gather_pixels, norm_silu
from .precision import EXACT, Precision

# Latent frames that the smallest level takes together: more would gain nothing.
LATENTS_AT_ONCE = 8

# The last convolution's products are rows of a multiple of this, which GPUs multiply fastest.
ROW_UNIT = 16

# What is still to be added to a norm's input: a tensor of its shape, and a value for each channel.
Terms = tuple[torch.Tensor | None, torch.Tensor | None]


class CausalConvolution:
    """A convolution over time and space, without its bias, whose input is written behind the frames it saw before; the
    input of one behind a norm is the norm's, with the weights `gamma`, activated."""

    def __init__(self, layer: Any, gamma: torch.Tensor | None = None) -> None:
        weight: torch.Tensor = layer.weight.detach()
        self._gamma = gamma
        self.weight = weight.contiguous(memory_format=layout(weight, torch.channels_last_3d))
        self.bias = layer.bias.detach()
        self._padding = (0, self.weight.shape[3] // 2, self.weight.shape[4] // 2)
        # (HISTORY, height, width, channels)
        self._seen: torch.Tensor | None = None
        self._input: torch.Tensor | None = None

    def forget(self) -> None:
        self._seen = self._input = None

    def inlet(self, frames: int, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Where the next chunk's input goes, (frames, height, width, channels), and where its last HISTORY frames go as
        well, for the chunk after it. Only that is kept: whole inputs of all convolutions would take up gigabytes."""
        size = (height, width, self.weight.shape[1])
        self._input = self.weight.new_empty(HISTORY + frames, *size)
        self._input[:HISTORY] = 0 if self._seen is None else self._seen
        self._seen = self.weight.new_empty(HISTORY, *size) if frames >= HISTORY else None
        return self._input[HISTORY:], self._seen

    def take(self, x: torch.Tensor, terms: Terms = (None, None), *, keeps_sum: bool = True) -> torch.Tensor:
        """As its next input. Returns x, with the terms added to it where there is a norm."""
        inlet, seen = self.inlet(*x.shape[:3])
        if self._gamma is not None:
            return norm_silu(x, self._gamma, (inlet, seen), terms=terms, keeps_sum=keeps_sum)
        inlet.copy_(x)
        if seen is not None:
            seen.copy_(x[-HISTORY:])
        return x

    def __call__(self) -> torch.Tensor:
        assert self._input is not None
        taken, self._input = self._input, None
        if self._seen is None:
            self._seen = taken[-HISTORY:].clone()
        first = taken.permute(3, 0, 1, 2).unsqueeze(0)
        if not first.is_cuda:
            first = first.contiguous()
        return functional.conv3d(first, self.weight, padding=self._padding)[0].permute(1, 2, 3, 0).contiguous()


class LastConvolution:
    """Twelve outputs are too few for a GPU's convolutions. So each voxel is multiplied by all taps at once, and what
    they make of it is added up where it belongs."""

    def __init__(self, layer: Any, patch: int) -> None:
        weight = layer.weight.detach()
        taps = weight.permute(2, 3, 4, 0, 1).flatten(0, 3)
        self.weight = functional.pad(taps, (0, 0, 0, -len(taps) % ROW_UNIT)).contiguous()
        self.bias = layer.bias.detach()
        self._patch = patch
        # Products: (HISTORY, height, width, taps * outputs and what fills up the row)
        self._seen: torch.Tensor | None = None

    def forget(self) -> None:
        self._seen = None

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """(frames, height, width, channels) to pixels, (frames, height * patch, width * patch, 3) of uint8."""
        frames = len(x)
        old = self._seen
        if old is None:
            old = x.new_zeros(HISTORY, *x.shape[1:3], len(self.weight))
        # Two products, so that what the next chunk needs again is a tensor of its own.
        fresh, late = (functional.linear(part, self.weight) for part in (x[:-HISTORY], x[-HISTORY:]))
        products = [old, fresh, late] if len(fresh) else [old, late]
        self._seen = late if frames >= HISTORY else torch.cat([old[frames:], late])
        return gather_pixels(products, self.bias, frames=frames, patch=self._patch)


class Linear:
    """A convolution of size 1."""

    def __init__(self, layer: Any) -> None:
        self.weight, self.bias = layer.weight.detach().flatten(1).contiguous(), layer.bias.detach()

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(x, self.weight, self.bias)


def gamma_of(norm: Any) -> torch.Tensor:
    gamma: torch.Tensor = norm.gamma.detach().flatten()
    return gamma.contiguous()


class ResidualBlock:
    """Norm, activation and convolution, twice; plus what came in."""

    def __init__(self, block: Any, *, is_coded: bool = False) -> None:
        convolution = CodedConvolution if is_coded else CausalConvolution
        self.conv_1 = convolution(block.conv1, gamma_of(block.norm1))
        self.conv_2 = convolution(block.conv2, gamma_of(block.norm2))
        self.shortcut = None if isinstance(block.conv_shortcut, torch.nn.Identity) else Linear(block.conv_shortcut)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return add(*self.begin(x), self.conv_2.bias)

    def begin(
        self, x: torch.Tensor, plus: torch.Tensor | None = None, bias: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """For an input that is a sum not yet added up, and an output that is one too, bar `conv_2.bias`: the next norm
        adds them in passing."""
        x = self.conv_1.take(x, (plus, bias))
        self.conv_2.take(self.conv_1(), (None, self.conv_1.bias), keeps_sum=False)
        return self.conv_2(), self.shortcut(x) if self.shortcut else x


class Attention:
    """Each frame attends to itself."""

    def __init__(self, block: Any) -> None:
        self.gamma = gamma_of(block.norm)
        self.qkv, self.proj = Linear(block.to_qkv), Linear(block.proj)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        frames, height, width, channels = x.shape
        tokens = x.reshape(frames, height * width, channels)
        normed = functional.normalize(tokens.float(), dim=-1) * channels**0.5 * self.gamma.float()
        q, k, v = self.qkv(normed.to(x.dtype)).chunk(3, dim=-1)
        return x + self.proj(self.attend(q, k, v)).view_as(x)

    @staticmethod
    def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        """(frames, tokens, channels): one head of 1,024 channels, which no kernel for attention is made for."""
        scores = torch.bmm(query * query.shape[-1] ** -0.5, key.transpose(1, 2))
        return torch.bmm(scores.softmax(-1, dtype=torch.float32).to(value.dtype), value)


class Upsampler:
    """Doubles height and width, and in some blocks time, except for the first latent frame, which stays one frame."""

    def __init__(self, block: Any) -> None:
        resample = block.upsampler
        self.time = CausalConvolution(resample.time_conv) if resample.mode == "upsample3d" else None
        convolution = resample.resample[1]
        self.quarters = [quarter_weight(convolution.weight.detach(), *place) for place in QUARTERS]
        self.bias = convolution.bias.detach()

    def __call__(self, x: torch.Tensor, block_input: torch.Tensor, *, is_first: bool) -> torch.Tensor:
        frames, height, width, channels = x.shape
        if self.time and not is_first:
            self.time.take(x)
            pairs = self.time().view(frames, height, width, 2, channels)
            x = x.new_empty(frames, 2, height, width, channels)
            torch.add(pairs, self.time.bias.view(2, channels), out=x.permute(0, 2, 3, 1, 4))
            x = x.flatten(0, 1)
        time_factor = 2 if self.time else 1
        first = x.permute(0, 3, 1, 2)
        quarters = [
            functional.conv2d(first, weight, padding=1).permute(0, 2, 3, 1).contiguous() for weight in self.quarters
        ]
        return double(
            quarters, self.bias, block_input, time_factor=time_factor, first_frame=time_factor - 1 if is_first else 0
        )


def quarter_weight(weight: torch.Tensor, top: int, left: int) -> torch.Tensor:
    """What a 3x3 kernel on a picture of twice the size does to one of the four pixels that each pixel became, as a 2x2
    kernel on the small picture: its taps that fall on the same small pixel, added up."""
    rows = [[0], [1, 2]] if top == 0 else [[0, 1], [2]]
    columns = [[0], [1, 2]] if left == 0 else [[0, 1], [2]]
    wide = weight.float()
    taps = [[wide[:, :, row][..., column].sum((2, 3)) for column in columns] for row in rows]
    small = torch.stack([torch.stack(line, dim=-1) for line in taps], dim=-2)
    return small.to(weight.dtype).contiguous(memory_format=layout(weight, torch.channels_last))


def layout(weight: torch.Tensor, on_gpu: torch.memory_format) -> torch.memory_format:
    """A processor's convolutions are far slower channels-last in three dimensions."""
    return on_gpu if weight.is_cuda else torch.contiguous_format


class UpBlock:
    def __init__(self, block: Any, *, is_coded: bool) -> None:
        self.resnets = [ResidualBlock(resnet, is_coded=is_coded) for resnet in block.resnets]
        self.upsampler = Upsampler(block) if block.upsampler is not None else None

    def begin(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The three terms of the last residual block's output."""
        y, rest = self.resnets[0].begin(x)
        bias = self.resnets[0].conv_2.bias
        for resnet in self.resnets[1:]:
            y, rest = resnet.begin(y, rest, bias)
            bias = resnet.conv_2.bias
        return y, rest, bias


class Decoder:
    """Holds its own copies of the weights in the order it needs; `vae` itself may be let go."""

    def __init__(self, vae: Any, precision: Precision = EXACT) -> None:
        decoder, config = vae.decoder, vae.config
        self._mean = torch.tensor(config.latents_mean, device=vae.device)
        self._std = torch.tensor(config.latents_std, device=vae.device)
        self._dtype = vae.dtype
        self._quant = Linear(vae.post_quant_conv)
        self._conv_in = CausalConvolution(decoder.conv_in)
        self._conv_out = LastConvolution(decoder.conv_out, config.patch_size)
        self._mid = [ResidualBlock(resnet) for resnet in decoder.mid_block.resnets]
        self._attention = Attention(decoder.mid_block.attentions[0])
        self._up_blocks = [
            UpBlock(block, is_coded=level in precision.coded_levels) for level, block in enumerate(decoder.up_blocks)
        ]
        self._gamma_out = gamma_of(decoder.norm_out)
        residual = [*self._mid, *(resnet for block in self._up_blocks for resnet in block.resnets)]
        self._convolutions: list[CausalConvolution | CodedConvolution | LastConvolution] = [
            self._conv_in,
            self._conv_out,
            *(convolution for block in residual for convolution in (block.conv_1, block.conv_2)),
            *(block.upsampler.time for block in self._up_blocks if block.upsampler and block.upsampler.time),
        ]

    @torch.inference_mode()
    def decode(self, latents: torch.Tensor, check: Callable[[], None] = lambda: None) -> Iterator[torch.Tensor]:
        """Normalised latents (channels, frames, height, width) to (n, height, width, 3) of uint8: one frame, then four
        for each further latent frame. A GPU has only been told to make them when they are yielded. `check` is called
        many times for each latent frame and raises to end it."""
        z = latents.permute(1, 2, 3, 0).float() * self._std + self._mean
        z = self._quant(z.to(self._dtype))
        try:
            for number, (x, entry) in enumerate(self._begin(z)):
                yield self._finish(x, entry, check, is_first=number == 0)
        finally:
            for convolution in self._convolutions:
                convolution.forget()

    def _begin(self, z: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """The smallest level. Yields for each latent frame what it makes of it, and what it had before its last block,
        both (1, height, width, channels)."""
        for latents in torch.split(z, LATENTS_AT_ONCE):
            self._conv_in.take(latents)
            x = self._mid[0](self._conv_in().add_(self._conv_in.bias))
            entry = self._mid[1](self._attention(x))
            x = add(*self._up_blocks[0].begin(entry))
            yield from zip(torch.split(x, 1), torch.split(entry, 1), strict=True)

    def _finish(
        self, x: torch.Tensor, entry: torch.Tensor, check: Callable[[], None] = lambda: None, *, is_first: bool
    ) -> torch.Tensor:
        for block, following in pairwise(self._up_blocks):
            check()
            assert block.upsampler
            entry = block.upsampler(x, entry, is_first=is_first)
            y, rest, bias = following.begin(entry)
            # The first norm of a block leaves its input as it is.
            x = add(y, rest, bias) if following.upsampler else y
        out = y.new_empty(y.shape)
        norm_silu(y, self._gamma_out, (out, None), terms=(rest, bias), keeps_sum=False)
        return self._conv_out(out)
