"""The server as a process: how it starts, how it ends, and what it leaves behind."""

import asyncio
import signal
import socket
from pathlib import Path

import httpx
import pytest
from conftest import PATIENCE_SECONDS, Launch, Server, is_alive, spawn, until


async def assert_ends(pid: int) -> None:
    async def is_gone() -> bool:
        return not is_alive(pid)

    await until(is_gone)


@pytest.mark.parametrize("prompt", [None, "wait"])
async def test_a_killed_server_takes_its_engine_with_it(launch: Launch, prompt: str | None) -> None:
    server = await launch("hangs_in_render:create")
    await server.until_state("ready")
    engine = server.engine_pid
    if prompt:
        await server.start("a", prompt=prompt)
        await server.until_stage("a", "decoding")
    server.process.kill()
    await server.exit_code()
    await assert_ends(engine)


async def test_a_server_killed_while_its_engine_loads_takes_it_along(launch: Launch) -> None:
    server = await launch("never_loads:create")
    engine = server.engine_pid
    server.process.kill()
    await server.exit_code()
    await assert_ends(engine)


@pytest.mark.parametrize("with_follower", [False, True])
async def test_sigterm_ends_it_at_once_and_leaves_nothing(launch: Launch, with_follower: bool) -> None:
    server = await launch("hangs_in_render:create")
    await server.until_state("ready")
    engine = server.engine_pid
    await server.start("a")
    await server.until_stage("a", "decoding")
    started = asyncio.get_running_loop().time()
    if with_follower:
        async with server.following("a") as events:
            await anext(events)
            server.process.terminate()
            last = [event async for _, event in events][-1]
        assert (last["code"], last["retry"]) == ("server_stopped", True)
    else:
        server.process.terminate()
    assert await server.exit_code() == 0
    assert asyncio.get_running_loop().time() - started < 2
    assert not is_alive(engine)
    assert not server.socket.exists()
    assert list((server.folder / "out").iterdir()) == []


async def test_sigquit_from_an_engine_in_trouble_does_not_end_the_server(launch: Launch) -> None:
    server = await launch("waits_for_cancel:create")
    await server.until_state("ready")
    server.process.send_signal(signal.SIGQUIT)
    await server.start("a")
    assert (await server.events("a"))[-1]["stage"] == "done"


async def test_a_server_that_nobody_asks_for_anything_leaves_cleanly(launch: Launch) -> None:
    server = await launch("waits_for_cancel:create", orphan_seconds=0.5)
    engine = server.engine_pid
    assert await server.exit_code() == 0
    assert not server.socket.exists()
    assert not is_alive(engine)


async def test_an_orphan_finishes_its_render_first(launch: Launch) -> None:
    server = await launch("waits_for_file:create", orphan_seconds=0.3)
    await server.until_state("ready")
    go = server.folder / "go"
    await server.start("a", prompt=str(go))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(server.process.wait(), 1)
    go.touch()
    assert await server.exit_code() == 0
    assert (server.folder / "out" / "a.mp4").exists()


async def test_questions_keep_a_server_alive(launch: Launch) -> None:
    server = await launch("waits_for_cancel:create", orphan_seconds=0.6)
    deadline = asyncio.get_running_loop().time() + 1.5
    while asyncio.get_running_loop().time() < deadline:
        await server.health()
        await asyncio.sleep(0.1)
    assert server.process.returncode is None


async def test_a_follower_who_hangs_up_does_not_count_as_contact(launch: Launch) -> None:
    server = await launch("waits_for_file:create", orphan_seconds=0.3)
    await server.until_state("ready")
    go = server.folder / "go"
    await server.start("a", prompt=str(go))
    await server.until_stage("a", "encoding_prompt")
    go.touch()
    assert await server.exit_code() == 0


async def test_a_second_server_on_the_same_socket_is_refused(launch: Launch) -> None:
    server = await launch("waits_for_cancel:create")
    second = await spawn(server.folder, "preview")
    assert await asyncio.wait_for(second.wait(), PATIENCE_SECONDS) == 3
    assert server.socket.exists()
    await server.health()


async def test_a_stale_socket_file_is_replaced(launch: Launch, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "s.sock"))
    server = await launch("waits_for_cancel:create")
    await server.health()


async def test_a_file_that_is_no_socket_is_left_alone(folder: Path) -> None:
    (folder / "s.sock").write_text("precious")
    process = await spawn(folder, "preview")
    assert await asyncio.wait_for(process.wait(), PATIENCE_SECONDS) == 3
    assert (folder / "s.sock").read_text() == "precious"


async def test_an_unknown_engine_is_refused_by_name(folder: Path) -> None:
    process = await spawn(folder, "nowhere")
    assert await asyncio.wait_for(process.wait(), PATIENCE_SECONDS) == 2


async def test_a_client_that_sends_nonsense_harms_nobody(launch: Launch) -> None:
    server: Server = await launch("waits_for_cancel:create")
    reader, writer = await asyncio.open_unix_connection(str(server.socket))
    writer.write(b"\x00\xffnonsense\r\n\r\n")
    await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
    writer.close()
    assert isinstance((await server.client.get("/health")), httpx.Response)
