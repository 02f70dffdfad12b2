"""Which camera moves does a sentence ask for, and in which order? English words to moves; knows nothing of pixels."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise


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
    # The camera does not move at all.
    STILL = "still"
    # A gentle push-in with a slight drift, for sentences that say nothing about the camera.
    DRIFT = "drift"


@dataclass(frozen=True)
class Move:
    """`strength` 1 is what the bare words ask for. Moves of one `step` happen together, those of the next one after.

    Where a move sideways needs room, the camera zooms in for it, unless the sentence forbids to zoom.
    """

    kind: Kind
    strength: float = 1.0
    step: int = 0
    may_zoom: bool = True


CALM = 0.55
STRONG = 1.6

# More steps than these would each be over before anybody sees them.
MAX_STEPS = 4

CALM_WORDS = r"slow|slowly|gentle|gently|subtle|subtly|slight|slightly|soft|softly|calm|calmly"
STRONG_WORDS = r"fast|quick|quickly|rapid|rapidly|dramatic|dramatically|strong|strongly|intense|extreme|big|wild|wildly"
NEGATION = re.compile(r"no|not|nor|without|never|avoid|cannot|\w+n't|(?:do|does|is|wo|should|must|ca)nt")
NEGATION_REACH = 4

CAMERA = r"(?:camera|cam|drone|lens|shot|view|viewpoint|frame|perspective)"
# "She looks at the camera" has a camera in it that does nothing.
ACTING_CAMERA = "".join(rf"(?<!\b{word} the )(?<!\b{word} )" for word in ["at", "to", "into", "toward", "towards"]) + (
    CAMERA
)
SIDES = {"left": "left", "right": "right", "top": "up", "up": "up", "above": "up"} | {
    "bottom": "down",
    "down": "down",
    "below": "down",
}
BACK_FROM = {"left": "right", "right": "left", "top": "down", "above": "down", "bottom": "up", "below": "up"}

# Between a verb that only cameras do and its direction, anything may stand: "track the red car to the right".
GAP = r"(?: \w+){0,5}?"
# Between one that people do as well, only what is not an object: "push slowly in", but not "push him away".
OWN_GAP = (
    rf"(?: (?:\w+ly|{CALM_WORDS}|{STRONG_WORDS}|the|{CAMERA}|us|a|bit|little|very|further|farther|all|way|straight"
    r"|over|to|toward|towards|from(?: \w+){1,3}))*?"
)

UP, DOWN = r"(?:up|upward|upwards)", r"(?:down|downward|downwards)"
PAN = r"(?:pan|pans|panning|track|tracks|tracking|follow|follows|following)"
TRUCK = r"(?:truck|trucks|trucking|slide|slides|sliding|dolly|dollies|dollying)"
PAN_SHOT = r"(?:pan|pan shot|panning shot|tracking shot|dolly shot)"
TILT = r"(?:tilt|tilts|tilting|crane|cranes|craning|pedestal|pan|pans|panning)"
# These move people too, so they count only where the sentence says that the camera does it.
GOING = (
    r"(?:moves?|moving|drifts?|drifting|glides?|gliding|goes|go|flies|fly|flying|swings?|swinging|travels?|travelling"
    r"|traveling|sweeps?|sweeping|swoops?|swooping|follows?|following|shifts?|shifting|floats?|floating|turns?|turning|looks?|looking)"
)
MOVES = (
    rf"(?:{ACTING_CAMERA}(?: \w+){{0,3}}? {GOING}|(?:move|slide|bring|fly|turn|swing|shift|point)(?: the)? {CAMERA})"
)
ROUND = r"(?:rotate|rotates|rotating|rotation|circle|circles|circling|spin|spins|spinning)"
ORBIT = rf"(?:orbit|orbits|orbiting|arc|arcs|arcing|{ROUND}{OWN_GAP} around)"
RISES, SINKS = (
    r"(?:rises?|rising|ascends?|ascending|climbs?|climbing|lifts?|lifting)",
    r"(?:descends?|descending|sinks?|sinking|lowers?|lowering)",
)
# People shake hands and heads; a camera just shakes.
NOT_SOMETHING = r"(?! (?:his|her|their|its|the|a|hands?)\b)"
# At the beginning of a part of the sentence, without anybody who does it.
ALONE = rf"^(?:(?:{CALM_WORDS}|{STRONG_WORDS}|a|the|go|going|move|moving|get|getting|much|even|bit|little) )*"
# What is told to nobody is told to the camera: "move left", but not "move left foot" or "move the cup left".
TOLD = (
    rf"^(?:(?:{CALM_WORDS}|{STRONG_WORDS}|{NEGATION.pattern}|please|now|can|could|would|you|let's|lets|just|a|the)"
    r" )*"
)
BARE = (
    rf"{TOLD}(?:move|moving|go|drift|glide|shift|travel|sweep|swing)"
    rf"(?: (?:\w+ly|{CALM_WORDS}|{STRONG_WORDS}|a|bit|little|over|to|toward|towards|the|further|farther|straight))*"
)
TO_THE_END = rf"(?=(?: (?:\w+ly|{CALM_WORDS}|{STRONG_WORDS}|side|a|bit|little|again|please|now))*$)"
BARE_TURN = rf"{TOLD}(?:rotate|rotating|rotation|circle|spin){OWN_GAP}"

# The first pattern that matches a stretch of words takes it, so the more exact ones come first.
PATTERNS: list[tuple[Kind, str]] = [
    (Kind.ZOOM_OUT, rf"(?:zoom|zooms|zooming){OWN_GAP} (?:out|back|away)"),
    (Kind.ZOOM_OUT, rf"(?:pull|pulls|pulling|dolly|dollies|dollying|push|pushes|pushing){OWN_GAP} (?:back|out|away)"),
    (Kind.ZOOM_IN, rf"(?:zoom|zooms|zooming)(?:{OWN_GAP} (?:in|into|on|towards?|closer))?"),
    (Kind.ZOOM_IN, rf"(?:push|pushes|pushing|dolly|dollies|dollying){OWN_GAP} (?:in|into|forward|forwards)"),
    (Kind.PAN_LEFT, rf"(?:{PAN}{GAP}|{TRUCK}(?: in)?{OWN_GAP}) (?:left|leftward|leftwards)"),
    (Kind.PAN_RIGHT, rf"(?:{PAN}{GAP}|{TRUCK}(?: in)?{OWN_GAP}) (?:right|rightward|rightwards)"),
    (Kind.PAN_LEFT, rf"left {PAN_SHOT}"),
    (Kind.PAN_RIGHT, rf"right {PAN_SHOT}"),
    (Kind.TILT_UP, rf"{TILT}{OWN_GAP} {UP}"),
    (Kind.TILT_DOWN, rf"{TILT}{OWN_GAP} {DOWN}"),
    (Kind.ORBIT_LEFT, rf"{ORBIT}{GAP} left"),
    (Kind.ORBIT_RIGHT, rf"{ORBIT}{GAP} right"),
    (Kind.PAN_LEFT, rf"{MOVES}{GAP} left"),
    (Kind.PAN_RIGHT, rf"{MOVES}{GAP} right"),
    (Kind.TILT_UP, rf"{MOVES}{GAP} {UP}"),
    (Kind.TILT_DOWN, rf"{MOVES}{GAP} {DOWN}"),
    (Kind.ZOOM_OUT, rf"{MOVES}{GAP} (?:away|back|backward|backwards|out)"),
    (Kind.ZOOM_IN, rf"{MOVES}{GAP} (?:closer|in|forward|forwards)"),
    (Kind.ORBIT_LEFT, rf"{BARE_TURN} left{TO_THE_END}"),
    (Kind.ORBIT_RIGHT, rf"{BARE_TURN} right{TO_THE_END}"),
    (Kind.PAN_LEFT, rf"{BARE} left{TO_THE_END}"),
    (Kind.PAN_RIGHT, rf"{BARE} right{TO_THE_END}"),
    (Kind.TILT_UP, rf"{BARE} {UP}{TO_THE_END}"),
    (Kind.TILT_DOWN, rf"{BARE} {DOWN}{TO_THE_END}"),
    (Kind.ZOOM_OUT, rf"{BARE} (?:away|back|backward|backwards|out){TO_THE_END}"),
    (Kind.ZOOM_IN, rf"{BARE} (?:in|forward|forwards){TO_THE_END}"),
    (Kind.TILT_UP, rf"(?:{ACTING_CAMERA}(?: \w+){{0,2}}? {RISES}|(?:rising|ascending)(?: crane)? {CAMERA})"),
    (Kind.TILT_DOWN, rf"(?:{ACTING_CAMERA}(?: \w+){{0,2}}? {SINKS}|(?:descending|sinking)(?: crane)? {CAMERA})"),
    (Kind.ORBIT, rf"(?:{ORBIT}|{ACTING_CAMERA}(?: \w+){{0,2}}? (?:rotates|rotating|circles|circling))"),
    (
        Kind.HANDHELD,
        rf"(?:handheld|hand held|shaky(?! hands?\b)|camera shake|(?:shake|shakes|shaking){NOT_SOMETHING})",
    ),
    (Kind.BREATHE, r"(?:breathe|breathes|breathing)"),
    (Kind.PULSE, r"(?:pulse|pulses|pulsing|pulsating|heartbeat)"),
    (Kind.ZOOM_IN, rf"(?:{ALONE}closer|close in|{ACTING_CAMERA}(?: \w+){{0,3}}? closer)"),
    (Kind.ZOOM_OUT, rf"(?:{ALONE}(?:(?:further |farther )?away|wider)|{ACTING_CAMERA}(?: \w+){{0,3}}? (?:away|wider))"),
]
# A verb after somebody else is theirs: "the bird zooms away". These are what people and things do as well:
SHARED_VERBS = re.compile(
    r"(?:push|pull|slid|tilt|cran|track|follow|truck|arc|spin|circl|rotat|shak|breath|puls|heartbeat)\w*"
)
STILL = (
    r"(?:still|static|fixed|steady|stationary|motionless|unmoving|locked|locked (?:off|down|in place)|in place|put"
    r"|at rest|where it is)"
)
HELD = re.compile(
    rf"\b(?:{STILL} {CAMERA}|(?:no|without|zero)(?: any)? {CAMERA} (?:movements?|motion|moves?|moving)"
    rf"|{ACTING_CAMERA}(?: (?!not\b|never\b)\w+){{0,2}}? {STILL}"
    rf"|{CAMERA} (?:\w+n't|\w+nt|never|cannot|(?:does|do|should|must|will|is) not|not) (?:\w+ly )?mov(?:e|es|ing)"
    rf"|(?:do not|don't|dont|never|not|without) mov(?:e|ing)(?: the| your)? {CAMERA}|tripod"
    r"|(?:no|never|without|do not|don't|dont)(?: any)? (?:pan|panning|tilt|tilting|orbit|orbiting))\b"
    rf"|^(?:(?:stays?|keep|hold|remain|completely|totally|it) )*(?:{STILL}|no (?:movement|motion))$"
)

OPPOSITES = [
    {Kind.ZOOM_IN, Kind.ZOOM_OUT},
    {Kind.PAN_LEFT, Kind.PAN_RIGHT},
    {Kind.TILT_UP, Kind.TILT_DOWN},
    {Kind.ORBIT_LEFT, Kind.ORBIT_RIGHT},
]
# Moves that cannot both happen; the one named first stays.
RIVALS = [{Kind.ORBIT, Kind.ORBIT_LEFT, Kind.ORBIT_RIGHT}, {Kind.BREATHE, Kind.PULSE}]

# The people behind the camera, and what they make.
CAMERA_SUBJECTS = re.compile(rf"{CAMERA}|we|it|picture|image|photo|video|clip|scene|you|let|lets|let's|please")
PEOPLE = re.compile(r"he|she|they|i|who|people|everyone|everybody|someone|somebody|children|men|women")
# Between a subject and its verb.
BETWEEN = re.compile(
    r"\w+ly|is|are|was|were|does|do|to|will|can|should|must|starts?|starting|begins?|beginning|keeps?|keeping|continues?"
    rf"|just|also|now|first|then|and|{CALM_WORDS}|{STRONG_WORDS}"
)
AHEAD_OF_NOUNS = re.compile(r"a|an|the|some|of|with|by|in|using|while|as|one|another|after|before|for|\d+")

SEPARATOR = re.compile(
    r"([.,;:!?\n]|\b(?:and|then|while|as|when|until|but|with|before|followed by|after that|afterwards|finally)\b)"
)
NEXT_STEP = {"then", "before", "followed by", "after that", "afterwards", "finally"}
# "Pan left, then slowly back right": the verb is the one before.
ONLY_DIRECTION = re.compile(
    rf"(?:(?:\w+ly|{CALM_WORDS}|{STRONG_WORDS}|back|again|to|the) )*(?P<direction>left|right|up|down|in|out|back)"
    r"(?: again| \w+ly)*"
)
# "Slow pan, left to right": the direction is in the next part.
ONLY_VERB = re.compile(
    rf"(?:(?:\w+ly|{CALM_WORDS}|{STRONG_WORDS}|a|the) )*(?P<verb>pan|track|truck|tilt|orbit|arc|panning)(?: shot)?"
)
ONLY_STRENGTH = re.compile(rf"(?:(?:very|really|but|please|do it|make it|{CALM_WORDS}|{STRONG_WORDS})(?: |$))+")


@dataclass(frozen=True)
class Clause:
    """A part of a sentence, in plain words."""

    text: str
    # Comes after the one before, and not together with it.
    is_next: bool = False


@dataclass(frozen=True)
class Found:
    kind: Kind
    start: int
    text: str
    is_negated: bool


def read_moves(prompt: str) -> list[Move]:
    """The moves that a prompt asks for, in its order; the default one if it says nothing about the camera."""
    moves: list[Move] = []
    negated: set[Kind] = set()
    loose_strength, step, is_next, is_held, verb, subject_before = 1.0, 0, False, False, "", False
    for clause in split(prompt):
        text = clause.text
        is_next = is_next or clause.is_next
        if verb and (match := ONLY_DIRECTION.fullmatch(text)):
            text = f"{verb} {match['direction']}"
        found = find(text, subject_before)
        negated |= {one.kind for one in found if one.is_negated}
        wanted = [one for one in found if not one.is_negated]
        if not wanted and HELD.search(text):
            is_held = True
            wanted = [Found(Kind.STILL, 0, text, False)]
        if is_next and wanted and moves:
            step += 1
        if wanted:
            is_next = False
            verb = wanted[-1].text.rpartition(" ")[0]
        elif match := ONLY_VERB.fullmatch(text):
            verb = match["verb"]
            loose_strength *= read_strength(text)
        elif ONLY_STRENGTH.fullmatch(text):
            loose_strength *= read_strength(text)
        strength = read_strength(clause.text)
        for one in wanted:
            if any({one.kind, move.kind} in OPPOSITES and move.step == step for move in moves):
                step += 1
            moves.append(Move(one.kind, strength, step))
        subject_before = not wanted and text != "" and not HELD.search(text)
    return settle(moves, negated, loose_strength, is_held)


def settle(moves: list[Move], negated: set[Kind], loose_strength: float, is_held: bool) -> list[Move]:
    """What is left after contradictions, and what a sentence without moves means."""
    forbids_zoom = bool(negated & OPPOSITES[0]) and not any(move.kind in OPPOSITES[0] for move in moves)
    moves = without_contradictions([move for move in moves if move.step < MAX_STEPS])
    if any(move.kind is not Kind.STILL for move in moves):
        # "Zoom in, slowly": words of strength without a move of their own are meant for all of them.
        return [
            replace(move, strength=clamp(move.strength * loose_strength), may_zoom=not forbids_zoom) for move in moves
        ]
    # The default move zooms and drifts: a member who forbids a move of that kind does not want it.
    moving = {kind for pair in OPPOSITES for kind in pair} | {Kind.ORBIT}
    return [Move(Kind.STILL if is_held or negated & moving else Kind.DRIFT)]


def split(prompt: str) -> list[Clause]:
    text = prompt.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("-", " ")
    parts = ["", *SEPARATOR.split(text)]
    return [
        Clause(towards(" ".join(re.findall(r"[\w']+", part))), separator in NEXT_STEP)
        for separator, part in pairwise(parts)
        if part not in NEXT_STEP and not SEPARATOR.fullmatch(part)
    ]


def towards(clause: str) -> str:
    """`from left to right` is a way to say `right`."""
    side = rf"({'|'.join(SIDES)})(?: hand)?(?: side| edge| corner)?"
    clause = re.sub(
        rf"\b(?:from )?(?:the )?(?:far )?{side}(?: of(?: the| her| his)? \w+)?(?: over| across| all the way)? "
        rf"(?:to|towards?|into) (?:the )?(?:far )?{side}\b",
        lambda match: SIDES[match[2]],
        clause,
    )
    return re.sub(
        rf"\bfrom (?:the )?({'|'.join(BACK_FROM)})(?: hand)?(?: side| edge| corner)?\b(?! to\b)",
        lambda match: BACK_FROM[match[1]],
        clause,
    )


def find(clause: str, subject_before: bool) -> list[Found]:
    """The moves of one part of a sentence, the forbidden ones too."""
    found: list[Found] = []
    rest = clause
    for kind, pattern in PATTERNS:
        for match in re.finditer(rf"\b(?:{pattern})\b", rest):
            before = rest[: match.start()].split()
            if is_the_cameras(match.group(), before, subject_before):
                found.append(Found(kind, match.start(), match.group(), is_negated(match.group(), before)))
        # Blanked, not removed, so that positions stay true and words on both sides do not meet.
        rest = re.sub(rf"\b(?:{pattern})\b", lambda match: "_" * len(match.group()), rest)
    return sorted(found, key=lambda one: one.start)


def is_negated(match: str, before: list[str]) -> bool:
    """A negation reaches a few words far, and over each `or`: "no zoom or pan"."""
    if any(NEGATION.fullmatch(word) for word in [*match.split(), *before[-NEGATION_REACH:]]):
        return True
    return bool(before) and before[-1] == "or" and any(NEGATION.fullmatch(word) for word in before)


def is_the_cameras(match: str, before: list[str], subject_before: bool) -> bool:
    """Whether the camera does this, and not somebody in the picture, judged by whom the words before name."""
    verb = match.split(maxsplit=1)[0]
    is_shared = SHARED_VERBS.fullmatch(verb) is not None
    if not is_shared and not re.fullmatch(r"zoom\w*|doll\w+|pan\w*|orbit\w*", verb):
        return True
    is_finite, is_participle = verb.endswith("s"), verb.endswith("ing")
    words = [word for word in before if not NEGATION.fullmatch(word) and word != "or" and not word.startswith("_")]
    had_help = False
    while words and BETWEEN.fullmatch(words[-1]):
        had_help = had_help or words[-1] == "to"
        words.pop()
    if not words:
        return not (is_shared and subject_before and (is_finite or is_participle))
    subject = words[-1]
    if CAMERA_SUBJECTS.fullmatch(subject) or AHEAD_OF_NOUNS.fullmatch(subject):
        return True
    if is_finite or PEOPLE.fullmatch(subject):
        return False
    is_many = subject.endswith("s") and not subject.endswith("ss")
    return not (is_shared and (is_participle or had_help or is_many))


def read_strength(clause: str) -> float:
    calm = STRONG_OR_CALM["calm"].search(clause) is not None
    strong = STRONG_OR_CALM["strong"].search(clause) is not None
    return (CALM if calm else 1.0) * (STRONG if strong else 1.0)


STRONG_OR_CALM = {"calm": re.compile(rf"\b(?:{CALM_WORDS})\b"), "strong": re.compile(rf"\b(?:{STRONG_WORDS})\b")}


def without_contradictions(moves: list[Move]) -> list[Move]:
    """Of each step one move of a kind, and no stillness beside a move."""
    kept: list[Move] = []
    for move in moves:
        rivals = next((group for group in RIVALS if move.kind in group), {move.kind})
        together = [other for other in moves if other.step == move.step]
        is_outdone = move.kind is Kind.STILL and any(other.kind is not Kind.STILL for other in together)
        if not is_outdone and not any(other.kind in rivals and other.step == move.step for other in kept):
            kept.append(move)
    return kept


def clamp(strength: float) -> float:
    return min(2.0, max(0.3, strength))
