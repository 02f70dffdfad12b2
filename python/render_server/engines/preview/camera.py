"""Where does the camera look in each frame? Moves to views; pure geometry, in units of the picture's own size."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from render_server.sizes import FRAMES_PER_SECOND

from .words import Kind, Move

# A move over five seconds goes this far at strength 1; shorter clips go less far, so that they do not rush.
FULL_SECONDS = 5.0
ZOOM_IN = 1.28
ZOOM_OUT = 1 / 1.22
# Further out, the mirrored edges would fill too much of the frame.
MAX_ZOOM_OUT = 1.15
DRIFT_ZOOM = 1.13
DRIFT_SHIFT = 0.02
PAN_SHIFT = 0.11
ORBIT_YAW = math.radians(9)
ORBIT_SHIFT = 0.03
HANDHELD_SHIFT = 0.006
HANDHELD_ROLL = math.radians(0.35)
HANDHELD_EASE_SECONDS = 0.8
BREATHE_ZOOM, BREATHS_PER_SECOND = 1.05, 0.4
PULSE_ZOOM, PULSES_PER_SECOND = 1.035, 1.2

# Zoom that other moves need as their room arrives this early, so that a pan looks like a pan and not like a zoom.
ROOM_SHARE = 0.6
# More room than this would cost too much detail; moves that need more go less far.
MAX_ROOM = 1.6

# How far the lens is from the picture, in picture widths: shorter makes an orbit look more dramatic.
LENS_DISTANCE = 1.4

# Zooming out, or moving sideways where zooming in is forbidden, shows at most this much beyond each edge, as a share of
# the picture: there the canvas mirrors it.
MARGIN = 0.25

# Moves that go to and fro, around where the others lead.
UNSTEADY = {Kind.HANDHELD, Kind.BREATHE, Kind.PULSE}

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """The camera in one frame. The default one sees exactly the picture.

    `x` and `y` move the middle of the view, in picture widths and heights, right and down. `zoom` above 1 is closer.
    `yaw` and `roll` are radians.
    """

    zoom: float = 1.0
    x: float = 0.0
    y: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0

    @property
    def is_flat(self) -> bool:
        """Without turning, so that straight scaling draws it."""
        return self.yaw == 0 and self.roll == 0

    def to_picture(self, aspect: float) -> Matrix:
        """The homography from frame to picture, both with (0, 0) in the middle, 1 high and `aspect` wide."""
        cos_roll, sin_roll = math.cos(self.roll), math.sin(self.roll)
        cos_yaw, sin_yaw = math.cos(self.yaw), math.sin(self.yaw)
        distance = LENS_DISTANCE * aspect
        # The picture turned about its upright middle axis, as the lens sees it.
        seen = np.array(
            [
                [distance * cos_yaw, 0, 0],
                [0, distance, 0],
                [sin_yaw, 0, distance],
            ]
        )
        frame = np.array([[cos_roll, -sin_roll, 0], [sin_roll, cos_roll, 0], [0, 0, self.zoom]])
        shift = np.array([[1, 0, self.x * aspect], [0, 1, self.y], [0, 0, 1]])
        return np.asarray(shift @ np.linalg.inv(seen) @ frame * distance)

    def corners(self, aspect: float) -> Matrix:
        """Where the frame's corners lie, in picture widths and heights from its middle: inside it from -0.5 to 0.5."""
        corners = np.array([[x * aspect, y, 1] for x in (-0.5, 0.5) for y in (-0.5, 0.5)]).T
        x, y, w = self.to_picture(aspect) @ corners
        return np.array([x / w / aspect, y / w])


def plan_views(moves: list[Move], *, frames: int, seed: int, aspect: float) -> list[View]:
    """One view for each frame. The first sees exactly the picture; none sees further beyond it than MARGIN, and none
    beyond it at all before the camera zooms out."""
    length = (frames - 1) / FRAMES_PER_SECOND
    times = [frame / FRAMES_PER_SECOND for frame in range(frames)]
    chance = random.Random(seed)
    steps = max(move.step for move in moves) + 1
    paths = [(move.kind, create_path(move, length / steps, chance)) for move in tame_zoom_out(moves, length / steps)]
    glides = [combine([path(time) for kind, path in paths if kind not in UNSTEADY]) for time in times]
    shakes = [combine([path(time) for kind, path in paths if kind in UNSTEADY]) for time in times]
    limits = [0.5 + margin for margin in margins_of(moves, times, length / steps)]
    reserves = reserve_for(shakes, times, aspect)
    glides = add_room(glides, [limit - reserve for limit, reserve in zip(limits, reserves, strict=True)], aspect)
    views = [combine([glide, shake]) for glide, shake in zip(glides, shakes, strict=True)]
    return scale_moves(views, largest_share(views, limits, aspect))


