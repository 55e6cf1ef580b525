"""Lowering: a task becomes a program that fits the machine, and a project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

from axonc.ir import ModelError, raise_if_any
from axonc.ir.machine import TileMachine

from ...training.task import Task
from .check import problems
from .emit import emit, pack
from .groups import USUAL, groups_of, on_a_tile, shape_of
from .memory import Memory, memory_of, misfits
from .program import Training, training_program


def fitted(task: Task, machine: TileMachine) -> tuple[Training, Memory]:
    """The program with as many neurons on a tile as usual, or with the fewest fewer ones with which it fits.

    Raises:
        ModelError: a node does not run on tiles (AX601, AX602), or the program does not fit (AX501).
    """
    raise_if_any(problems(task))
    first: Memory | None = None
    for per_tile in per_tiles(task, machine):
        training = training_program(task, machine, per_tile)
        memory = memory_of(training)
        if not list(misfits(memory)):
            return training, memory
        first = memory if first is None or memory.peak < first.peak else first
    assert first is not None
    raise ModelError(*misfits(first))


def per_tiles(task: Task, machine: TileMachine) -> Iterator[int]:
    """Neurons of a tile: as usual, then half as many, as far as there are tiles for all signals and for counters."""
    groups = groups_of(task)
    sizes = [min(prod(shape_of(task, key)) for key in group) for group in groups]

    def needed(per_tile: int) -> int:
        return sum(-(-size // on_a_tile(task, group, per_tile)) for group, size in zip(groups, sizes, strict=True)) + 1

    fewest = next((n for n in range(1, max(sizes) + 1) if needed(n) <= machine.tiles), max(sizes))
    per_tile = max(USUAL, fewest)
    while per_tile > fewest:
        yield per_tile
        per_tile = max(fewest, per_tile // 2)
    yield fewest


def project(training: Training) -> Mapping[str, bytes]:
    """All files of the project by relative path."""
    return {**{f"src/{name}": content for name, content in emit(training).items()}, "data/weights.bin": pack(training)}
