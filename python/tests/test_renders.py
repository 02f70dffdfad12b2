"""A render's life, asked for over the socket of a real server."""

import json
import os

import pytest
from conftest import BODY, CONTRACT_FOLDER, Launch, Server

CONTRACT = json.loads((CONTRACT_FOLDER / "render-server.json").read_text())


@pytest.fixture
async def server(launch: Launch) -> Server:
    server = await launch("waits_for_cancel:create")
    await server.until_state("ready")
    return server


async def test_health_has_exactly_the_fields_of_the_contract(server: Server) -> None:
    health = await server.health()
    assert list(health) == list(CONTRACT["health"][0])
    assert health["pid"] == server.process.pid
    assert health["state"] == "ready"


async def test_a_render_with_the_preview_engine_tells_its_story_and_leaves_one_whole_file(launch: Launch) -> None:
    server = await launch()
    await server.until_state("ready")
    await server.start("web-1", prompt="slow zoom in", frames=25)
    assert (await server.health())["state"] == "busy"
    events = await server.events("web-1")
    stages = [event["stage"] for event in events]
    assert list(dict.fromkeys(stages)) == ["encoding_prompt", "encoding_image", "decoding", "encoding_video", "done"]
    assert [event["elapsed"] for event in events] == sorted(event["elapsed"] for event in events)
    result = events[-1]["result"]
    assert set(result) == set(CONTRACT["events"][6]["result"])
    assert (result["width"], result["height"], result["frames"], result["fps"]) == (64, 64, 25, 24)
    assert result["similarity"] > 0.95
    # The camera only moves.
    assert result["colourDrift"] < 5
    assert result["seed"] == BODY["seed"]
    assert [path.name for path in (server.folder / "out").iterdir()] == ["web-1.mp4"]
    assert (server.folder / "out" / "web-1.mp4").stat().st_size == result["bytes"]
    health = await server.health()
    assert (health["state"], health["rendersDone"], health["renderId"]) == ("ready", 1, None)


async def test_the_same_id_and_body_rejoins_while_running_and_after(server: Server) -> None:
    await server.start("a", prompt="wait")
    assert (await server.put("a", prompt="wait")).status_code == 200
    await server.client.delete("/renders/a")
    await server.start("b")
    told = await server.events("b")
    assert (await server.put("b")).status_code == 200
    assert await server.events("b") == told
    assert (await server.health())["rendersDone"] == 1


async def test_a_done_render_whose_file_is_gone_starts_afresh(server: Server) -> None:
    await server.start("a")
    await server.events("a")
    (server.folder / "out" / "a.mp4").unlink()
    await server.start("a")
    assert (await server.events("a"))[-1]["stage"] == "done"
    assert (server.folder / "out" / "a.mp4").exists()


async def test_the_same_id_with_another_body_is_refused(server: Server) -> None:
    await server.start("a", prompt="wait")
    while_running = await server.put("a", prompt="other")
    assert (while_running.status_code, while_running.json()["code"]) == (409, "different_request")
    await server.client.delete("/renders/a")
    await server.start("b")
    await server.events("b")
    when_done = await server.put("b", seed=8)
    assert (when_done.status_code, when_done.json()["code"]) == (409, "different_request")


async def test_another_render_while_one_runs_is_refused_as_busy(server: Server) -> None:
    await server.start("a", prompt="wait")
    answer = await server.put("b")
    assert answer.status_code == 409
    assert answer.json() == {"code": "busy", "message": "This engine is rendering a; one render at a time."}


async def test_events_replay_from_the_start_or_after_the_last_one_seen(server: Server) -> None:
    await server.start("a")
    told = await server.events("a")
    assert len(told) == 6
    async with server.following("a") as events:
        assert [number async for number, _ in events] == list(range(6))
    async with server.following("a", **{"last-event-id": "3"}) as events:
        assert [(number, event) async for number, event in events] == list(enumerate(told))[4:]
    assert await server.events("a", **{"last-event-id": "5"}) == []
    for stale in ["6", "999999999999", "-1", "x", ""]:
        assert await server.events("a", **{"last-event-id": stale}) == told


async def test_two_followers_hear_the_same(server: Server) -> None:
    await server.start("a", prompt="wait")
    async with server.following("a") as one, server.following("a") as other:
        assert [await anext(one), await anext(one)] == [await anext(other), await anext(other)]


async def test_silence_is_filled_with_keep_alives(server: Server) -> None:
    await server.start("a", prompt="wait")
    async with server.client.stream("GET", "/renders/a/events") as answer:
        async for line in answer.aiter_lines():
            if line.startswith(":"):
                assert line == ": keep-alive"
                return
    raise AssertionError("the stream ended")


