"""The bytes that a checkpointed step of training holds, as a problem for `compiler.checkpoint`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np

from axonc.ir.interpret.run import recordable, split_reference
from axonc.ir.ops import Array

from ..checkpoint import Problem
from ..checkpoint.actions import backward, tape
from .checkpointed import Executor, initial, packed_signals, taped_signals
from .network import Network


@dataclass(frozen=True)
class Footprint:
    """What ``steps`` steps of ``batch`` samples take, in blocks: bytes as in `Problem`; ``blocks`` of them."""

    blocks: int
    state: int
    tape: int
    head: int
    fixed: int
    per_block: int

    def problem(self, memory: int | None, **costs: Any) -> Problem:
        """The problem of placing checkpoints; a step of it is a block."""
        sizes = (self.blocks, self.state, self.tape, memory, self.fixed, self.per_block, self.head)
        return Problem(*sizes, **costs)


def footprint(
    net: Network,
    steps: int,
    batch: int,
    bits: bool = False,
    types: Mapping[str, str] = MappingProxyType({}),
) -> Footprint:
    """The bytes of states and tapes follow from the graph and its backward graph; those of a running block, and of
    what is held at every step, from two short steps of training in which every array is counted.

    ``types``: of the inputs' data, by name; else the type of the training.
    """
    length = min(net.block, steps)
    blocks, rest = -(-steps // length), steps - (-(-steps // length) - 1) * length
    one, two, wide = (_held(net, n, b, length, bits, types) for n, b in ((1, 1), (2, 1), (1, 2)))
    each = two - one  # what a block of one sample adds; forward and backward
    fixed = one - each + (batch - 1) * (wide - one - each)
    way = int(np.argmax(fixed + blocks * batch * each))
    per_block = batch * int(each[way])
    missing = per_block * (length - rest) // length  # of the first block, which is shorter
    state = sum(array.nbytes for array in initial(net, net.ops(net.initial), batch).arrays)
    whole, head = (tape_bytes(net, count, batch, bits) for count in (length, rest))
    return Footprint(blocks, state, whole, head, max(0, int(fixed[way]) - missing), per_block)


def tape_bytes(net: Network, steps: int, batch: int, bits: bool) -> int:
    """s, of so many steps."""
    packed = packed_signals(net) if bits else frozenset[str]()
    sizes = {name: steps * batch * prod(_shape(net, name)) for name in taped_signals(net)}
    item = np.dtype(net.dtype).itemsize
    return sum(-(-size // 8) if name in packed else item * size for name, size in sizes.items())


def _shape(net: Network, reference: str) -> tuple[int, ...]:
    node, part = split_reference(reference)
    return (recordable(net.graph[node].op)[part] if part else net.graph.signals[node]).shape


def _held(net: Network, blocks: int, batch: int, length: int, bits: bool, types: Mapping[str, str]) -> Array:
    """The most bytes beside tapes and the running state, while blocks run forward and while they run backward."""
    signals = {node.name: net.graph.signals[node.name].shape for node in net.graph.inputs}
    shape = (blocks * length, batch)
    x = {name: np.zeros((*shape, *inner), types.get(name, net.dtype)) for name, inner in signals.items()}
    alone = replace(net, block=length)  # whose runs keep no array of other runs
    most = np.zeros(2, np.int64)

    def watch(executor: Executor) -> None:
        tapes = sum(array.nbytes for tape in executor.tapes.values() for array in tape.values())
        state = sum(array.nbytes for array in executor.running.arrays)
        way = int(executor.seed is not None)
        most[way] = max(most[way], held_bytes(executor) - tapes - state)

    executor = Executor(alone, net.initial, x, _any_target(net, batch), bits, watch)
    with np.errstate(all="ignore"):
        executor.execute(tape(0, blocks))
        executor.execute(backward(0, blocks))
    return most


def _any_target(net: Network, batch: int) -> Array:
    """Targets that the loss takes."""
    if net.loss.labelled:
        return np.zeros(batch, np.int64)
    return np.zeros((batch, *net.graph.signals[net.output].shape), net.dtype)


def held_bytes(executor: Executor) -> int:
    """The bytes of all arrays that an executor holds in memory, each counted once, parameters aside."""
    found = {id(base): base.nbytes for base in map(_base, _arrays(executor)) if base is not None}
    return sum(found.values())


def _arrays(executor: Executor) -> Iterator[Array]:
    yield from executor.x.values()
    yield executor.output
    if executor.seed is not None:
        yield executor.seed
    for carry in (executor.running, executor.adjoint, *executor.kept.values()):
        yield from carry.arrays
    for tape in executor.tapes.values():
        yield from tape.values()
    for held in (executor.values, executor.net.taped.memory.arrays, executor.net.adjoint.memory.arrays):
        yield from held.values()


def _base(array: Any) -> Array | None:
    """The array that owns the memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array if isinstance(array, np.ndarray) else None
