"""The preview engine: the words it hears, the way its camera moves, and the frames it draws."""

import itertools
import math
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import create_picture
from PIL import Image

from render_server.clip import ClipOrder, LoadedEngine, make_clip
from render_server.engines import RenderCancelledError, create_pipeline, find_engine
from render_server.engines.preview.camera import MARGIN, View, plan_views
from render_server.engines.preview.drawing import Canvas, draw_all
from render_server.engines.preview.words import Kind, Move, read_moves
from render_server.pictures import Picture
from render_server.protocol import AnyEvent, Decoding, RenderBody

PROMPTS = [
    "zoom in",
    "dramatic zoom out",
    "pan left",
    "tilt up",
    "orbit",
    "handheld",
    "breathe",
    "pulse",
    "a cat",
    "slow zoom in and pan left",
    "fast orbit right, handheld, tilt down",
    "zoom out and pan right",
    "push in, then pull back",
    "pan left, then right, then zoom out",
    "handheld, breathe, pan left",
]


@pytest.mark.parametrize(
    ("prompt", "kinds"),
    [
        ("zoom in", [Kind.ZOOM_IN]),
        ("Slowly ZOOMING in on her face", [Kind.ZOOM_IN]),
        ("push in", [Kind.ZOOM_IN]),
        ("closer", [Kind.ZOOM_IN]),
        ("the camera pushes slowly in", [Kind.ZOOM_IN]),
        ("zoom out", [Kind.ZOOM_OUT]),
        ("pull back to show the valley", [Kind.ZOOM_OUT]),
        ("further away", [Kind.ZOOM_OUT]),
        ("pan left", [Kind.PAN_LEFT]),
        ("pan slowly to the right", [Kind.PAN_RIGHT]),
        ("the camera glides left", [Kind.PAN_LEFT]),
        ("tilt up", [Kind.TILT_UP]),
        ("tilts gently downwards", [Kind.TILT_DOWN]),
        ("orbit", [Kind.ORBIT]),
        ("orbit left", [Kind.ORBIT_LEFT]),
        ("rotate around him", [Kind.ORBIT]),
        ("rotate left", [Kind.ORBIT_LEFT]),
        ("rotate slowly to the right", [Kind.ORBIT_RIGHT]),
        ("rotate left, then right", [Kind.ORBIT_LEFT, Kind.ORBIT_RIGHT]),
        ("move left", [Kind.PAN_LEFT]),
        ("slowly move over to the right side", [Kind.PAN_RIGHT]),
        ("she smiles, go up a bit", [Kind.TILT_UP]),
        ("move left, then right", [Kind.PAN_LEFT, Kind.PAN_RIGHT]),
        ("move back slowly", [Kind.ZOOM_OUT]),
        ("move in", [Kind.ZOOM_IN]),
        ("can you please move left", [Kind.PAN_LEFT]),
        ("camera swoops down over the city", [Kind.TILT_DOWN]),
        ("move left foot", [Kind.DRIFT]),
        ("move the cup to the left", [Kind.DRIFT]),
        ("rotate the cup to the left", [Kind.DRIFT]),
        ("the dog moves left", [Kind.DRIFT]),
        ("the dogs go left", [Kind.DRIFT]),
        ("he rotates left", [Kind.DRIFT]),
        ("don't move left", [Kind.STILL]),
        ("no rotation to the left", [Kind.STILL]),
        ("handheld", [Kind.HANDHELD]),
        ("hand-held camera", [Kind.HANDHELD]),
        ("a bit of shake", [Kind.HANDHELD]),
        ("breathe", [Kind.BREATHE]),
        ("pulsing lights", [Kind.PULSE]),
        ("slow zoom in and pan left", [Kind.ZOOM_IN, Kind.PAN_LEFT]),
        ("pan left, tilt up, handheld", [Kind.PAN_LEFT, Kind.TILT_UP, Kind.HANDHELD]),
        ("zoom out and pan left", [Kind.ZOOM_OUT, Kind.PAN_LEFT]),
        # Whole words only, and only where the camera is meant.
        ("a company in Japan with a zoomed logo", [Kind.DRIFT]),
        ("a frying pan on the stove", [Kind.DRIFT]),
        ("he turns left and walks right", [Kind.DRIFT]),
        ("she shakes her head", [Kind.DRIFT]),
        ("handshakes and milkshakes", [Kind.DRIFT]),
        ("breathtaking", [Kind.DRIFT]),
        ("runaway", [Kind.DRIFT]),
        ("no shake", [Kind.DRIFT]),
        ("don't pan left; tilt up", [Kind.TILT_UP]),
        ("", [Kind.DRIFT]),
        ("ズームイン 🎥", [Kind.DRIFT]),
    ],
)
def test_words_become_moves(prompt: str, kinds: list[Kind]) -> None:
    assert [move.kind for move in read_moves(prompt)] == kinds


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("pan from left to right", Kind.PAN_RIGHT),
        ("pan left to right", Kind.PAN_RIGHT),
        ("pan left-to-right", Kind.PAN_RIGHT),
        ("pan from right to left", Kind.PAN_LEFT),
        ("slow pan from the left side of the room over to the right", Kind.PAN_RIGHT),
        ("camera moves from left to right", Kind.PAN_RIGHT),
        ("track left to right", Kind.PAN_RIGHT),
        ("camera slides in from the left", Kind.PAN_RIGHT),
        ("slow pan, left to right", Kind.PAN_RIGHT),
        ("a left-to-right tracking shot", Kind.PAN_RIGHT),
        ("dolly from right to left", Kind.PAN_LEFT),
        ("follow the car from left to right", Kind.PAN_RIGHT),
        ("tilt from bottom to top", Kind.TILT_UP),
        ("the camera pans from the top to the bottom", Kind.TILT_DOWN),
        ("tilt from her shoes up to her face", Kind.TILT_UP),
    ],
)
def test_from_one_side_to_another_goes_to_the_other(prompt: str, kind: Kind) -> None:
    assert [move.kind for move in read_moves(prompt)] == [kind]


