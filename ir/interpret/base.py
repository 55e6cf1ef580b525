"""What a kernel is: a pure step of one op over a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from ..ops import Array

Precision = Literal["float32", "float64"]
State = Mapping[str, Array]


@dataclass(frozen=True)
class Kernel:
    """``initial(batch)`` gives the state before step 0; ``step(state, x)`` the next state and the output."""

    initial: Callable[[int], State]
    step: Callable[[State, Array], tuple[State, Array]]


def stateless(function: Callable[[Array], Array]) -> Kernel:
    """A kernel without state."""
    return Kernel(lambda batch: {}, lambda state, x: (state, function(x)))
