"""Estimated times of a step either way, and the bytes of its state and tape: what plans of checkpoints are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from axonc.ir.machine import TileMachine
from axonc.ir.ops import Array

from .depths import depths
from .keeping import tape_of
from .memory import memory_of, spread_bytes
from .pieces import Execute, Step, Tensor, Transfer
from .program import Training
from .traffic import cycles


@dataclass(frozen=True)
class Sizes:
    """What a step has and takes.

    ``state``, ``tape``: bytes on the fullest tile; ``states``, ``tapes``: on all tiles; ``base``: what the fullest tile
    holds beside stacks of them; ``forward``, ``backward``: seconds of a step; ``inputs``: bytes that each receives.
    """

    state: int
    tape: int
    states: int
    tapes: int
    base: int
    forward: float
    backward: float
    inputs: int


def sizes_of(training: Training) -> Sizes:
    """The sizes of a training, whose moves say what it must have room for."""
    tiles, machine, draft = training.machine.tiles, training.machine, training.draft
    most = depths(training.task.moves)
    kept = {"state": _bytes(draft.forward.states, tiles), "tape": _bytes(tape_of(draft), tiles)}
    stacks = sum(most[what, False] * held for what, held in kept.items())
    inputs = sum(buffer.row_bytes for buffer in training.inputs.values())
    functions = {function.name: function.body for function in training.functions}
    fetched = inputs / machine.stream_bytes_s
    forward = seconds((*functions["forward"], *functions["end"]), machine) + fetched
    return Sizes(
        int(kept["state"].max()),
        int(kept["tape"].max()),
        int(kept["state"].sum()),
        int(kept["tape"].sum()),
        int((memory_of(training).total - stacks).max()),
        forward,
        seconds(functions["backward"], machine) + fetched,
        inputs,
    )


def _bytes(tensors: Iterable[Tensor], tiles: int) -> Array:
    return np.asarray(sum((spread_bytes(tensor, tiles) for tensor in tensors), np.zeros(tiles, np.int64)))


def seconds(steps: Iterable[Step], machine: TileMachine) -> float:
    """The estimated time of compute sets, one after the other; transfers are not counted."""
    stages = [step.stage for step in steps if isinstance(step, Execute)]
    assert all(isinstance(step, (Execute, Transfer)) for step in steps)
    return sum(cycles(stage, machine) for stage in stages) / machine.clock_hz
