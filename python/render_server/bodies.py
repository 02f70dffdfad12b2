"""Is this request one the engine can render? Checks where data enters; everything behind it trusts a RenderBody."""

import json
import re
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import msgspec

from .protocol import RenderBody
from .sizes import (
    FRAMES_PER_LATENT,
    LARGEST_AREA,
    LARGEST_SEED,
    LONGEST_PROMPT,
    MOST_FRAMES,
    SIZE_MULTIPLE,
)

LONGEST_SHOWN_VALUE = 60
LONGEST_FILE_NAME_BYTES = 255


class BadRequestError(Exception):
    """The message says what was expected and what came."""


def parse_id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", text):
        raise BadRequestError(f"Expected `id` of 1 to 128 letters, digits, - or _, got {shown(text)}.")
    return text


def parse_body(raw: bytes) -> RenderBody:
    try:
        fields = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequestError("Expected a JSON object, got something that is not JSON.") from error
    if not isinstance(fields, dict):
        raise BadRequestError(f"Expected a JSON object, got {shown(fields)}.")
    for name in fields:
        if name not in CHECKS:
            raise BadRequestError(f"Expected only {', '.join(f'`{known}`' for known in CHECKS)}, got {shown(name)}.")
    for name, (expected, is_good) in CHECKS.items():
        if name not in fields:
            raise BadRequestError(f"Expected `{name}` {expected}, got nothing.")
        if not is_good(fields[name]):
            raise BadRequestError(f"Expected `{name}` {expected}, got {shown(fields[name])}.")
    body = msgspec.convert(fields, RenderBody)
    if body.width * body.height > LARGEST_AREA:
        raise BadRequestError(
            f"Expected `width` times `height` of at most {LARGEST_AREA}, got {body.width * body.height}."
        )
    return body


def shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_SHOWN_VALUE else f"{text[: LONGEST_SHOWN_VALUE - 1]}…"


def is_whole(value: Any) -> bool:
    return type(value) is int


def is_file_name(value: Any) -> bool:
    return (
        isinstance(value, str)
        and PurePath(value).name == value
        and not value.startswith(".")
        and not any(character in value for character in "\0/\\")
        and len(value.encode()) <= LONGEST_FILE_NAME_BYTES
    )


def is_side(value: Any) -> bool:
    return is_whole(value) and value > 0 and value % SIZE_MULTIPLE == 0


# In the order that people think of them, which is the order that faults are named in.
CHECKS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "image": ("to be a bare file name", is_file_name),
    "prompt": (
        f"of 1 to {LONGEST_PROMPT} characters",
        lambda value: isinstance(value, str) and 1 <= len(value) <= LONGEST_PROMPT,
    ),
    "negative": (
        f"of at most {LONGEST_PROMPT} characters",
        lambda value: isinstance(value, str) and len(value) <= LONGEST_PROMPT,
    ),
    "width": (f"in multiples of {SIZE_MULTIPLE}", is_side),
    "height": (f"in multiples of {SIZE_MULTIPLE}", is_side),
    "frames": (
        f"of {FRAMES_PER_LATENT}k+1 from {FRAMES_PER_LATENT + 1} to {MOST_FRAMES}",
        lambda value: is_whole(value) and FRAMES_PER_LATENT < value <= MOST_FRAMES and value % FRAMES_PER_LATENT == 1,
    ),
    "seed": (
        f"to be a whole number from 0 to {LARGEST_SEED}",
        lambda value: is_whole(value) and 0 <= value <= LARGEST_SEED,
    ),
}
