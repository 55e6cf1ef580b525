"""What a run of the float graph over the user's data showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from axonc.ir.ops import Array


@dataclass(frozen=True, eq=False)
class Observed:
    """``ranges``: the magnitude that each state's format is to hold, by state (``cell:v``). ``means``: the mean of what
    reaches each matrix or convolution in a step, by its node, in the shape of its source. ``complete``: a state without
    a range stayed 0."""

    ranges: Mapping[str, float] = field(default_factory=dict)
    means: Mapping[str, Array] = field(default_factory=dict)
    complete: bool = False

    def __str__(self) -> str:
        return f"{len(self.ranges)} ranges and {len(self.means)} means" if self.ranges or self.means else "nothing"


NOTHING = Observed()
"""No data."""
