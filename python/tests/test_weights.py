"""Weights that are not whole are told by the file that is missing, before anything is loaded."""

import json
from pathlib import Path

import pytest

from render_server.engines.wan.weights import find_weights
from render_server.weights import find_missing


@pytest.fixture
def model(tmp_path: Path) -> Path:
    index = {"_class_name": "WanPipeline", "_version": "0.1", "vae": ["diffusers", "A"], "text_encoder": ["t", "B"]}
    (tmp_path / "model_index.json").write_text(json.dumps(index | {"image_encoder": [None, None]}))
    for name in ("vae", "text_encoder"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").touch()
    (tmp_path / "vae" / "diffusion_pytorch_model.safetensors").touch()
    shards = ["model-1.safetensors", "model-2.safetensors"]
    (tmp_path / "text_encoder" / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": shards[0], "b": shards[1], "c": shards[1]}})
    )
    for shard in shards:
        (tmp_path / "text_encoder" / shard).touch()
    return tmp_path


def test_a_whole_model_lacks_nothing(model: Path) -> None:
    assert find_missing(model) is None
    assert find_weights(str(model)) == model


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        ("model_index.json", "model_index.json"),
        ("vae/diffusion_pytorch_model.safetensors", "vae/*.safetensors"),
        ("text_encoder/model-2.safetensors", "text_encoder/model-2.safetensors"),
    ],
)
def test_a_half_model_is_told_by_what_it_lacks_and_the_command_that_fetches_it(
    model: Path, gone: str, told: str
) -> None:
    (model / gone).unlink()
    assert find_missing(model) == told
    with pytest.raises(FileNotFoundError) as raised:
        find_weights(str(model))
    assert told in str(raised.value)
    assert "models pull" in str(raised.value) or gone == "model_index.json"
