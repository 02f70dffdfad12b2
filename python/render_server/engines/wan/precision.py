"""How exactly an engine computes, as the operator set it."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Precision:
    """`coded_levels` of the decoder, counted from the smallest pictures, the transformer's products and its attention
    to itself are in 8 bits; everything else is in 16."""

    name: str
    coded_levels: tuple[int, ...] = ()
    has_coded_products: bool = False
    has_coded_attention: bool = False


EXACT = Precision("exact")
# Four fifths of the decoder's work are in its two largest levels.
MIXED = Precision("mixed", coded_levels=(2, 3), has_coded_products=True)
# The smallest level would gain nothing.
INT8 = Precision("int8", coded_levels=(1, 2, 3), has_coded_products=True, has_coded_attention=True)

PRECISIONS = {each.name: each for each in (EXACT, MIXED, INT8)}


def chosen_precision() -> Precision:
    """Raises ValueError."""
    return find_precision(os.environ.get("PRECISION") or EXACT.name)


def find_precision(name: str) -> Precision:
    """Raises ValueError in words for people."""
    if name not in PRECISIONS:
        raise ValueError(f"Expected PRECISION to be one of {', '.join(PRECISIONS)}, got {name}.")
    return PRECISIONS[name]