def margins_of(moves: list[Move], times: list[float], step_length: float) -> list[float]:
    """How far beyond the picture the camera may see at each time: nowhere until a move has to."""
    if not all(move.may_zoom for move in moves):
        return [MARGIN] * len(times)
    begin = min((move.step * step_length for move in moves if move.kind is Kind.ZOOM_OUT), default=math.inf)
    return [MARGIN if time >= begin else 0.0 for time in times]


def tame_zoom_out(moves: list[Move], step_length: float) -> list[Move]:
    """All zooms out together go no further than one may."""
    most = MAX_ZOOM_OUT / pace_of(step_length)
    wished = sum(move.strength for move in moves if move.kind is Kind.ZOOM_OUT)
    return [
        replace(move, strength=move.strength * min(1.0, most / wished)) if move.kind is Kind.ZOOM_OUT else move
        for move in moves
    ]


def pace_of(length: float) -> float:
    return math.sqrt(length / FULL_SECONDS)


def ease(share: float) -> float:
    """0 to 1, starting and arriving at rest."""
    share = min(1.0, max(0.0, share))
    return share * share * share * (share * (share * 6 - 15) + 10)


Path = Callable[[float], View]


def create_path(move: Move, length: float, chance: random.Random) -> Path:
    """One move by itself: the view at a time in seconds, at rest before its step begins."""
    begin = move.step * length
    path = create_path_from_rest(move, length, chance)
    return lambda time: path(max(0.0, time - begin))


def create_path_from_rest(move: Move, length: float, chance: random.Random) -> Path:  # noqa: PLR0911
    strength = move.strength * pace_of(length)
    match move.kind:
        case Kind.STILL:
            return lambda _: View()
        case Kind.ZOOM_IN:
            return lambda time: View(zoom=ZOOM_IN ** (strength * ease(time / length)))
        case Kind.ZOOM_OUT:
            return lambda time: View(zoom=ZOOM_OUT ** (strength * ease(time / length)))
        case Kind.PAN_LEFT | Kind.PAN_RIGHT:
            pan = PAN_SHIFT * strength * (-1 if move.kind is Kind.PAN_LEFT else 1)
            return lambda time: View(x=pan * ease(time / length))
        case Kind.TILT_UP | Kind.TILT_DOWN:
            tilt = PAN_SHIFT * strength * (-1 if move.kind is Kind.TILT_UP else 1)
            return lambda time: View(y=tilt * ease(time / length))
        case Kind.ORBIT | Kind.ORBIT_LEFT | Kind.ORBIT_RIGHT:
            sides = {Kind.ORBIT_LEFT: -1, Kind.ORBIT_RIGHT: 1}
            side = strength * sides.get(move.kind, chance.choice([-1, 1]))
            return lambda time: View(
                yaw=ORBIT_YAW * side * ease(time / length), x=ORBIT_SHIFT * side * ease(time / length)
            )
        case Kind.HANDHELD:
            return create_handheld(move.strength, chance)
        case Kind.BREATHE:
            return create_swell(BREATHE_ZOOM, BREATHS_PER_SECOND, move.strength, length)
        case Kind.PULSE:
            return create_swell(PULSE_ZOOM, PULSES_PER_SECOND, move.strength, length)
        case Kind.DRIFT:
            angle = chance.uniform(0, 2 * math.pi)
            x, y = (DRIFT_SHIFT * strength * part for part in (math.cos(angle), math.sin(angle)))
            return lambda time: View(
                zoom=DRIFT_ZOOM ** (strength * ease(time / length)),
                x=x * ease(time / length),
                y=y * ease(time / length),
            )


