"""Renders, and has no ear for SIGTERM, neither in its own process nor in those of its group."""

import signal

from test_engines.does_as_told import DoesAsTold


def create() -> DoesAsTold:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return DoesAsTold()