async def test_a_cancel_is_heard_at_the_next_step_and_frees_the_engine(server: Server) -> None:
    engine = server.engine_pid
    await server.start("a", prompt="wait")
    await server.until_stage("a", "decoding")
    answer = (await server.client.delete("/renders/a")).json()
    assert answer["freed"] == "released"
    assert answer["seconds"] < 1
    last = (await server.events("a"))[-1]
    assert (last["stage"], last["code"], last["retry"]) == ("failed", "cancelled", False)
    assert (await server.health())["state"] == "ready"
    assert server.engine_pid == engine
    assert list((server.folder / "out").iterdir()) == []


async def test_a_cancelled_render_put_again_starts_afresh(server: Server) -> None:
    await server.start("a", prompt="wait")
    await server.client.delete("/renders/a")
    await server.start("a")
    assert (await server.events("a"))[-1]["stage"] == "done"


async def test_a_cancel_right_after_the_start_is_not_lost(server: Server) -> None:
    for _ in range(5):
        await server.start("a", prompt="wait")
        assert (await server.client.delete("/renders/a")).json()["freed"] == "released"


async def test_cancelling_a_finished_render_changes_nothing(server: Server) -> None:
    await server.start("a")
    told = await server.events("a")
    answer = await server.client.delete("/renders/a")
    assert answer.json() == {"freed": "not_running", "seconds": 0}
    assert await server.events("a") == told


async def test_unknown_renders_are_named_as_such(server: Server) -> None:
    for answer in [await server.client.delete("/renders/a"), await server.client.get("/renders/a/events")]:
        assert answer.status_code == 404
        assert answer.json() == {"code": "unknown_render", "message": "No render a here."}


async def test_only_the_latest_renders_are_remembered(server: Server) -> None:
    for number in range(66):
        await server.start(f"r{number}", prompt="wait")
        await server.client.delete(f"/renders/r{number}")
    assert (await server.client.get("/renders/r1/events")).status_code == 404
    assert (await server.client.get("/renders/r2/events")).status_code == 200


async def test_bodies_that_the_contract_refuses_are_refused(server: Server) -> None:
    for case in CONTRACT["refusedBodies"]:
        answer = await server.client.put("/renders/a", json=case["body"])
        assert answer.status_code == 422, case["why"]
        assert answer.json()["code"] == "bad_request"
        assert answer.json()["message"].startswith("Expected `")


async def test_file_names_that_lead_elsewhere_are_refused(server: Server) -> None:
    inputs = server.folder / "in"
    (inputs / "sub").mkdir()
    for file in [".hidden.png", "sub/b.png", "../outside.png"]:
        (inputs / file).write_bytes((inputs / "a.png").read_bytes())
    (inputs / "link.png").symlink_to("../outside.png")
    os.mkfifo(inputs / "fifo.png")
    paths = ["../in/a.png", "../outside.png", "/etc/passwd", str(inputs / "a.png"), "sub/b.png", "./a.png", "a.png/"]
    oddities = [
        ".hidden.png",
        "link.png",
        "fifo.png",
        "sub",
        "missing.png",
        "",
        ".",
        "..",
        "a\0b",
        "..\\a.png",
        "☃" * 100,
    ]
    for name in paths + oddities:
        answer = await server.put("a", image=name)
        assert answer.status_code == 422, name
        assert "`image`" in answer.json()["message"]


async def test_ids_that_are_no_plain_names_are_refused(server: Server) -> None:
    for render_id in ["a.b", "a" * 129, "%20", "a%2Fb", "a%0A", "..", "☃"]:
        answer = await server.put(render_id)
        assert answer.status_code in {404, 422}, render_id
        assert set(answer.json()) == {"code", "message"}


async def test_what_is_no_json_object_is_refused(server: Server) -> None:
    for raw in [b"", b"{", b"[]", b"null", b"\xff", b'{"image": "\\ud800"}', b"[" * 60_000, b" " * 70_000]:
        answer = await server.client.put("/renders/a", content=raw)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_request"), raw[:20]


async def test_unknown_and_missing_fields_are_named(server: Server) -> None:
    assert '"fps"' in (await server.put("a", fps=30)).json()["message"]
    body = {name: value for name, value in BODY.items() if name != "seed"}
    answer = await server.client.put("/renders/a", json=body)
    assert answer.json()["message"] == "Expected `seed` to be a whole number from 0 to 4294967295, got nothing."


async def test_a_file_that_is_no_picture_fails_the_render_for_good(server: Server) -> None:
    (server.folder / "in" / "b.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    await server.start("a", image="b.png")
    last = (await server.events("a"))[-1]
    assert (last["stage"], last["code"], last["retry"]) == ("failed", "picture_broken", False)
    assert list((server.folder / "out").iterdir()) == []


async def test_other_paths_and_methods_answer_in_the_same_form(server: Server) -> None:
    for answer in [await server.client.get("/nothing"), await server.client.post("/health")]:
        assert answer.status_code in {404, 405}
        assert set(answer.json()) == {"code", "message"}