def create_swell(zoom: float, per_second: float, strength: float, length: float) -> Path:
    """In and out again, a whole number of times, so that the clip loops."""
    cycles = max(1, round(per_second * length))

    def path(time: float) -> View:
        turned = 2 * math.pi * cycles * min(time, length) / length
        return View(zoom=zoom ** (strength * (1 - math.cos(turned)) / 2))

    return path


def create_handheld(strength: float, chance: random.Random) -> Path:
    """A few slow waves that never meet again at the same place, as an arm that tires; growing from rest."""

    def create_waves() -> Callable[[float], float]:
        waves = [
            (chance.uniform(0.85, 1.15) * hertz, chance.uniform(0, 2 * math.pi), weight)
            for hertz, weight in [(0.35, 1.0), (0.9, 0.5), (2.1, 0.12)]
        ]
        return lambda time: sum(weight * math.sin(2 * math.pi * hertz * time + phase) for hertz, phase, weight in waves)

    x, y, roll = create_waves(), create_waves(), create_waves()

    def path(time: float) -> View:
        grown = strength * ease(time / HANDHELD_EASE_SECONDS)
        return View(
            x=HANDHELD_SHIFT * grown * x(time),
            y=HANDHELD_SHIFT * grown * y(time),
            roll=HANDHELD_ROLL * grown * roll(time),
        )

    return path


def combine(views: list[View]) -> View:
    return View(
        zoom=math.prod(view.zoom for view in views),
        x=sum(view.x for view in views),
        y=sum(view.y for view in views),
        yaw=sum(view.yaw for view in views),
        roll=sum(view.roll for view in views),
    )


def reserve_for(shakes: list[View], times: list[float], aspect: float) -> list[float]:
    """How much room at each time the shake will need at most, growing as early as the shake itself."""
    sway = [max(abs(shake.x), abs(shake.y)) + abs(shake.roll) * max(aspect, 1 / aspect) / 2 for shake in shakes]
    begin = next((time for time, amount in zip(times, sway, strict=True) if amount > 0), math.inf)
    return [max(sway) * ease((time - begin) / HANDHELD_EASE_SECONDS) for time in times]


def add_room(views: list[View], limits: list[float], aspect: float) -> list[View]:
    """Zoom in as far as the moves sideways need, a little before they need it, for as long as the camera may not see
    beyond the picture, and less where the wished zoom gives room already."""
    count = sum(limit <= 0.5 for limit in limits)
    if count == 0:
        return views
    closest = [replace(view, zoom=view.zoom * MAX_ROOM) for view in views[:count]]
    views = scale_moves(views, largest_share(closest, limits[:count], aspect))
    needed = [needed_zoom(view, limit, aspect) / view.zoom for view, limit in zip(views[:count], limits, strict=False)]
    rooms = np.maximum.accumulate([1.0, *needed[1:]])
    early = np.interp(np.arange(len(views)) / ROOM_SHARE, np.arange(count), rooms)
    return [replace(view, zoom=view.zoom * float(room)) for view, room in zip(views, early, strict=True)]


def needed_zoom(view: View, limit: float, aspect: float) -> float:
    """The least zoom at which this view, but for its own zoom, sees no further from the middle than the limit."""
    low, high = 1.0, 4.0
    for _ in range(24):
        middle = (low + high) / 2
        is_inside = np.abs(replace(view, zoom=middle).corners(aspect)).max() <= limit
        low, high = (low, middle) if is_inside else (middle, high)
    return high if high > 1 + 1e-6 else 1.0


def scale_moves(views: list[View], share: float) -> list[View]:
    """The same path, all of its moves sideways made smaller."""
    return [
        replace(view, x=view.x * share, y=view.y * share, yaw=view.yaw * share, roll=view.roll * share)
        for view in views
    ]


def largest_share(views: list[View], limits: list[float], aspect: float) -> float:
    """How much of its moves sideways the path can keep while no view sees further from the middle than its limit."""

    def is_inside(path: list[View]) -> bool:
        return all(np.abs(view.corners(aspect)).max() <= limit + 1e-9 for view, limit in zip(path, limits, strict=True))

    if is_inside(views):
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if is_inside(scale_moves(views, middle)) else (low, middle)
    return low
