"""Ends its process while it loads, as a driver that aborts does."""

import os
from typing import Never


class ExitsInLoad:
    def load(self) -> Never:
        os._exit(7)

    def render(self, *_: object) -> Never:
        raise AssertionError


def create() -> ExitsInLoad:
    return ExitsInLoad()
