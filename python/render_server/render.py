"""The story of one render: its events so far, and how to follow them from any point."""

import asyncio
import time
from collections.abc import AsyncIterator

from .protocol import AnyEvent, Done, Failed, RenderBody


class Render:
    def __init__(self, render_id: str, body: RenderBody) -> None:
        self.id = render_id
        self.body = body
        self.events: list[AnyEvent] = []
        self.is_cancelling = False
        self.finished = asyncio.Event()
        self._accepted = time.monotonic()
        self._grown = asyncio.Event()

    @property
    def is_done(self) -> bool:
        return bool(self.events) and isinstance(self.events[-1], Done)

    def add(self, event: AnyEvent) -> None:
        self.events.append(event)
        if event.is_last:
            self.finished.set()
        self._grown.set()
        self._grown = asyncio.Event()

    def fail(self, code: str, message: str, *, retry: bool) -> None:
        elapsed = round(time.monotonic() - self._accepted, 3)
        self.add(Failed(elapsed=elapsed, code=code, message=message, retry=retry))

    async def follow(self, start: int, idle_seconds: float) -> AsyncIterator[tuple[int, AnyEvent] | None]:
        """Events with their numbers, from number `start` to the last there will be; None whenever nothing came for
        `idle_seconds`."""
        number = start
        while True:
            while number < len(self.events):
                yield number, self.events[number]
                number += 1
            if self.finished.is_set():
                return
            try:
                await asyncio.wait_for(self._grown.wait(), idle_seconds)
            except TimeoutError:
                yield None
