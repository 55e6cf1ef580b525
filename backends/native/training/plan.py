"""A plan of checkpoints as the program executes it."""

from __future__ import annotations

from dataclasses import dataclass

from axonc.ir.ops import Array

ACTIONS = (
    "advance",
    "advance with tape",
    "backward",
    "store state",
    "load state",
    "free state",
    "store tape",
    "load tape",
)
"""The actions by number, as in ``runtime/plan.h``."""


@dataclass(frozen=True, eq=False)
class Executable:
    """``actions``: [N, 4] of uint32, in each the action's number, whether off the chip, the first step and the one
    after the last; bytes of states and tapes at most, on the chip and off it."""

    actions: Array
    on_chip: int
    off_chip: int
