"""Which camera moves does a sentence ask for? English words to moves; knows nothing of pixels."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    ZOOM_IN = "zoom in"
    ZOOM_OUT = "zoom out"
    PAN_LEFT = "pan left"
    PAN_RIGHT = "pan right"
    TILT_UP = "tilt up"
    TILT_DOWN = "tilt down"
    # Around the picture's middle, to the side that the seed picks.
    ORBIT = "orbit"
    ORBIT_LEFT = "orbit left"
    ORBIT_RIGHT = "orbit right"
    HANDHELD = "handheld"
    BREATHE = "breathe"
    PULSE = "pulse"
    # A gentle push-in with a slight drift, for sentences that ask for no move.
    DRIFT = "drift"


@dataclass(frozen=True)
class Move:
    """`strength` 1 is what the bare words ask for."""

    kind: Kind
    strength: float = 1.0


CALM = 0.55
STRONG = 1.6
HELD_STILL = 0.25

CALM_WORDS = r"slow|slowly|gentle|gently|subtle|subtly|slight|slightly|soft|softly|calm|calmly"
STRONG_WORDS = r"fast|quick|quickly|rapid|rapidly|dramatic|dramatically|strong|strongly|intense|extreme|big|wild|wildly"
NEGATIONS = r"no|not|without|never|don't|dont|avoid"

# A few words may stand between a verb and its direction: "pan slowly to the left".
GAP = r"(?: \w+){0,3}?"
CAMERA_VERB = r"(?:pan|pans|panning|truck|trucks|trucking|track|tracks|tracking|slide|slides|sliding)"
TILT_VERB = r"(?:tilt|tilts|tilting|pan|pans|panning|crane|cranes|craning|pedestal)"
# These move people too, so they count only where the sentence says that the camera does it.
MOVES = r"camera(?: \w+){0,2}? (?:moves?|moving|drifts?|drifting|glides?|gliding|goes|flies|flying|swings?|swinging)"
ORBIT = r"(?:orbit|orbits|orbiting|arc shot|(?:rotate|rotates|rotating|rotation|circle|circles|circling) around)"
# People shake hands and heads; a camera just shakes.
NOT_SOMETHING = r"(?! (?:his|her|their|its|the|a|hands?)\b)"

# The first pattern that matches a stretch of words takes it, so the more exact ones come first.
PATTERNS: list[tuple[Kind, str]] = [
    (Kind.ZOOM_OUT, rf"(?:zoom|zooms|zooming){GAP} (?:out|back|away)"),
    (Kind.ZOOM_OUT, rf"(?:pull|pulls|pulling|dolly|dollies|push|pushes){GAP} (?:back|out|away)"),
    (Kind.ZOOM_IN, rf"(?:zoom|zooms|zooming)(?:{GAP} (?:in|into|on|towards?))?"),
    (Kind.ZOOM_IN, rf"(?:push|pushes|pushing|dolly|dollies){GAP} (?:in|into|forward|forwards)"),
    (Kind.PAN_LEFT, rf"{CAMERA_VERB}{GAP} left"),
    (Kind.PAN_RIGHT, rf"{CAMERA_VERB}{GAP} right"),
    (Kind.TILT_UP, rf"{TILT_VERB}{GAP} (?:up|upward|upwards)"),
    (Kind.TILT_DOWN, rf"{TILT_VERB}{GAP} (?:down|downward|downwards)"),
    (Kind.PAN_LEFT, rf"{MOVES}{GAP} left"),
    (Kind.PAN_RIGHT, rf"{MOVES}{GAP} right"),
    (Kind.TILT_UP, rf"{MOVES}{GAP} (?:up|upward|upwards)"),
    (Kind.TILT_DOWN, rf"{MOVES}{GAP} (?:down|downward|downwards)"),
    (Kind.TILT_UP, r"camera(?: \w+){0,2}? (?:rises|rising)"),
    (Kind.ORBIT_LEFT, rf"{ORBIT}{GAP} left"),
    (Kind.ORBIT_RIGHT, rf"{ORBIT}{GAP} right"),
    (Kind.ORBIT, rf"(?:{ORBIT}|camera(?: \w+){{0,2}}? (?:rotates|rotating|circles|circling))"),
    (
        Kind.HANDHELD,
        rf"(?:handheld|hand held|shaky|camera shake|(?:shakes?|shaking){NOT_SOMETHING})",
    ),
    (Kind.BREATHE, r"(?:breathe|breathes|breathing)"),
    (Kind.PULSE, r"(?:pulse|pulses|pulsing|pulsating|heartbeat)"),
    (Kind.ZOOM_IN, r"(?:closer|close in)"),
    (Kind.ZOOM_OUT, r"(?:away|wider)"),
]
HELD = r"(?:static|fixed|locked|still|steady|motionless) (?:camera|shot|frame)|no camera (?:movement|motion|move|moves)"

# Moves that cannot both happen; the one named first stays.
OPPOSITES = [
    {Kind.ZOOM_IN, Kind.ZOOM_OUT},
    {Kind.PAN_LEFT, Kind.PAN_RIGHT},
    {Kind.TILT_UP, Kind.TILT_DOWN},
    {Kind.ORBIT, Kind.ORBIT_LEFT, Kind.ORBIT_RIGHT},
    {Kind.BREATHE, Kind.PULSE},
]


def read_moves(prompt: str) -> list[Move]:
    """The moves that a prompt asks for, in its order; the default one if it asks for none."""
    text = prompt.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("-", " ")
    clauses = [" ".join(re.findall(r"[\w']+", part)) for part in re.split(r"[.,;:!?\n]|\b(?:and|then|while)\b", text)]
    moves: list[Move] = []
    loose_strength = 1.0
    for clause in clauses:
        strength = read_strength(clause)
        kinds = read_kinds(clause)
        moves += [Move(kind, strength) for kind in kinds]
        if not kinds:
            loose_strength *= strength
    moves = without_contradictions(moves)
    if moves:
        # "Zoom in, slowly": words of strength without a move of their own are meant for all of them.
        return [replace(move, strength=clamp(move.strength * loose_strength)) for move in moves]
    if any(re.search(rf"\b(?:{HELD})\b", clause) for clause in clauses):
        return [Move(Kind.DRIFT, HELD_STILL)]
    return [Move(Kind.DRIFT)]


def read_kinds(clause: str) -> list[Kind]:
    found: list[tuple[int, Kind]] = []
    rest = clause
    for kind, pattern in PATTERNS:
        for match in re.finditer(rf"\b{pattern}\b", rest):
            before = rest[: match.start()].split()[-2:]
            if not any(re.fullmatch(NEGATIONS, word) for word in before):
                found.append((match.start(), kind))
        # Blanked, not removed, so that positions stay true and words on both sides do not meet.
        rest = re.sub(rf"\b{pattern}\b", lambda match: "_" * len(match.group()), rest)
    return [kind for _, kind in sorted(found, key=lambda item: item[0])]


def read_strength(clause: str) -> float:
    calm = STRONG_OR_CALM["calm"].search(clause) is not None
    strong = STRONG_OR_CALM["strong"].search(clause) is not None
    return (CALM if calm else 1.0) * (STRONG if strong else 1.0)


STRONG_OR_CALM = {"calm": re.compile(rf"\b(?:{CALM_WORDS})\b"), "strong": re.compile(rf"\b(?:{STRONG_WORDS})\b")}


def without_contradictions(moves: list[Move]) -> list[Move]:
    kept: list[Move] = []
    for move in moves:
        rivals = next((group for group in OPPOSITES if move.kind in group), {move.kind})
        if not any(other.kind in rivals for other in kept):
            kept.append(move)
    return kept


def clamp(strength: float) -> float:
    return min(2.0, max(0.3, strength))
