"""Frames in, an MP4 that every chat app plays out. The only file that knows the video library."""

import platform
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation
from numpy.typing import NDArray

from .cores import count_cores
from .engines import Frames
from .sizes import FRAMES_PER_SECOND

# More would add to each frame's wait and gain nothing at these sizes.
MAX_THREADS = 8


@dataclass(frozen=True)
class Effort:
    """How x264 works: its preset, and the frames that it encodes at the same time."""

    preset: str
    threads: int


# One thread, so that the bytes are the same on every machine.
ALONE = Effort("faster", threads=1)


def effort_behind_a_gpu() -> Effort:
    """Frames that come ready for the encoder come from a GPU, which one thread could not keep up with. At the same
    quality `veryfast` makes files as small as `faster` does, and takes half of its time. With more than one thread x264
    gives other bytes now and then; a GPU's arithmetic does too."""
    return Effort("veryfast", threads=min(MAX_THREADS, count_cores()))


def encoder_options(effort: Effort) -> dict[str, object]:
    return {
        "preset": effort.preset,
        "crf": "18",
        "x264-params": ":".join(
            [
                "keyint=48",
                f"threads={effort.threads}",
                "lookahead-threads=1",
                # What is still looked at when the last frame has come is what a member waits for.
                "rc-lookahead=12",
                # Its AVX-512 look-ahead reads memory it never wrote, and decides by it. SSE4.2 measures as fast.
                *(["asm=SSE4.2"] if platform.machine() in {"x86_64", "AMD64"} else []),
            ]
        ),
    }


# Fast conversion rounds chroma visibly in flat areas, and differs between processors.
EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT | Interpolation.FULL_CHR_H_INP


class ClipWriter:
    """Writes H.264 in MP4 at a constant 24 frames per second, the index in front so that it plays while it loads."""

    def __init__(self, path: Path, width: int, height: int) -> None:
        self.frames = 0
        self._rgb_shape = (height, width, 3)
        self._yuv_shape = (height * 3 // 2, width)
        self._container = av.open(
            str(path), "w", format="mp4", options={"movflags": "+faststart"}, container_options={"fflags": "+bitexact"}
        )
        stream = self._container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, FRAMES_PER_SECOND)
        stream.codec_context.colorspace = Colorspace.ITU709
        stream.codec_context.color_range = ColorRange.MPEG
        stream.codec_context.color_primaries = ColorPrimaries.BT709
        stream.codec_context.color_trc = ColorTrc.BT709
        self._stream = stream

    def write(self, frames: Frames) -> None:
        for pixels in frames:
            if pixels.dtype != np.uint8 or pixels.shape not in {self._rgb_shape, self._yuv_shape}:
                raise ValueError(
                    f"Expected frames of {self._rgb_shape} or {self._yuv_shape} uint8, "
                    f"got {pixels.shape} {pixels.dtype}"
                )
            is_rgb = pixels.shape == self._rgb_shape
            if self.frames == 0:
                self._stream.options = encoder_options(ALONE if is_rgb else effort_behind_a_gpu())
            frame = to_yuv(pixels) if is_rgb else av.VideoFrame.from_ndarray(pixels, "yuv420p")
            frame.pts = self.frames
            frame.time_base = Fraction(1, FRAMES_PER_SECOND)
            self._container.mux(self._stream.encode(frame))
            self.frames += 1

    def finish(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()


def first_luma(path: Path) -> NDArray[np.uint8]:
    """The brightness of a clip's frame 0, shaped (height, width), from 16 to 235."""
    with av.open(str(path)) as container:
        return luma_plane(next(container.decode(video=0)))


def luma(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The brightness that these pixels would have in a clip."""
    return luma_plane(to_yuv(pixels))


def to_yuv(pixels: NDArray[np.uint8]) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24").reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        dst_color_primaries=ColorPrimaries.BT709,
        dst_color_trc=ColorTrc.BT709,
        interpolation=EXACT,
    )


def luma_plane(frame: av.VideoFrame) -> NDArray[np.uint8]:
    return np.ascontiguousarray(frame.to_ndarray(format="yuv420p")[: frame.height])
