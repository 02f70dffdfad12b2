"""Work is ordered from a GPU far faster than it is done: without a limit, a cancel would wait for a whole step."""

from collections import deque
from collections.abc import Callable, Iterable

import torch

# Pieces of work ordered and not done: two keep the GPU at work, and are what a cancel has to wait for.
MAX_ORDERED = 2


class Pace:
    """Called before each piece of work. `check` raises where nobody wants the result any more."""

    def __init__(self, device: torch.device, check: Callable[[], None]) -> None:
        self._device = device
        self._check = check
        self._ordered: deque[torch.cuda.Event] = deque()

    def __call__(self) -> None:
        if self._device.type == "cuda":
            event = torch.cuda.Event()  # type: ignore[no-untyped-call]
            event.record()
            self._ordered.append(event)
            if len(self._ordered) > MAX_ORDERED:
                self._ordered.popleft().synchronize()
        self._check()


def watch_blocks(blocks: Iterable[torch.nn.Module], device: torch.device, check: Callable[[], None]) -> None:
    """For a transformer that runs its library's own forward: keeps the pace from block to block."""
    pace = Pace(device, check)
    for block in blocks:
        block.register_forward_pre_hook(lambda *_: pace())
