"""The bytes that a training takes on every tile, before it is emitted.

They are counted by the rules of `docs/ipu-simulator.md` from the pieces of the program alone; code is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from axonc.ir import Diagnostic
from axonc.ir.ops import Array

from ..exchange import tiles_of
from .lifetimes import Lifetimes, lifetimes
from .pieces import Execute, Field, Stage, Tensor, Vertices
from .program import Training
from .traffic import exchanged
from .walk import leaves, stages_of, tensors_of

STRETCH = 12
"""Control words of a stretch that is sent or received."""

POINTER, LISTED = 8, 4
"""Bytes of a pointer with a size, and of a vertex's place in its compute set."""

KINDS = ("parameters", "states", "stacks", "vertices", "exchange", "temporary")
"""Parameters with what the optimiser keeps of them and gradients; what else stays; stacks of states and tapes; vertices
with their pointers; control words of the exchange; the most that comes and goes."""


@dataclass(frozen=True)
class Memory:
    """``kinds``: bytes on each tile by kind of `KINDS`; ``tensors``: of what always stays, by name."""

    limit: int
    kinds: Mapping[str, Array]
    tensors: Mapping[str, Array]

    @cached_property
    def total(self) -> Array:
        """Bytes of each tile."""
        return np.asarray(np.sum(list(self.kinds.values()), axis=0))

    @property
    def peak(self) -> int:
        """Bytes of the fullest tile."""
        return int(self.total.max())


def memory_of(training: Training) -> Memory:
    """The bytes of a training."""
    tiles = training.machine.tiles
    kinds = {kind: np.zeros(tiles, np.int64) for kind in KINDS}
    lived, tensors = lifetimes(training), {}
    for tensor in tensors_of(training):
        if tensor in lived.always:
            tensors[tensor.name] = spread_bytes(tensor, tiles)
            kinds[_kind(training, tensor)] += tensors[tensor.name]
    buffers = {}
    for stage in stages_of(training):
        for vertices in stage.vertices:
            kinds["vertices"][tiles_of(vertices.layout)] += vertex_bytes(vertices)
        moved = exchanged(stage, tiles)
        kinds["exchange"] += STRETCH * moved.stretches
        buffers[stage] = moved.received
    kinds["temporary"] += _most(training, lived, buffers)
    return Memory(training.machine.tile_bytes, kinds, tensors)


def _kind(training: Training, tensor: Tensor) -> str:
    draft = training.draft
    if tensor in training.slots or tensor in draft.stored or tensor in draft.gradients.values():
        return "parameters"
    return "stacks" if tensor.name.startswith(("state of ", "tape of ")) else "states"


def spread_bytes(tensor: Tensor, tiles: int) -> Array:
    """A tensor's bytes on each tile: whole words."""
    held = np.zeros(tiles, np.int64)
    held[tiles_of(tensor.layout)] = -(-tensor.sizes * tensor.item // 4) * 4
    return held


def vertex_bytes(vertices: Vertices) -> int:
    """A vertex's fields and pointers on each of its tiles."""
    numbers = sum(1 if isinstance(value, bool) else 4 for value in vertices.numbers.values())
    rows = sum(POINTER * rows_of(field) for field in vertices.fields)
    return LISTED + numbers + POINTER * len(vertices.fields) + rows


def rows_of(field: Field) -> int:
    """The rows of a field of two dimensions: tensors, or tiles of which it reads a part; 0 of one dimension."""
    if field.view == "column":
        return field.tensors[0].layout.tiles
    return len(field.tensors) if field.rows else 0


def _most(training: Training, lived: Lifetimes, buffers: Mapping[Stage, Array]) -> Array:
    """The most bytes of tensors that come and go, with the buffers of the stage that runs."""
    tiles = training.machine.tiles
    live, most = np.zeros(tiles, np.int64), np.zeros(tiles, np.int64)
    none = np.zeros(tiles, np.int64)
    for position, step in enumerate(leaves(training.step)):
        for tensor in lived.born.get(position, ()):
            live += spread_bytes(tensor, tiles)
        here = buffers[step.stage] if isinstance(step, Execute) else none
        most = np.maximum(most, live + here)
        for tensor in lived.dying.get(position, ()):
            live -= spread_bytes(tensor, tiles)
    return most


def misfits(memory: Memory) -> Iterator[Diagnostic]:
    """A problem for the fullest tile, if it holds too much."""
    tile = int(np.argmax(memory.total))
    found = int(memory.total[tile])
    if found > memory.limit:
        sizes = sorted(((int(held[tile]), name) for name, held in memory.tensors.items()), reverse=True)
        largest = ", ".join(f"{name} {size:,}" for size, name in sizes[:3])
        limit = f"a tile has {memory.limit:,} bytes, {found - memory.limit:,} fewer"
        remedy = "take fewer samples at once, another plan of checkpoints, or a smaller network"
        yield Diagnostic("AX501", f"tile {tile}", f"{found:,} bytes ({largest})", limit, remedy)
