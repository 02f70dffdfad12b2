"""How long does the preview engine take for five seconds? From python/: python -m bench.preview [picture.png]"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from render_server.clip import ClipOrder, LoadedEngine, make_clip
from render_server.engines import create_pipeline, find_engine
from render_server.protocol import RenderBody
from render_server.sizes import frame_count

PROMPTS = ["zoom in", "pan left", "orbit, handheld", "zoom out"]


def main() -> None:
    engine = LoadedEngine("preview", "preview", create_pipeline(find_engine("preview")))
    with tempfile.TemporaryDirectory() as folder:
        image = Path(sys.argv[1]) if len(sys.argv) > 1 else create_picture(Path(folder) / "picture.png")
        for label, width, height in [("480p", 832, 480), ("720p", 1248, 704)]:
            for prompt in PROMPTS:
                body = RenderBody(
                    image=image.name,
                    prompt=prompt,
                    negative="",
                    width=width,
                    height=height,
                    frames=frame_count(5),
                    seed=1,
                )
                started = time.perf_counter()
                order = ClipOrder(body, image, Path(folder) / "clip.mp4")
                result, _ = make_clip(engine, order, report=lambda _: None, is_cancelled=lambda: False)
                seconds = time.perf_counter() - started
                print(
                    f"{label} {prompt:16} {seconds:5.2f} s  {result.bytes / 1e6:5.2f} MB  "
                    f"similarity {result.similarity:.3f}  {result.seconds}"
                )


def create_picture(path: Path) -> Path:
    """Shapes at all scales under a little grain, as a photograph of 1920x1080 has."""
    chance = np.random.default_rng(1)
    picture = np.zeros((1080, 1920, 3))
    for scale in [4, 16, 64, 256]:
        coarse = chance.integers(0, 256, (1080 // scale + 2, 1920 // scale + 2, 3), dtype=np.uint8)
        picture += np.asarray(Image.fromarray(coarse).resize((1920, 1080), Image.Resampling.BICUBIC)) * scale**0.5
    picture = picture / picture.max() * 245 + chance.normal(0, 2, picture.shape)
    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(path)
    return path


if __name__ == "__main__":
    main()
