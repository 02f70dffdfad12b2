"""Are a model's weights whole? Reads what the model says of itself, in the diffusers layout."""

import json
from pathlib import Path

PULL_COMMAND = "node dist/main.js models pull (in the image: python -m render_server.pull)"


def find_missing(folder: Path) -> str | None:
    """The first file that the model names and that is not there; None if it is whole."""
    index = folder / "model_index.json"
    if not index.is_file():
        return "model_index.json"
    # Such as {"vae": ["diffusers", "AutoencoderKLWan"], "image_encoder": [null, null], "_class_name": "WanPipeline"}.
    parts: dict[str, object] = json.loads(index.read_text())
    for name, kind in parts.items():
        if not isinstance(kind, list) or not kind or kind[0] is None:
            continue
        part = folder / name
        if not part.is_dir():
            return name
        for shards in part.glob("*.index.json"):
            names: dict[str, str] = json.loads(shards.read_text())["weight_map"]
            for file in sorted(set(names.values())):
                if not (part / file).is_file():
                    return f"{name}/{file}"
        if (part / "config.json").is_file() and not any(part.glob("*.safetensors")) and not any(part.glob("*.bin")):
            return f"{name}/*.safetensors"
    return None
