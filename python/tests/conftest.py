"""A real render server in a folder of its own, and what tests ask of it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import pytest
import without_gpu.sitecustomize  # noqa: F401
from PIL import Image

PYTHON_FOLDER = Path(__file__).parents[1]
CONTRACT_FOLDER = PYTHON_FOLDER.parent / "test" / "contract"

# Far above what anything takes on a busy machine: reaching it means that something hangs.
PATIENCE_SECONDS = 60

BODY = {
    "image": "a.png",
    "prompt": "at once",
    "negative": "",
    "width": 64,
    "height": 64,
    "frames": 5,
    "seed": 7,
}


async def until(question: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await question():
            await asyncio.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        # A zombie has ended, though nobody has asked how.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Server:
    """One server process and a client that talks to it."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process, client: httpx.AsyncClient) -> None:
        self.folder = folder
        self.process = process
        self.client = client

    @property
    def socket(self) -> Path:
        return self.folder / "s.sock"

    @property
    def engine_pid(self) -> int:
        (pid,) = children_of(self.process.pid)
        return pid

    async def health(self) -> dict[str, Any]:
        answer = await self.client.get("/health")
        return dict(answer.json())

    async def until_state(self, *states: str) -> dict[str, Any]:
        async def is_there() -> bool:
            return (await self.health())["state"] in states

        await until(is_there)
        return await self.health()

    async def put(self, render_id: str, **changes: Any) -> httpx.Response:
        return await self.client.put(f"/renders/{render_id}", json=BODY | changes)

    async def start(self, render_id: str, **changes: Any) -> None:
        answer = await self.put(render_id, **changes)
        assert answer.status_code == 201, answer.text

    @asynccontextmanager
    async def following(
        self, render_id: str, **headers: str
    ) -> AsyncIterator[AsyncIterator[tuple[int, dict[str, Any]]]]:
        async with self.client.stream("GET", f"/renders/{render_id}/events", headers=headers) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield read_events(answer)

    async def events(self, render_id: str, **headers: str) -> list[dict[str, Any]]:
        """All events, which come to an end."""
        async with asyncio.timeout(PATIENCE_SECONDS), self.following(render_id, **headers) as events:
            return [event async for _, event in events]

    async def until_stage(self, render_id: str, stage: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self.following(render_id) as events:
            async for _, event in events:
                if event["stage"] == stage:
                    return
        raise AssertionError(f"{render_id} ended without {stage}")

    async def exit_code(self) -> int:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.process.wait()


async def read_events(answer: httpx.Response) -> AsyncIterator[tuple[int, dict[str, Any]]]:
    number = -1
    async for line in answer.aiter_lines():
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: "):
            yield number, json.loads(line[6:])


Launch = Callable[..., Awaitable[Server]]


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's own: a socket's path must be short.
    with TemporaryDirectory(prefix="render-") as name:
        folder = Path(name)
        (folder / "in").mkdir()
        (folder / "out").mkdir()
        create_picture(128, 96).save(folder / "in" / "a.png")
        yield folder


@pytest.fixture
async def launch(folder: Path) -> AsyncIterator[Launch]:
    async with AsyncExitStack() as stack:

        async def launch(
            engine: str = "preview", *flags: str, orphan_seconds: float = 60, model: Path | None = None
        ) -> Server:
            process = await spawn(folder, engine, *flags, orphan_seconds=orphan_seconds, model=model)
            stack.push_async_callback(stop, process)
            transport = httpx.AsyncHTTPTransport(uds=str(folder / "s.sock"))
            client = httpx.AsyncClient(transport=transport, base_url="http://render", timeout=PATIENCE_SECONDS)
            await stack.enter_async_context(client)
            server = Server(folder, process, client)

            async def answers() -> bool:
                assert process.returncode is None, "the server ended before it answered"
                with suppress(httpx.TransportError):
                    return (await client.get("/health")).status_code == 200
                return False

            await until(answers)
            return server

        yield launch


async def spawn(
    folder: Path, engine: str, *flags: str, orphan_seconds: float = 60, model: Path | None = None
) -> asyncio.subprocess.Process:
    tests = PYTHON_FOLDER / "tests"
    return await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "render_server", "--socket", str(folder / "s.sock")],
        *["--inputs", str(folder / "in"), "--outputs", str(folder / "out")],
        *["--engine", engine, "--orphan-seconds", str(orphan_seconds)],
        *(["--model", str(model)] if model else []),
        *flags,
        cwd=PYTHON_FOLDER,
        env=os.environ
        | {"PYTHONPATH": f"{PYTHON_FOLDER / 'test_engines'}:{tests / 'without_gpu'}", "PYTHONDONTWRITEBYTECODE": "1"},
    )


async def stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await process.wait()


def create_picture(width: int, height: int, seed: int = 1) -> Image.Image:
    """Soft shapes in colour: something to recognise, and nothing that a clip cannot hold."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