@pytest.mark.parametrize(
    "prompt",
    [
        "static camera",
        "static shot",
        "static shot, she waves",
        "camera stays still",
        "keep the camera still",
        "the camera does not move",
        "The camera doesn\N{RIGHT SINGLE QUOTATION MARK}t move at all",
        "don't move the camera",
        "hold the camera steady",
        "no camera movement",
        "locked-off shot",
        "still",
        "no movement",
        "dont zoom",
        "no zoom, no shake",
        "do not zoom or pan",
        "the camera never zooms",
        "no pan",
    ],
)
def test_still_stays_still(prompt: str) -> None:
    assert [move.kind for move in read_moves(prompt)] == [Kind.STILL]
    assert set(plan(prompt)) == {View()}


@pytest.mark.parametrize(
    "prompt",
    [
        "she walks away",
        "the bird flies away",
        "she pushes him away",
        "push him away",
        "he pulls away",
        "while she turns away",
        "she tilts her head down",
        "she smiles and tilts her head down",
        "tilts her head down",
        "pull the curtain back",
        "the rocket zooms away",
        "dancers slide left",
        "the waves push in",
        "he leans closer",
        "her smile gets wider",
        "she breathes softly",
        "birds circle around the tower",
        "they follow him to the left",
        "his head tilting to the left",
        "the train pulls away",
        "a truck drives to the left",
        "she looks at the camera and moves left",
        "she stays still",
    ],
)
def test_words_about_the_subject_do_not_move_the_camera(prompt: str) -> None:
    assert [move.kind for move in read_moves(prompt)] == [Kind.DRIFT]


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("camera drifts to the left while she turns away", Kind.PAN_LEFT),
        ("she walks away, the camera pans right", Kind.PAN_RIGHT),
        ("zoom in on the man walking away", Kind.ZOOM_IN),
        ("she steps back as the camera pulls away", Kind.ZOOM_OUT),
        ("arc left", Kind.ORBIT_LEFT),
        ("camera slowly tracks the car to the right", Kind.PAN_RIGHT),
        ("the camera follows her to the left", Kind.PAN_LEFT),
        ("drone shot rising", Kind.TILT_UP),
        ("move the camera closer", Kind.ZOOM_IN),
        ("a slow cinematic push in", Kind.ZOOM_IN),
        ("without panning, zoom in", Kind.ZOOM_IN),
        ("no zoom, pan left", Kind.PAN_LEFT),
        ("pan left without zooming", Kind.PAN_LEFT),
    ],
)
def test_the_cameras_own_move_is_found_beside_other_words(prompt: str, kind: Kind) -> None:
    assert [move.kind for move in read_moves(prompt)] == [kind]


