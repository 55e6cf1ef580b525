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

from ..checkpoint import KINDS, Plan, Problem, choose, plans, spike_bytes
from ..checkpoint.actions import backward, tape
from .checkpointed import Executor, initial, packed_signals, taped_signals
from .data import Data
from .network import Network
from .options import Options


@dataclass(frozen=True)
class Footprint:
    """The bytes of a training on a sequence in ``blocks`` of ``block`` steps, as in `Problem`."""

    blocks: int
    block: int
    state: int
    tape: int
    head: int
    fixed: int
    per_block: int

    def problem(self, memory: int | None, **costs: Any) -> Problem:
        """The problem of placing checkpoints; a step of it is a block."""
        sizes = (self.blocks, self.state, self.tape, memory, self.fixed, self.per_block, self.head)
        return Problem(*sizes, block=self.block, **costs)


def footprint(
    net: Network,
    steps: int,
    batch: int,
    bits: bool = False,
    types: Mapping[str, str] = MappingProxyType({}),
    every: bool = False,
) -> Footprint:
    """The bytes of states and tapes follow from the graph and its backward graph; those of a running block, and of
    what is held at every step, from two short steps of training in which every array is counted.

    ``types``: of the inputs' data, by name; else the type of the training. ``every``: whether targets have an axis of
    steps.
    """
    length = min(net.block, steps)
    blocks, rest = -(-steps // length), steps - (-(-steps // length) - 1) * length
    one, two, wide = (_held(net, n, b, length, bits, types, every) for n, b in ((1, 1), (2, 1), (1, 2)))
    each = two - one  # what a block of one sample adds; forward and backward
    fixed = one - each + (batch - 1) * (wide - one - each)
    way = int(np.argmax(fixed + blocks * batch * each))
    per_block = batch * int(each[way])
    missing = per_block * (length - rest) // length  # of the first block, which is shorter
    state = sum(array.nbytes for array in initial(net, net.ops(net.initial), batch).arrays)
    whole, head = (tape_bytes(net, count, batch, bits) for count in (length, rest))
    return Footprint(blocks, length, state, whole, head, max(0, int(fixed[way]) - missing), per_block)


ON_CHIP = tuple(kind for kind, family in KINDS.items() if not family.away)


def training_plan(net: Network, data: Data, options: Options) -> Plan | None:
    """The plan of a training; None where the whole sequence is held and nothing limits it.

    Automatically the fastest in memory that fits; by its name any kind. Files stand for the memory off chip, and a
    state is taken to be written or read in the time of a block.

    Raises:
        ModelError: no such plan fits (AX820); the kind is unknown (AX822).
    """
    free = options.memory is None and options.checkpoints in ("auto", "none")
    if free and not options.packed:
        return None
    first = next(iter(data.x.values()))
    every = data.target.ndim == len(net.graph.signals[net.output].shape) + 2
    types = {name: str(x.dtype) for name, x in data.x.items()}
    sizes = footprint(net, first.shape[1], min(options.batch, len(data)), options.packed, types, every)
    problem = sizes.problem(options.memory, bandwidth=float(max(1, sizes.state)))
    kinds = ON_CHIP if options.checkpoints == "auto" else (options.checkpoints,)
    return choose(plans(problem, kinds), problem)


def tape_bytes(net: Network, steps: int, batch: int, bits: bool) -> int:
    """s, of so many steps."""
    packed = packed_signals(net) if bits else frozenset[str]()
    sizes = {name: steps * batch * prod(_shape(net, name)) for name in taped_signals(net)}
    item = np.dtype(net.dtype).itemsize
    return sum(spike_bytes(size, "bits" if name in packed else "values", item) for name, size in sizes.items())


def _shape(net: Network, reference: str) -> tuple[int, ...]:
    node, part = split_reference(reference)
    return (recordable(net.graph[node].op)[part] if part else net.graph.signals[node]).shape


def _held(
    net: Network, blocks: int, batch: int, length: int, bits: bool, types: Mapping[str, str], every: bool
) -> Array:
    """The most bytes beside tapes and the running state, while blocks run forward and while they run backward."""
    signals = {node.name: net.graph.signals[node.name].shape for node in net.graph.inputs}
    shape = (blocks * length, batch)
    x = {name: np.zeros((*shape, *inner), types.get(name, net.dtype)) for name, inner in signals.items()}
    x |= net.drawn(0, *shape)
    alone = replace(net, block=length)  # whose runs keep no array of other runs
    most = np.zeros(2, np.int64)

    def watch(executor: Executor) -> None:
        tapes = sum(array.nbytes for recorded in executor.tapes.values() for array in recorded.values())
        state = sum(array.nbytes for array in executor.running.arrays)
        way = int(executor.seed is not None)
        most[way] = max(most[way], held_bytes(executor) - tapes - state)

    executor = Executor(alone, net.initial, x, _any_target(net, shape, every), bits, watch)
    with np.errstate(all="ignore"):
        executor.execute(tape(0, blocks))
        executor.execute(backward(0, blocks))
    return most


def _any_target(net: Network, extent: tuple[int, int], every: bool) -> Array:
    """Targets that the loss takes."""
    steps, batch = extent
    if net.loss.labelled:
        return np.zeros(batch, np.int64)
    return np.zeros((batch, *([steps] if every else []), *net.graph.signals[net.output].shape), net.dtype)


def held_bytes(executor: Executor) -> int:
    """The bytes of all arrays that an executor holds in memory, each counted once, parameters aside."""
    found = {id(base): base.nbytes for base in map(_base, _arrays(executor)) if base is not None}
    return sum(found.values())


def _arrays(executor: Executor) -> Iterator[Array]:
    yield from (x for x in executor.x.values() if isinstance(x, np.ndarray))  # masks are made where they are needed
    yield executor.output
    if executor.seed is not None:
        yield executor.seed
    for carry in (executor.running, executor.adjoint, *executor.kept.values()):
        yield from carry.arrays
    for recorded in executor.tapes.values():
        yield from recorded.values()
    for held in (executor.values, executor.net.taped.memory.arrays, executor.net.adjoint.memory.arrays):
        yield from held.values()


def _base(array: Any) -> Array | None:
    """The array that owns the memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array if isinstance(array, np.ndarray) else None
