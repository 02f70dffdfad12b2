"""What does each saving in the GPU engines gain? Full-size layers with random weights; medians of many runs.

From python/, on a GPU: python -m bench.savings
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from render_server.engines.diffusers.transformer import layers_of
from render_server.engines.wan import attention, kernels
from render_server.engines.wan.decoder import Decoder
from render_server.engines.wan.kernels import HISTORY
from render_server.engines.wan.sampling import LatentShape
from render_server.engines.wan.transformer import Transformer
from render_server.engines.wan.transformer_kernels import linear_gelu

from .checkpoint import FULL, create_random_vae, create_transformer

DEVICE = torch.device("cuda")
SIZES = {"480p": (832, 480), "720p": (1280, 704)}
BLOCKS = 3
HEADS, CHANNELS, WIDE = 24, 3072, 14336
# The fourth of this clip's chunks: its history is not nought any more.
LATENTS = 9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES))
    args = parser.parse_args()
    cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
    print(f"| {torch.cuda.get_device_name()} | PyTorch {torch.__version__} | cuDNN {cudnn} |")
    for label in args.sizes:
        shape = LatentShape.of_clip(*SIZES[label], 121)
        with torch.inference_mode():
            measure_parts(label, shape)
            measure_decoder(label, shape)
        measure_blocks(label, shape)


def row(label: str, what: str, before: float, after: float, error: float | None = None) -> None:
    cells = [label, what, f"{before:.3f} ms", f"{after:.3f} ms", f"{after / before:.2f}"]
    print("|", " | ".join(cells), "|" if error is None else f"| apart {error:.5f} |", flush=True)


def median(work: Callable[[], Any], milliseconds: float = 150) -> float:
    """Of single runs, by events on the GPU."""
    for _ in range(3):
        work()
    times: list[float] = []
    while len(times) < 5 or (sum(times) < milliseconds and len(times) < 100):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        begin.record()
        work()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end))
    return statistics.median(times)


def random(*shape: int) -> torch.Tensor:
    return torch.randn(shape, device=DEVICE, dtype=torch.bfloat16)


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one.float() - other.float()).norm() / other.float().norm())


def measure_parts(label: str, shape: LatentShape) -> None:
    tokens = shape.frames * shape.height * shape.width // 4
    q, k, v = random(tokens, 3 * CHANNELS).view(tokens, 3, HEADS, -1).unbind(1)

    def cudnn() -> torch.Tensor:
        return attention.plain_attention(q, k, v)

    def chosen() -> torch.Tensor:
        return attention.attend(q, k, v)

    row(label, "attention: cuDNN, chosen", median(cudnn), median(chosen), apart(chosen(), cudnn()))
    x, weights, biases = random(tokens, CHANNELS), random(3 * CHANNELS, CHANNELS) / 55, random(3 * CHANNELS)
    apartly = list(zip(weights.chunk(3), biases.chunk(3), strict=True))
    row(
        label,
        "query, key and value: three products, one",
        median(lambda: [functional.linear(x, *each) for each in apartly]),
        median(lambda: functional.linear(x, weights, biases)),
    )
    weight, bias = random(WIDE, CHANNELS) / 55, random(WIDE)

    def in_two() -> torch.Tensor:
        return functional.gelu(functional.linear(x, weight, bias), approximate="tanh")

    def in_one() -> torch.Tensor:
        return linear_gelu(x, weight, bias)

    row(
        label,
        "widening and GELU: in two passes, in one",
        median(in_two),
        median(in_one),
        apart(in_one(), in_two()),
    )


def measure_blocks(label: str, shape: LatentShape) -> None:
    torch.manual_seed(0)
    with torch.device(DEVICE):
        module: Any = create_transformer(FULL, in_channels=48, out_channels=48, num_layers=BLOCKS).to(torch.bfloat16)
    tokens = shape.frames * shape.height * shape.width // 4
    latents, text = random(1, shape.channels, shape.frames, shape.height, shape.width), random(1, 512, 4096)
    each = torch.full((1, tokens), 757.0, device=DEVICE)
    each[:, : tokens // shape.frames] = 0

    def theirs() -> torch.Tensor:
        made: torch.Tensor = module(latents, each, text, return_dict=False)[0]
        return made

    with torch.no_grad():
        eager, made = median(theirs), theirs()
        module.compile_repeated_blocks(fullgraph=True, dynamic=True)
        compiled = median(theirs, 400)
        ours = Transformer(module, HEADS, layers_of)

        def mine() -> torch.Tensor:
            return ours(latents, text, each[0, [0, -1]], lambda: None)

        seconds, error = median(mine, 400), apart(mine(), made)
    row(label, f"{BLOCKS} blocks: diffusers eager, ours", eager, seconds, error)
    row(label, f"{BLOCKS} blocks: diffusers compiled, ours", compiled, seconds, error)


def measure_decoder(label: str, shape: LatentShape) -> None:
    torch.manual_seed(0)
    with torch.device(DEVICE):
        vae: Any = create_random_vae(FULL).to(torch.bfloat16)
    decoder = Decoder(vae)
    z = random(LATENTS, shape.height, shape.width, 48)
    began = list(decoder._begin(z))

    def one_by_one() -> list[Any]:
        return [list(decoder._begin(one[None])) for one in z[1:]]

    def together() -> list[Any]:
        return list(decoder._begin(z[1:]))

    row(label, "smallest level of 8 latents: one by one, together", median(one_by_one), median(together))
    frames = 8 * shape.height, 8 * shape.width
    y, rest, bias, gamma = random(4, *frames, 256), random(4, *frames, 256), random(256), random(256)
    out, seen = torch.empty_like(y), torch.empty_like(y[:HISTORY])

    def norm(seen: torch.Tensor | None = None, **options: Any) -> Callable[[], Any]:
        return lambda: kernels.norm_silu(y, gamma, (out, seen), terms=(None, bias), **options)

    row(label, "norm: sum stored, not stored", median(norm()), median(norm(keeps_sum=False)))
    copied = median(norm(keeps_sum=False)) + median(out[-HISTORY:].clone)
    row(label, "history: copied out, stored in passing", copied, median(norm(seen, keeps_sum=False)))
    row(
        label,
        "sum of three: two passes, one",
        median(lambda: y.add_(rest).add_(bias)),
        median(lambda: kernels.add(y, rest, bias)),
    )
    y = random(4, *frames, 256)
    convolution = vae.decoder.conv_out
    weight = convolution.weight.contiguous(memory_format=torch.channels_last_3d)
    whole = torch.cat([random(HISTORY, *frames, 256), y])

    def convolve() -> torch.Tensor:
        return functional.conv3d(whole.permute(3, 0, 1, 2)[None], weight, convolution.bias, padding=(0, 1, 1))

    def by_taps() -> torch.Tensor:
        return decoder._conv_out(y)

    row(label, "last convolution: cuDNN without pixels, by its taps with pixels", median(convolve), median(by_taps))
    n = shape.height * shape.width
    q, k, v = (random(8, n, 1024) for _ in range(3))
    row(
        label,
        "middle attention, 8 frames: PyTorch's, plain",
        median(lambda: functional.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None])),
        median(lambda: decoder._attention.attend(q, k, v)),
        apart(
            decoder._attention.attend(q, k, v),
            functional.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None])[:, 0],
        ),
    )
    for number, (x, entry) in enumerate(began):
        decoder._finish(x, entry, is_first=number == 0)
    chunk = median(lambda: decoder._finish(x, entry, is_first=False))
    print(f"| {label} | four frames, without the smallest level | {chunk:.3f} ms |", flush=True)


if __name__ == "__main__":
    main()
