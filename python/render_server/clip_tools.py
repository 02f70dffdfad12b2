"""What a bot does to finished clips: makes one small enough for a chat service, or takes frames of it. Reads standard
input, writes standard output: `python -m render_server.clip_tools shrink BYTES`, `… last-frame`, `… sample COUNT`."""

import argparse
import io
import resource
import struct
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from PIL import Image

# What MP4 itself takes of so small a file, and what two passes may be off by.
LEAST_OVERHEAD_BYTES = 2048
CAREFUL_SHARE = 0.94

# Below so many bits for each pixel there is nothing left but blocks: then the picture is made smaller first, and given
# up in the end.
LEAST_BITS_PER_PIXEL = 0.01
SCALES = (Fraction(1), Fraction(3, 4), Fraction(1, 2))

EXIT_TOO_SMALL = 3

SAMPLE_SIDE = 512


# What an engine of ours makes at most, and a little more: the largest frame, the longest clip. Bytes of an engine that
# was taken over are decoded here.
MAX_FRAME_PIXELS = 1280 * 1280
MAX_FRAMES = 300
# For libraries, all frames of such a clip, and an encoder that looks ahead.
MAX_ADDRESS_SPACE_BYTES = 4 * 1024**3


class TooSmallError(Exception):
    """Nothing worth watching fits."""


def frames_of(clip: bytes) -> Iterator[av.VideoFrame]:
    """Of an MP4: told to guess, FFmpeg takes a list of other files for a clip, and opens them."""
    with av.open(io.BytesIO(clip), "r", format="mp4") as container:
        stream = container.streams.video[0]
        require_size(stream.codec_context.width, stream.codec_context.height)
        for index, frame in enumerate(container.decode(stream)):
            require_size(frame.width, frame.height)
            if index >= MAX_FRAMES:
                raise ValueError(f"Expected at most {MAX_FRAMES} frames, got more.")
            yield frame


def require_size(width: int, height: int) -> None:
    if width * height > MAX_FRAME_PIXELS:
        raise ValueError(f"Expected frames of at most {MAX_FRAME_PIXELS} pixels, got {width}x{height}.")


def shrink(clip: bytes, most_bytes: int) -> bytes:
    """The clip as H.264 in MP4, 24 frames per second, yuv420p, index in front, in at most `most_bytes`.
    Raises TooSmallError."""
    frames = [frame.reformat(format="yuv420p") for frame in frames_of(clip)]
    with av.open(io.BytesIO(clip), "r", format="mp4") as container:
        rate = container.streams.video[0].average_rate or Fraction(24)
    bits = (most_bytes - LEAST_OVERHEAD_BYTES) * 8 * CAREFUL_SHARE
    for scale in SCALES:
        width, height = (int(side * scale) // 2 * 2 for side in (frames[0].width, frames[0].height))
        if bits < LEAST_BITS_PER_PIXEL * width * height * len(frames):
            continue
        scaled = [frame.reformat(width=width, height=height) for frame in frames]
        smaller = encode(scaled, rate, int(bits * rate / len(frames)))
        if len(smaller) <= most_bytes:
            return smaller
    raise TooSmallError


def encode(frames: list[av.VideoFrame], rate: Fraction, bits_per_second: int) -> bytes:
    """In two passes: the first learns where the bits are needed."""
    with tempfile.TemporaryDirectory() as folder:
        for number in (1, 2):
            output = Path(folder) / f"{number}.mp4"
            with av.open(str(output), "w", format="mp4", options={"movflags": "+faststart"}) as container:
                stream = container.add_stream("libx264", rate=rate)
                stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
                stream.bit_rate = bits_per_second
                stream.codec_context.colorspace = Colorspace.ITU709
                stream.codec_context.color_range = ColorRange.MPEG
                stream.codec_context.color_primaries = ColorPrimaries.BT709
                stream.codec_context.color_trc = ColorTrc.BT709
                stream.options = {
                    "preset": "slow",
                    "x264-params": f"pass={number}:stats={folder}/stats:threads=1:vbv-maxrate={bits_per_second // 500}"
                    f":vbv-bufsize={bits_per_second // 500}",
                }
                for index, frame in enumerate(frames):
                    frame.pts, frame.time_base = index, 1 / rate
                    frame.pict_type = av.video.frame.PictureType.NONE
                    container.mux(stream.encode(frame))
                container.mux(stream.encode(None))
        return output.read_bytes()


def last_frame(clip: bytes) -> bytes:
    """As a PNG."""
    frame = None
    for frame in frames_of(clip):  # noqa: B007 (the last one is what is wanted)
        pass
    if frame is None:
        raise ValueError("Expected a clip with frames, got one without.")
    png = io.BytesIO()
    Image.fromarray(frame.to_ndarray(format="rgb24")).save(png, format="PNG")
    return png.getvalue()


def sample(clip: bytes, count: int) -> bytes:
    """So many frames from the first to the last, as PNGs, each behind its length in four bytes."""
    total = sum(1 for _ in frames_of(clip))
    wanted = {round(index * (total - 1) / max(1, count - 1)) for index in range(count)}
    files = []
    for index, frame in enumerate(frames_of(clip)):
        if index not in wanted:
            continue
        picture = Image.fromarray(frame.to_ndarray(format="rgb24"))
        picture.thumbnail((SAMPLE_SIDE, SAMPLE_SIDE))
        png = io.BytesIO()
        picture.save(png, format="PNG")
        files.append(struct.pack(">I", len(png.getvalue())) + png.getvalue())
    return b"".join(files)


def limit_memory() -> None:
    if sys.platform == "linux":  # macOS takes no such limit.
        resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_SPACE_BYTES, MAX_ADDRESS_SPACE_BYTES))


def main() -> None:
    parser = argparse.ArgumentParser(prog="render_server.clip_tools")
    tools = parser.add_subparsers(dest="tool", required=True)
    tools.add_parser("shrink").add_argument("bytes", type=int)
    tools.add_parser("last-frame")
    tools.add_parser("sample").add_argument("count", type=int)
    args = parser.parse_args()
    limit_memory()
    clip = sys.stdin.buffer.read()
    try:
        match args.tool:
            case "shrink":
                sys.stdout.buffer.write(shrink(clip, args.bytes))
            case "sample":
                sys.stdout.buffer.write(sample(clip, args.count))
            case _:
                sys.stdout.buffer.write(last_frame(clip))
    except TooSmallError:
        sys.exit(EXIT_TOO_SMALL)


if __name__ == "__main__":
    main()
