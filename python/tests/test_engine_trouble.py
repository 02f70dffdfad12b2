"""Engines that misbehave, and what the server makes of it."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from conftest import Launch, children_of, is_alive, until


async def test_health_answers_while_the_engine_loads_and_renders_are_refused(launch: Launch) -> None:
    server = await launch("never_loads:create")
    assert (await server.health())["state"] == "loading"
    answer = await server.put("a")
    assert answer.status_code == 503
    assert answer.json() == {"code": "not_ready", "message": "The engine is still loading."}


async def test_an_engine_that_exits_while_it_loads_is_not_started_again(launch: Launch) -> None:
    server = await launch("exits_in_load:create")
    health = await server.until_state("failed")
    assert health["lastError"] == {
        "code": "engine_exited",
        "message": "The engine stopped with exit code 7 while it loaded.",
    }
    answer = await server.put("a")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")


async def test_an_engine_that_cannot_load_says_why(launch: Launch) -> None:
    server = await launch("raises_in_load:create")
    health = await server.until_state("failed")
    assert health["lastError"]["code"] == "engine_not_loaded"
    assert health["lastError"]["message"].endswith("RuntimeError: no CUDA GPUs are available")


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("exit", "stopped with exit code 1"),
        ("killed", "was killed (exit code 137), probably because the machine ran out of memory"),
        ("quit", "stopped with signal SIGQUIT (exit code 131)"),
    ],
)
async def test_a_crash_fails_the_render_and_a_fresh_engine_takes_the_next(launch: Launch, way: str, words: str) -> None:
    server = await launch("exits_in_render:create")
    await server.until_state("ready")
    # The library that writes clips creates the file late; a crash can come later still.
    (server.folder / "out" / "a.mp4.part").touch()
    await server.start("a", prompt=way)
    last = (await server.events("a"))[-1]
    assert (last["stage"], last["code"], last["retry"]) == ("failed", "engine_exited", True)
    assert last["message"] == f"The engine {words} in the middle of the render."
    assert list((server.folder / "out").iterdir()) == []
    health = await server.until_state("ready")
    assert health["lastError"]["code"] == "engine_exited"
    await server.start("a")
    assert (await server.events("a"))[-1]["stage"] == "done"
    assert (await server.health())["lastError"] is None


async def test_an_engine_that_keeps_dying_is_given_up(launch: Launch) -> None:
    server = await launch("exits_in_render:create")
    for _ in range(3):
        await server.until_state("ready")
        await server.start("a", prompt="exit")
        await server.events("a")
    assert (await server.health())["state"] == "failed"


async def test_an_engine_killed_while_it_idles_is_replaced(launch: Launch) -> None:
    server = await launch("starts_workers:create")
    await server.until_state("ready")
    killed = server.engine_pid
    os.kill(killed, signal.SIGKILL)

    async def is_replaced() -> bool:
        # Between the two engines there is none.
        engines = children_of(server.process.pid)
        return (await server.health())["state"] == "ready" and killed not in engines

    await until(is_replaced)


async def test_workers_of_a_dead_engine_are_cleared_away(launch: Launch) -> None:
    server = await launch("starts_workers:create")
    worker = int((await server.until_state("ready"))["model"])
    assert is_alive(worker)
    os.kill(server.engine_pid, signal.SIGKILL)

    async def is_gone() -> bool:
        return not is_alive(worker)

    await until(is_gone)


async def test_an_engine_that_ignores_a_cancel_is_recycled(launch: Launch) -> None:
    server = await launch("hangs_in_render:create")
    await server.until_state("ready")
    engine = server.engine_pid
    await server.start("a")
    await server.until_stage("a", "decoding")
    answer = (await server.client.delete("/renders/a")).json()
    assert answer["freed"] == "recycling"
    assert 4 <= answer["seconds"] < 6
    assert not is_alive(engine)
    last = (await server.events("a"))[-1]
    assert (last["code"], last["retry"]) == ("cancelled", False)
    assert list((server.folder / "out").iterdir()) == []
    health = await server.until_state("ready")
    assert health["lastError"] is None


async def test_an_engine_with_long_steps_keeps_its_model_through_a_cancel(launch: Launch) -> None:
    server = await launch("cancels_late:create")
    await server.until_state("ready")
    engine = server.engine_pid
    await server.start("a")
    await server.until_stage("a", "decoding")
    assert (await server.client.delete("/renders/a")).json()["freed"] == "released"
    assert server.engine_pid == engine


async def test_a_render_that_is_being_cancelled_is_not_rejoined(launch: Launch) -> None:
    server = await launch("hangs_in_render:create")
    await server.until_state("ready")
    await server.start("a")
    await server.until_stage("a", "decoding")
    cancel = asyncio.create_task(server.client.delete("/renders/a"))

    async def is_refused() -> bool:
        return (await server.put("a")).status_code == 409

    await until(is_refused)
    assert (await cancel).json()["freed"] == "recycling"
    assert (await server.put("a")).json()["code"] == "not_ready"


async def test_what_libraries_print_does_not_disturb_the_render(launch: Launch) -> None:
    server = await launch("prints_garbage:create")
    await server.until_state("ready")
    await server.start("a")
    assert (await server.events("a"))[-1]["stage"] == "done"


@pytest.mark.parametrize(
    ("prompt", "code", "retry"),
    [
        ("named", "out_of_memory", True),
        ("unnamed", "engine_error", True),
        ("short", "frames_missing", True),
        ("wrong picture", "picture_ignored", False),
    ],
)
async def test_a_failed_render_has_a_code_and_leaves_the_engine_up(
    launch: Launch, prompt: str, code: str, retry: bool
) -> None:
    server = await launch("raises_in_render:create")
    await server.until_state("ready")
    engine = server.engine_pid
    await server.start("a", prompt=prompt)
    last = (await server.events("a"))[-1]
    assert (last["stage"], last["code"], last["retry"]) == ("failed", code, retry)
    assert list((server.folder / "out").iterdir()) == []
    await server.start("b")
    assert (await server.events("b"))[-1]["stage"] == "done"
    assert server.engine_pid == engine


async def test_an_engine_that_has_made_its_share_of_renders_is_replaced_between_two(launch: Launch) -> None:
    server = await launch("preview", "--renders-per-engine", "2")
    await server.until_state("ready")
    first = server.engine_pid
    for name in ("a", "b"):
        assert server.engine_pid == first
        await server.start(name)
        assert (await server.events(name))[-1]["stage"] == "done"
    health = await server.health()
    assert (health["state"], health["lastError"], health["rendersDone"]) == ("loading", None, 2)
    answer = await server.put("c")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    await server.until_state("ready")
    assert server.engine_pid != first
    assert not is_alive(first)
    # What the old engine made is still there, and the new one makes more.
    assert (await server.put("b")).status_code == 200
    await server.start("c")
    assert (await server.events("c"))[-1]["stage"] == "done"


async def test_an_engine_that_leaks_is_replaced_before_the_machine_is_full(launch: Launch) -> None:
    server = await launch("leaks:create", "--most-growth-mib", "150")
    await server.until_state("ready")
    first = server.engine_pid
    # The first is what later ones are compared with; the fourth makes it 192 MiB.
    for name in ("a", "b", "c", "d"):
        assert server.engine_pid == first
        await server.start(name)
        assert (await server.events(name))[-1]["stage"] == "done"
    health = await server.until_state("ready")
    assert server.engine_pid != first
    assert health["lastError"] is None


async def test_memory_of_compilers_that_come_and_go_is_no_leak(launch: Launch) -> None:
    server = await launch("compiles_late:create", "--most-growth-mib", "150")
    await server.until_state("ready")
    first = server.engine_pid
    for name in ("a", "b", "c"):
        await server.start(name)
        assert (await server.events(name))[-1]["stage"] == "done"
        assert (await server.health())["state"] == "ready"
    assert server.engine_pid == first


async def test_a_gpu_that_is_gone_is_noticed_while_nothing_is_rendered(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(
        f"#!/bin/sh\n[ -e {tmp_path}/lost ] || exit 0\necho 'Failed to initialize NVML: Unknown Error'\nexit 255\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("NVIDIA_VISIBLE_DEVICES", "a card")
    server = await launch("does_as_told:create")
    await server.until_state("ready")
    await server.start("a")
    assert (await server.events("a"))[-1]["stage"] == "done"
    (tmp_path / "lost").touch()
    health = await server.until_state("failed")
    assert health["lastError"] == {
        "code": "gpu_lost",
        "message": "The GPU is gone: Failed to initialize NVML: Unknown Error.",
    }
    assert (await server.put("b")).status_code == 503
