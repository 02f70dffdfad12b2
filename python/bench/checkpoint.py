"""A checkpoint of FastWan's architecture and folder layout, made on the spot: tiny for tests, full-size for benchmarks.

The transformer and the text encoder are random. The VAE is not: its weights are set so that each 16x16 cell of a
picture keeps its mean colour through encoding and decoding, which makes "the clip shows the picture" a thing that can
be checked without the real weights.
"""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from transformers import T5TokenizerFast, UMT5Config, UMT5EncoderModel

# FastVideo knows a model's settings by the name of its folder.
FOLDER_NAME = "FastWan2.2-TI2V-5B-FullAttn-Diffusers"


@dataclass(frozen=True)
class Shape:
    transformer: dict[str, Any]
    text_encoder: dict[str, Any]
    vae: dict[str, Any]


TINY = Shape(
    transformer={
        "num_attention_heads": 2,
        "attention_head_dim": 24,
        "text_dim": 32,
        "freq_dim": 32,
        "ffn_dim": 64,
        "num_layers": 2,
    },
    text_encoder={"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "vocab_size": 256},
    vae={"base_dim": 8, "decoder_base_dim": 8, "num_res_blocks": 1},
)
FULL = Shape(
    transformer={
        "num_attention_heads": 24,
        "attention_head_dim": 128,
        "text_dim": 4096,
        "freq_dim": 256,
        "ffn_dim": 14336,
        "num_layers": 30,
    },
    text_encoder={
        "d_model": 4096,
        "d_kv": 64,
        "d_ff": 10240,
        "num_layers": 24,
        "num_heads": 64,
        "vocab_size": 256384,
    },
    vae={"base_dim": 160, "decoder_base_dim": 256, "num_res_blocks": 2},
)

DIFFUSERS_VERSION = "0.35.0.dev0"
SCHEDULER = {
    "_class_name": "UniPCMultistepScheduler",
    "_diffusers_version": DIFFUSERS_VERSION,
    "flow_shift": 5.0,
    "num_train_timesteps": 1000,
    "prediction_type": "flow_prediction",
    "use_flow_sigmas": True,
}
# A part, and the library and class it is made with.
PARTS = {
    "scheduler": ["diffusers", "UniPCMultistepScheduler"],
    "text_encoder": ["transformers", "UMT5EncoderModel"],
    "tokenizer": ["transformers", "T5TokenizerFast"],
    "transformer": ["diffusers", "WanTransformer3DModel"],
    "vae": ["diffusers", "AutoencoderKLWan"],
}

# What the random parts of the VAE weigh beside the picture: nothing would let a GPU multiply by zeros, which is faster.
LEFTOVER = 1e-3

# The colour signal is this much smaller than a constant beside it, so that normalising by length hardly bends it.
CONSTANT = 20.0


def make_checkpoint(parent: Path, shape: Shape, device: str = "cpu", seed: int = 0) -> Path:
    """Writes the checkpoint into a folder of FastWan's name in `parent`, and returns that."""
    folder = parent / FOLDER_NAME
    torch.manual_seed(seed)
    dtype = torch.float32 if shape is TINY else torch.bfloat16
    with torch.device(device):
        transformer = create_transformer(shape, in_channels=48, out_channels=48)
        transformer.to(dtype).save_pretrained(folder / "transformer")
        del transformer
        UMT5EncoderModel(create_text_config(shape)).to(dtype).save_pretrained(folder / "text_encoder")
        create_vae(shape).save_pretrained(folder / "vae")
    create_tokenizer().save_pretrained(folder / "tokenizer")
    write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    index = {"_class_name": "WanDMDPipeline", "_diffusers_version": DIFFUSERS_VERSION, **PARTS}
    write_json(folder / "model_index.json", index)
    return folder


def make_pair_checkpoint(parent: Path, seed: int = 0) -> Path:
    """A tiny one of A14B's architecture: two transformers, for the noisy and the late steps, which see the picture
    beside the noise, and the older VAE. All of it is random. Returns its folder."""
    folder = parent / "Wan2.2-I2V-A14B-Diffusers"
    torch.manual_seed(seed)
    for name in ("transformer", "transformer_2"):
        create_transformer(TINY, in_channels=36, out_channels=16).save_pretrained(folder / name)
    UMT5EncoderModel(create_text_config(TINY)).save_pretrained(folder / "text_encoder")
    AutoencoderKLWan(base_dim=8, z_dim=16, num_res_blocks=1).save_pretrained(folder / "vae")
    create_tokenizer().save_pretrained(folder / "tokenizer")
    write_json(folder / "scheduler" / "scheduler_config.json", {**SCHEDULER, "flow_shift": 3.0})
    transformer = ["diffusers", "WanTransformer3DModel"]
    parts = {**PARTS, "transformer": transformer, "transformer_2": transformer, "image_encoder": [None, None]}
    index = {"_class_name": "WanImageToVideoPipeline", "boundary_ratio": 0.9, "image_processor": [None, None], **parts}
    write_json(folder / "model_index.json", index)
    return folder


def create_transformer(
    shape: Shape, in_channels: int, out_channels: int, num_layers: int | None = None
) -> WanTransformer3DModel:
    return WanTransformer3DModel(
        patch_size=(1, 2, 2),
        in_channels=in_channels,
        out_channels=out_channels,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        **(shape.transformer | ({"num_layers": num_layers} if num_layers else {})),
    )


def write_json(file: Path, content: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=2))


def create_text_config(shape: Shape) -> UMT5Config:
    return UMT5Config(feed_forward_proj="gated-gelu", tie_word_embeddings=False, **shape.text_encoder)


