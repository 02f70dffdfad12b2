"""The sizes and lengths of clips. The same rules as src/render.ts; test/contract/sizes.json holds both to them."""

import math

FRAMES_PER_SECOND = 24
LONGEST_SECONDS = 5
LONGEST_PROMPT = 1000
LARGEST_SEED = 2**32 - 1

# Width times height, in pixels, that the model was trained at for each resolution.
RESOLUTION_AREAS = {"480p": 480 * 832, "720p": 704 * 1280}
LARGEST_AREA = max(RESOLUTION_AREAS.values())

# The model patches its latents 2x2 over a 16x VAE, so both sides must be multiples of 32.
SIZE_MULTIPLE = 32

# The VAE packs four frames into one latent frame, after a first frame of its own.
FRAMES_PER_LATENT = 4

MOST_EXTREME_ASPECT = 3

# How much cropping the picture weighs against rendering fewer pixels than the resolution allows.
CROP_WEIGHT = 4


def output_size(picture: tuple[int, int], resolution: str) -> tuple[int, int]:
    """The (width, height) to render a picture at. Raises ValueError beyond 3:1."""
    return size_of_shape(picture, RESOLUTION_AREAS[resolution])


def size_of_shape(shape: tuple[int, int], area: int) -> tuple[int, int]:
    """Of all allowed sizes within `area`, the one that loses least to cropping and to unused area. Raises ValueError
    beyond 3:1."""
    aspect = shape[0] / shape[1]
    if max(aspect, 1 / aspect) > MOST_EXTREME_ASPECT:
        raise ValueError(f"Expected a picture of at most {MOST_EXTREME_ASPECT}:1, got {shape[0]}x{shape[1]}")
    best = (SIZE_MULTIPLE, SIZE_MULTIPLE)
    smallest_loss = math.inf
    for width in range(SIZE_MULTIPLE, area // SIZE_MULTIPLE + 1, SIZE_MULTIPLE):
        for height in range(SIZE_MULTIPLE, area // width + 1, SIZE_MULTIPLE):
            loss = CROP_WEIGHT * abs(math.log(width / height / aspect)) + math.log(area / (width * height))
            if loss < smallest_loss:
                best, smallest_loss = (width, height), loss
    return best


def frame_count(seconds: float) -> int:
    """The frame count nearest to `seconds` that the model can make: 4k+1."""
    return FRAMES_PER_LATENT * math.floor(seconds * FRAMES_PER_SECOND / FRAMES_PER_LATENT + 0.5) + 1


MOST_FRAMES = frame_count(LONGEST_SECONDS)
