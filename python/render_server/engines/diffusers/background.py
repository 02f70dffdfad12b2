"""A long call that reports by callback, turned into an iterator over its reports."""

import queue
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

Report = TypeVar("Report")
Result = TypeVar("Result")


class AbandonedError(Exception):
    """Raised inside the call, by its next report, when nobody follows it any more."""


def follow(call: Callable[[Callable[[Report], None]], Result]) -> Generator[Report, None, Result]:
    """Runs `call(report)` in a thread and yields what it reports; returns its result or raises its error.

    Closing the generator ends the call at its next report, and waits for that.
    """
    reports: queue.SimpleQueue[Report | None] = queue.SimpleQueue()
    results: list[Result] = []
    errors: list[BaseException] = []
    abandoned = threading.Event()

    def report(value: Report) -> None:
        if abandoned.is_set():
            raise AbandonedError
        reports.put(value)

    def run() -> None:
        try:
            results.append(call(report))
        except BaseException as error:
            errors.append(error)
        finally:
            reports.put(None)

    thread = threading.Thread(target=run, name="render")
    thread.start()
    try:
        while (value := reports.get()) is not None:
            yield value
    finally:
        abandoned.set()
        thread.join()
    if errors:
        raise errors[0]
    return results[0]
