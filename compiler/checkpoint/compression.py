"""The bytes of spikes on a tape; a smaller tape is a smaller s of a `Problem`."""

from __future__ import annotations

from math import ceil
from typing import Literal

Form = Literal["values", "bits", "ids"]


def spike_bytes(elements: int, form: Form = "values", item: int = 4, activity: float = 1.0) -> int:
    """Bytes of ``elements`` places that spike at most once.

    ``values``: ``item`` bytes each. ``bits``: one bit each. ``ids``: a count of 4 bytes, and the places of those that
    spiked, in 2 bytes where there are at most 2^16, else in 4; room is for the share ``activity`` of them, above which
    a tape does not hold them.
    """
    if form == "bits":
        return -(-elements // 8)
    if form == "ids":
        return 4 + ceil(activity * elements) * (2 if elements <= 1 << 16 else 4)
    return item * elements
