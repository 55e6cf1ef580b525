"""What projections cost: instructions of a worker, which issues one in six cycles (`runtime/vertices.cpp` has the same
figures)."""

from ..layout import WORKERS

RECORD, WEIGHT, SYNAPSE, PASSED = 10, 4, 6, 3
"""Instructions for an event, for a weight of a row, for a synapse that has a target, and to pass over one."""

PLACE = 30
"""Instructions to find channel, row and column of an event, and what they reach."""

VALUE, HELD = 3, 3
"""Instructions for the value of a source, of four targets side by side, and for a weight whose sum is in a register."""

LAUNCH, MOVED = 11, 3
"""Cycles to start a vertex; instructions to move a word of a list."""


def cycles_of(instructions: float) -> int:
    """Cycles of a vertex whose busiest worker issues so many instructions."""
    return LAUNCH + WORKERS * round(instructions)