@pytest.mark.parametrize(
    ("prompt", "moves"),
    [
        ("push in, then pull back", [(Kind.ZOOM_IN, 0), (Kind.ZOOM_OUT, 1)]),
        ("zoom in and out", [(Kind.ZOOM_IN, 0), (Kind.ZOOM_OUT, 1)]),
        ("pan left, then right", [(Kind.PAN_LEFT, 0), (Kind.PAN_RIGHT, 1)]),
        ("pan left and tilt up, then zoom in", [(Kind.PAN_LEFT, 0), (Kind.TILT_UP, 0), (Kind.ZOOM_IN, 1)]),
        ("camera stays still, then zooms in", [(Kind.STILL, 0), (Kind.ZOOM_IN, 1)]),
        ("zoom in, then she smiles", [(Kind.ZOOM_IN, 0)]),
    ],
)
def test_one_move_follows_another_where_the_words_say_so_or_both_cannot_be_at_once(
    prompt: str, moves: list[tuple[Kind, int]]
) -> None:
    assert [(move.kind, move.step) for move in read_moves(prompt)] == moves


def test_words_of_strength_that_belong_to_the_subject_leave_the_camera_alone() -> None:
    assert read_moves("she runs fast, zoom in") == [Move(Kind.ZOOM_IN)]


def test_words_of_strength_count_for_their_own_part_of_the_sentence() -> None:
    plain, slow, fast = (read_moves(prompt)[0].strength for prompt in ["zoom in", "slow zoom in", "dramatic zoom in"])
    assert slow < plain < fast
    zoom, pan = read_moves("slow zoom in and fast pan left")
    assert zoom.strength < plain < pan.strength
    assert read_moves("zoom in, slowly")[0].strength == slow


def plan(prompt: str, frames: int = 121, seed: int = 1, aspect: float = 1.7) -> list[View]:
    return plan_views(read_moves(prompt), frames=frames, seed=seed, aspect=aspect)


WAYS = [
    *["zoom in", "zoom out", "pan left", "pan right", "tilt up", "tilt down", "orbit left", "orbit right"],
    *["handheld", "breathe", "pulse", "push in", "pull back", "camera stays still", "arc shot", "drone shot rising"],
]


def some_prompts(count: int, seed: int) -> list[str]:
    """Moves in every pair at least once, and up to four of them, fast and slow, together and after one another."""
    chance = random.Random(seed)
    pairs = [list(pair) for pair in itertools.combinations(WAYS, 2)]
    several = [chance.sample(WAYS, chance.randint(3, 4)) for _ in range(count)]
    prompts = []
    for ways in [[way] for way in WAYS] + chance.sample(pairs, min(count, len(pairs))) + several:
        said = [f"{chance.choice(['', '', 'slow ', 'dramatic '])}{way}" for way in chance.sample(ways, len(ways))]
        prompts.append(chance.choice([", ", " and ", ", then "]).join(said) + chance.choice(["", "", ", no zoom"]))
    return prompts