def create_tokenizer() -> T5TokenizerFast:
    """One token a character: enough to tell prompts apart."""
    letters = ["\u2581", *(chr(code) for code in range(33, 127))]
    return T5TokenizerFast(
        vocab=[("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((letter, -1.0) for letter in letters)],
        extra_ids=0,
        model_max_length=512,
    )


def create_random_vae(shape: Shape) -> AutoencoderKLWan:
    return AutoencoderKLWan(
        z_dim=48,
        in_channels=12,
        out_channels=12,
        is_residual=True,
        patch_size=2,
        latents_mean=[0.0] * 48,
        latents_std=[1.0] * 48,
        dim_mult=[1, 2, 4, 4],
        scale_factor_spatial=16,
        scale_factor_temporal=4,
        temperal_downsample=[False, True, True],
        **shape.vae,
    )


def create_vae(shape: Shape) -> AutoencoderKLWan:
    vae = create_random_vae(shape)
    with torch.no_grad():
        carry_picture(vae)
    return vae


def carry_picture(vae: AutoencoderKLWan) -> None:
    quieten(vae)
    encode_colours(vae.encoder)
    decode_colours(vae.decoder)
    for layer in (vae.quant_conv, vae.post_quant_conv):
        layer.weight.copy_(torch.eye(layer.weight.shape[0], device=layer.weight.device)[:, :, None, None, None])
        layer.bias.zero_()


def quieten(vae: AutoencoderKLWan) -> None:
    """Leaves every residual branch a whisper, so that the shortcuts around them carry the picture."""
    for name, module in vae.named_modules():
        is_branch_end = name.endswith(("conv2", "time_conv", "proj")) or ".resample." in f".{name}."
        if is_branch_end and hasattr(module, "weight") and module.weight is not None:
            module.weight *= LEFTOVER
            module.bias.zero_()


def encode_colours(encoder: Any) -> None:
    """Six signals (three colours, three negatives) and a constant, each on a channel of its own."""
    begin = list(range(7))
    set_taps(encoder.conv_in, [(begin[c], c * 4 + patch, 0.25) for c in range(3) for patch in range(4)])
    set_taps(encoder.conv_in, [(begin[3 + c], c * 4 + patch, -0.25) for c in range(3) for patch in range(4)], keep=True)
    encoder.conv_in.bias.zero_()
    encoder.conv_in.bias[begin[6]] = CONSTANT
    carried = begin
    for block in encoder.down_blocks:
        # Where does a first frame that shows one colour on channel c end up?
        width = block.avg_shortcut.in_channels
        probe = torch.zeros(7, width, 1, 2, 2, device=encoder.conv_in.weight.device)
        for signal, channel in enumerate(carried):
            probe[signal, channel] = 1
        carried = block.avg_shortcut(probe).flatten(2).sum(2).argmax(1).tolist()
    channels = encoder.conv_out.weight.shape[1]
    gain = CONSTANT / channels**0.5
    encoder.norm_out.gamma.fill_(1)
    taps = [(c, carried[c], gain) for c in range(3)] + [(c, carried[3 + c], -gain) for c in range(3)]
    set_taps(encoder.conv_out, taps)
    encoder.conv_out.bias.zero_()


def decode_colours(decoder: Any) -> None:
    last = decoder.up_blocks[-1]
    wanted = [[c] for c in range(7)]
    shortcut = last.resnets[0].conv_shortcut
    if not isinstance(shortcut, torch.nn.Identity):
        shortcut.weight.zero_()
        shortcut.bias.zero_()
        for c in range(7):
            shortcut.weight[c, c] = 1
    for block in reversed(decoder.up_blocks[:-1]):
        up = block.avg_shortcut
        each = up.factor_t * 4
        wanted = [
            sorted({(out * each + offset) // up.repeats for out in outs for offset in range(each)}) for outs in wanted
        ]
        for resnet in block.resnets:
            if not isinstance(resnet.conv_shortcut, torch.nn.Identity):
                resnet.conv_shortcut.weight *= LEFTOVER
    conv_in = decoder.conv_in
    plus = [(channel, c, 1.0) for c in range(3) for channel in wanted[c]]
    minus = [(channel, c, -1.0) for c in range(3) for channel in wanted[3 + c]]
    set_taps(conv_in, plus + minus)
    conv_in.bias.zero_()
    conv_in.bias[wanted[6]] = CONSTANT
    channels = decoder.conv_out.weight.shape[1]
    gain = CONSTANT / channels**0.5
    decoder.norm_out.gamma.fill_(1)
    taps = [(c * 4 + patch, c, gain) for c in range(3) for patch in range(4)]
    taps += [(c * 4 + patch, 3 + c, -gain) for c in range(3) for patch in range(4)]
    set_taps(decoder.conv_out, taps)
    decoder.conv_out.bias.zero_()


def set_taps(conv: Any, taps: list[tuple[int, int, float]], *, keep: bool = False) -> None:
    """Sets (output, input) weights at the middle of the present frame; everything else becomes a whisper."""
    if not keep:
        conv.weight *= 0
    for output, source, value in taps:
        conv.weight[output, source, -1, conv.weight.shape[3] // 2, conv.weight.shape[4] // 2] = value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--full", action="store_true", help="24 GB instead of a few hundred kilobytes")
    args = parser.parse_args()
    shutil.rmtree(args.folder / FOLDER_NAME, ignore_errors=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    print(make_checkpoint(args.folder, FULL if args.full else TINY, device))


if __name__ == "__main__":
    main()