def test_no_combination_of_moves_lengths_and_shapes_sees_beyond_what_it_may() -> None:
    for number, prompt in enumerate(some_prompts(120, seed=14)):
        aspect = [1 / 3, 9 / 16, 1.0, 832 / 480, 3.0][number % 5]
        views = plan(prompt, frames=[5, 25, 73, 121][number % 4], seed=number, aspect=aspect)
        moves = read_moves(prompt)
        may_see_beyond = any(move.kind is Kind.ZOOM_OUT or not move.may_zoom for move in moves)
        beyond = max(np.abs(view.corners(aspect)).max() for view in views) - 0.5
        assert views[0] == View(), prompt
        assert beyond <= (MARGIN if may_see_beyond else 0) + 1e-6, prompt


@pytest.mark.parametrize(("width", "height"), [(96, 64), (64, 192), (192, 64)])
def test_no_frame_of_any_combination_is_black_or_stretched(width: int, height: int, tmp_path: Path) -> None:
    """A grey disc on a bright ground, in all combinations: nothing darker is ever seen, and the disc stays round."""
    y, x = np.mgrid[0 : height * 3, 0 : width * 3]
    radius = 0.3 * 3 * min(width, height)
    # Soft, so that a filter does not overshoot.
    disc = np.clip((radius - np.hypot(x - width * 1.5 + 0.5, y - height * 1.5 + 0.5)) / 12 + 0.5, 0, 1)
    picture = Image.fromarray(np.repeat((230 - 120 * disc).astype(np.uint8)[..., np.newaxis], 3, axis=2))
    for number, prompt in enumerate(some_prompts(24, seed=width)):
        views = plan(prompt, frames=[25, 121][number % 2], seed=number, aspect=width / height)
        canvas = canvas_of(picture, (width, height), tmp_path, views)
        for view in [views[len(views) // 5], views[len(views) // 2], views[-1]]:
            frame = np.asarray(canvas.draw(view))[..., 0].astype(float)
            assert frame.min() >= 105, (prompt, view)
            roundness = shape_of(230 - frame, view, width / height)
            assert roundness is None or roundness == pytest.approx(1, abs=0.03), (prompt, view)


def shape_of(light: np.ndarray[tuple[int, int], np.dtype[np.float64]], view: View, aspect: float) -> float | None:
    """How much wider than high the disc is, in a view that shows the whole of it and not from the side."""
    light = np.where(light > 4, light, 0)
    edges = [light[0], light[-1], light[:, 0], light[:, -1]]
    if view.yaw != 0 or any(edge.any() for edge in edges) or np.abs(view.corners(aspect)).max() > 0.62:
        return None
    y, x = np.mgrid[0 : light.shape[0], 0 : light.shape[1]]
    middle_x, middle_y = (light * x).sum() / light.sum(), (light * y).sum() / light.sum()
    return math.sqrt((light * (x - middle_x) ** 2).sum() / (light * (y - middle_y) ** 2).sum())


def test_zooming_out_while_panning_zooms_out() -> None:
    for prompt in ["zoom out and pan left", "zoom out, tilt up", "fast dolly out and orbit right", "zoom out handheld"]:
        for frames in [25, 73, 121]:
            assert plan(prompt, frames)[-1].zoom < 0.95, prompt


def test_a_forbidden_zoom_is_not_used_for_room_either() -> None:
    views = plan("no zoom, pan left")
    assert {view.zoom for view in views} == {1.0}
    assert views[-1].x < -0.1


@pytest.mark.parametrize("frames", [25, 49, 121])
def test_handheld_is_seen_and_leaves_other_moves_as_they_are(frames: int) -> None:
    for seed in range(4):
        shaken, alone = plan("handheld", frames, seed), plan("pan left", frames, seed)
        assert max(np.ptp([view.x for view in shaken]) * 832, np.ptp([view.y for view in shaken]) * 480) > 2.5
        assert shaken[-1].zoom < 1.05
        assert plan("pan left, handheld", frames, seed)[-1].x == pytest.approx(alone[-1].x, abs=0.012)
        turned = plan("handheld orbit left", frames, seed)[-1].yaw
        assert turned == pytest.approx(plan("orbit left", frames, seed)[-1].yaw, rel=0.05)


def test_moves_in_turn_go_there_and_back() -> None:
    zooms = [view.zoom for view in plan("push in, then pull back")]
    assert np.argmax(zooms) == pytest.approx(60, abs=2)
    assert zooms[-1] < 1 + (max(zooms) - 1) / 2
    assert zooms[-1] < max(zooms)


@pytest.mark.parametrize(
    ("prompt", "value"),
    [
        ("zoom in", lambda view: view.zoom),
        ("zoom out", lambda view: -view.zoom),
        ("pan left", lambda view: -view.x),
        ("pan right", lambda view: view.x),
        ("tilt up", lambda view: -view.y),
        ("tilt down", lambda view: view.y),
        ("orbit right", lambda view: view.yaw),
    ],
)
def test_one_way_moves_go_one_way_and_start_and_end_at_rest(prompt: str, value: Callable[[View], float]) -> None:
    steps = np.diff([value(view) for view in plan(prompt)])
    assert (steps >= 0).all()
    assert steps.sum() > 0.02
    for end in [steps[0], steps[-1]]:
        assert end < steps.max() / 20


@pytest.mark.parametrize("prompt", ["breathe", "pulse"])
def test_swelling_moves_return_so_that_the_clip_loops(prompt: str) -> None:
    views = plan(prompt)
    assert max(view.zoom for view in views) > 1.02
    assert views[-1].zoom == pytest.approx(1)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_no_move_jerks(prompt: str) -> None:
    """Where the frame's corners go, in pixels of a 480p clip: their path bends little from one frame to the next."""
    corners = np.array([view.corners(832 / 480) for view in plan(prompt, aspect=832 / 480)])
    path = corners * np.array([832, 480])[np.newaxis, :, np.newaxis]
    assert np.abs(np.diff(path, n=2, axis=0)).max() < 1


def test_the_seed_varies_the_default_move_and_nothing_else_does() -> None:
    assert plan("a cat", seed=1) == plan("a dog", seed=1)
    assert plan("a cat", seed=1) != plan("a cat", seed=2)


def canvas_of(picture: Image.Image, size: tuple[int, int], folder: Path, views: list[View]) -> Canvas:
    picture.save(folder / "a.png")
    return Canvas(Picture(folder / "a.png", size), views)


@pytest.mark.parametrize("prompt", ["zoom in", "zoom out", "orbit", "handheld", "a cat"])
@pytest.mark.parametrize("source", [(96, 64), (150, 90), (700, 500)])
def test_frame_0_is_the_fitted_picture_and_frame_1_hardly_differs(
    prompt: str, source: tuple[int, int], tmp_path: Path
) -> None:
    views = plan(prompt, aspect=1.5)
    canvas = canvas_of(create_picture(*source), (96, 64), tmp_path, views)
    first, second = (np.asarray(frame).astype(int) for frame in draw_all(canvas, views[:2]))
    assert np.array_equal(first, Picture(tmp_path / "a.png", (96, 64)).pixels)
    # Turned views come out half a level darker, because Pillow's transform rounds down: nobody sees that.
    assert np.abs(second - first).mean() < 1


def test_a_turned_view_draws_what_a_flat_one_does_when_it_hardly_turns(tmp_path: Path) -> None:
    flat = View(zoom=1.3, x=0.05, y=-0.04)
    canvas = canvas_of(create_picture(333, 250), (192, 128), tmp_path, [flat])
    turned = View(flat.zoom, flat.x, flat.y, yaw=1e-9, roll=1e-9)
    difference = np.asarray(canvas.draw(flat)).astype(int) - np.asarray(canvas.draw(turned))
    assert np.abs(difference).max() <= 4
    assert np.abs(difference).mean() < 1


@pytest.mark.parametrize("turn", [0.0, 1e-7])
def test_motion_is_smooth_far_below_a_pixel(turn: float, tmp_path: Path) -> None:
    """A dot seen by a slowly panning camera moves evenly: measured from its brightness, to a hundredth of a pixel."""
    y, x = np.mgrid[0:128, 0:192]
    dot = 255 * np.exp(-((x - 96.3) ** 2 + (y - 64.2) ** 2) / (2 * 5**2))
    picture = Image.fromarray(np.repeat(dot.round().astype(np.uint8)[..., np.newaxis], 3, axis=2))
    views = [View(zoom=1.25, x=0.0004 * frame, roll=turn) for frame in range(40)]
    canvas = canvas_of(picture, (192, 128), tmp_path, views)
    places = []
    for frame in draw_all(canvas, views):
        light = np.asarray(frame)[..., 0].astype(float)
        places.append((light * np.arange(192)).sum() / light.sum())
    expected = -0.0004 * 192 * 1.25
    assert np.diff(places).mean() == pytest.approx(expected, abs=1e-3)
    assert np.abs(np.diff(places, n=2)).max() < 0.02


def test_zooming_in_finds_detail_that_the_clips_own_size_does_not_hold(tmp_path: Path) -> None:
    picture = np.zeros((256, 384, 3), dtype=np.uint8)
    picture[:, ::2] = 255
    view = View(zoom=2.0)
    sharp = np.asarray(canvas_of(Image.fromarray(picture), (192, 128), tmp_path, [view]).draw(view))
    assert sharp.std() > 100


def test_a_zoom_out_shows_the_picture_smaller_with_no_dark_edges(tmp_path: Path) -> None:
    views = plan("zoom out", aspect=1.5)
    white = Image.new("RGB", (300, 200), "white")
    last = np.asarray(canvas_of(white, (96, 64), tmp_path, views).draw(views[-1]))
    assert last.min() == 255


def test_frames_come_in_the_order_of_the_views(tmp_path: Path) -> None:
    views = plan("zoom in", aspect=1.5)
    canvas = canvas_of(create_picture(200, 150), (96, 64), tmp_path, views)
    for view, frame in zip(views, draw_all(canvas, views), strict=True):
        assert np.array_equal(np.asarray(canvas.draw(view)), np.asarray(frame))


def render(folder: Path, name: str, is_cancelled: Callable[[], bool], **changes: int) -> list[AnyEvent]:
    body = {"width": 192, "height": 128, "frames": 49, "seed": 3} | changes
    wanted = RenderBody(image="a.png", prompt="a cat", negative="", **body)
    events: list[AnyEvent] = []
    engine = LoadedEngine("preview", "preview", create_pipeline(find_engine("preview")))
    make_clip(engine, ClipOrder(wanted, folder / "a.png", folder / name), events.append, is_cancelled)
    return events


def test_the_same_request_makes_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    create_picture(400, 300).save(tmp_path / "a.png")
    for name, seed in [("one.mp4", 3), ("same.mp4", 3), ("other.mp4", 4)]:
        render(tmp_path, name, lambda: False, seed=seed)
    one, same, other = ((tmp_path / name).read_bytes() for name in ["one.mp4", "same.mp4", "other.mp4"])
    assert one == same
    assert one != other


def test_progress_is_told_often_enough_and_to_the_end(tmp_path: Path) -> None:
    create_picture(400, 300).save(tmp_path / "a.png")
    events = [event for event in render(tmp_path, "a.mp4", lambda: False) if isinstance(event, Decoding)]
    steps = [event.step for event in events]
    assert steps[0] == 0
    assert steps[-1] == 49
    assert steps == sorted(set(steps))
    assert 10 <= len(steps) <= 30


def test_a_cancel_stops_the_drawing_and_leaves_no_file(tmp_path: Path) -> None:
    create_picture(400, 300).save(tmp_path / "a.png")
    answers = iter([False] * 8)
    with pytest.raises(RenderCancelledError):
        render(tmp_path, "a.mp4", lambda: next(answers, True))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_an_orbit_turns_about_the_middle_of_the_picture() -> None:
    middle = View(yaw=math.radians(9)).to_picture(1.5) @ np.array([0, 0, 1])
    assert middle[:2] == pytest.approx([0, 0])
