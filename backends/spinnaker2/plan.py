"""What a core will hold: which synapses in which format, how large each part is. Decided before anything is packed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy import sparse

from axonc.ir.mapping import Schedule, Slice
from axonc.ir.network import Network, Population, Projection, SharedKernel
from axonc.ir.ops import FixedNeuron, Input, Neuron
from axonc.ir.target import LIVE, Cuts, HostInterface

from .memory import MemoryMap, round_up
from .parameters import Records, kernel, membrane_records, most_spikes, state_bytes, synapse_records
from .recording import Recording, recording
from .schema import (
    ALIGN,
    CLOCK,
    HEADER,
    LIST,
    LISTED,
    POPULATION,
    PROJECTION,
    SOURCE,
    SPARSE_SYNAPSES,
    SPARSE_WINDOW,
    STATUS,
    SYNAPSE,
)

SPARSE_BELOW = 0.4
"""Density below which sparse rows cost fewer cycles than dense ones (cycles cross at 43 %, bytes at 50 %)."""

QUEUE_UNIT = 4
"""A queue's capacity is a multiple of this many keys."""

SMALLEST_QUEUE = 512
"""Keys that a queue must hold where the worst case is larger."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The synapses from one source slice to a window of one local population, in one format.

    ``window``: CSC [targets, all source neurons], the window's part of the projection.
    """

    source: Slice
    population: int
    first_target: int
    ring_offset: int
    format: str
    window: sparse.csc_array

    @property
    def targets(self) -> int:
        """Neurons in the window."""
        return int(self.window.shape[0])

    @property
    def synapses(self) -> int:
        """Weights that are not zero."""
        return _stored(self.window, self.source)

    @property
    def weight(self) -> sparse.csc_array:
        """CSC [targets, rows]."""
        return self.window[:, self.source.start : self.source.stop]

    @property
    def data_bytes(self) -> int:
        """Bytes of the rows."""
        if self.format == "dense":
            return round_up(self.source.count * self.targets, ALIGN)
        starts = round_up(2 * (self.source.count + 1), ALIGN)
        return starts + round_up(SYNAPSE.dtype.itemsize * self.synapses, ALIGN)


@dataclass(frozen=True, eq=False)
class LocalPopulation:
    """A slice of a population on this core."""

    part: Slice
    op: Neuron | FixedNeuron
    ring_depth: int
    record: Recording

    @cached_property
    def synapse(self) -> Records | None:
        """Its synapse parameters."""
        return synapse_records(self.op, self.part.start, self.part.stop)

    @cached_property
    def membrane(self) -> Records:
        """Its membrane parameters."""
        return membrane_records(self.op, self.part.start, self.part.stop)

    @property
    def parameter_bytes(self) -> int:
        """Bytes of its parameters."""
        synapse = 0 if self.synapse is None else round_up(self.synapse.nbytes, ALIGN)
        return synapse + round_up(self.membrane.nbytes, ALIGN)

    @property
    def accumulator_bytes(self) -> int:
        """Bytes of the ring of accumulators."""
        return 4 * self.ring_depth * self.part.count

    @property
    def state_bytes(self) -> int:
        """Bytes of one state."""
        return state_bytes(self.op) * self.part.count

    @property
    def work_bytes(self) -> int:
        """Bytes of clock, accumulators and states."""
        states = (2 if self.op.synapse else 1) * round_up(self.state_bytes, ALIGN)
        return CLOCK.dtype.itemsize + round_up(self.accumulator_bytes, ALIGN) + states


@dataclass(frozen=True)
class CorePlan:
    """Everything that one core holds."""

    populations: tuple[LocalPopulation, ...]
    rows: tuple[Rows, ...]
    window: int
    """Key blocks between the first and the last that the core listens to."""
    most_events: int
    """The most keys that all sources send to the core in one slot."""
    listed_events: int = 0
    """Input events that the core stores and sends, at most."""

    @property
    def most_sent(self) -> int:
        """The most keys that the core sends in one slot."""
        return self.listed_events + sum(most_spikes(p.op) * p.part.count for p in self.populations)

    @property
    def kernels(self) -> tuple[str, ...]:
        """The kernels of its populations, in order: what makes it a kind of core."""
        return tuple(kernel(population.op) for population in self.populations)

    def bytes_by_kind(self, memory: MemoryMap) -> dict[str, int]:
        """Bytes by kind; all together must not exceed the SRAM."""
        tables = (
            round_up(HEADER.dtype.itemsize, ALIGN)
            + round_up(POPULATION.dtype.itemsize * len(self.populations), ALIGN)
            + round_up(SOURCE.dtype.itemsize * self.window, ALIGN)
            + round_up(PROJECTION.dtype.itemsize * len(self.rows), ALIGN)
            + sum(population.parameter_bytes for population in self.populations)
        )
        weights = sum(rows.data_bytes for rows in self.rows)
        sizes = {
            "code": memory.code_bytes,
            "tables": tables,
            "weights": weights,
            "padding": memory.work_at(tables + weights) - memory.data_at - tables - weights,
            "state": STATUS.dtype.itemsize + sum(population.work_bytes for population in self.populations),
            "recording": sum(population.record.bytes for population in self.populations),
            "lists": self.list_bytes,
            "queues": 0,
            "stack": memory.stack_bytes + memory.guard_bytes,
        }
        sizes["queues"] = 2 * 4 * self._queue(memory.sram_bytes - sum(sizes.values()))
        return sizes

    @property
    def list_bytes(self) -> int:
        """Bytes of the list of input events."""
        size = LIST.dtype.itemsize + LISTED.dtype.itemsize * self.listed_events
        return round_up(size, ALIGN) if self.listed_events else 0

    def queue(self, memory: MemoryMap) -> int:
        """Keys that each queue holds: all that can arrive in a slot, or as many as the SRAM has room for."""
        return self.bytes_by_kind(memory)["queues"] // 8

    def safe_activity(self, memory: MemoryMap) -> float:
        """The part of the sources that may send in one slot without overflow: 1 where the queue holds the worst."""
        return min(1.0, self.queue(memory) / max(self.most_events, 1))

    def _queue(self, free: int) -> int:
        """A multiple of `QUEUE_UNIT`; at least the worst case or `SMALLEST_QUEUE`, whether that fits or not."""
        worst = round_up(max(self.most_events, 1), QUEUE_UNIT)
        return max(min(worst, SMALLEST_QUEUE), min(worst, free // 8 // QUEUE_UNIT * QUEUE_UNIT))


def plan_core(
    network: Network, schedule: Schedule, slices: Sequence[Slice], cuts: Cuts, host: HostInterface = LIVE
) -> CorePlan:
    """The plan of the core that holds ``slices``, those of inputs among them where cores send the inputs."""
    here = [part for part in slices if not isinstance(network.by_name[part.population].op, Input)]
    into = (_rows_into(network, schedule, index, target, cuts) for index, target in enumerate(here))
    rows = tuple(part for parts in into for part in parts)
    depth = {index: 1 for index in range(len(here))}
    for part in rows:
        depth[part.population] = max(depth[part.population], 1 << part.ring_offset.bit_length())
    populations = tuple(
        _local(network.by_name[target.population], target, depth[index], host) for index, target in enumerate(here)
    )
    sources = {(part.source.population, part.source.start): part.source for part in rows}
    listed = host.input_events * (len(slices) - len(here))
    return CorePlan(populations, rows, _window(sources.values(), network, cuts), _most_events(network, sources), listed)


def _local(population: Population, part: Slice, ring_depth: int, host: HostInterface) -> LocalPopulation:
    op = _neuron(population)
    return LocalPopulation(part, op, ring_depth, recording(op, part, host))


def _neuron(population: Population) -> Neuron | FixedNeuron:
    assert not isinstance(population.op, Input)
    return population.op


def _rows_into(network: Network, schedule: Schedule, index: int, target: Slice, cuts: Cuts) -> Iterator[Rows]:
    for projection in network.fan_in[target.population]:
        offset = ring_offset(schedule, projection)
        whole = _target_rows(projection, target.start, target.stop)
        for source in cuts[projection.source]:
            if _stored(whole, source) >= SPARSE_BELOW * target.count * source.count:
                yield Rows(source, index, 0, offset, "dense", whole)
            else:
                yield from _sparse_rows(projection, source, target, index, offset)


def _sparse_rows(projection: Projection, source: Slice, target: Slice, index: int, offset: int) -> Iterator[Rows]:
    """Sparse rows in windows that a one-byte index can address; windows without synapses are left out."""
    for first in range(0, target.count, SPARSE_WINDOW):
        start = target.start + first
        window = (start, min(start + SPARSE_WINDOW, target.stop))
        yield from _windows(projection, source, target, index, offset, *window)


def _windows(
    projection: Projection, source: Slice, target: Slice, index: int, offset: int, start: int, stop: int
) -> Iterator[Rows]:
    """Sparse rows of targets ``start`` to ``stop``, in halves where a row could start beyond `SPARSE_SYNAPSES`."""
    window = _target_rows(projection, start, stop)
    stored = _stored(window, source)
    if stored > SPARSE_SYNAPSES and stop - start > 1:
        middle = (start + stop) // 2
        yield from _windows(projection, source, target, index, offset, start, middle)
        yield from _windows(projection, source, target, index, offset, middle, stop)
    elif stored:
        form = "sparse" if stored <= SPARSE_SYNAPSES else "dense"
        yield Rows(source, index, start - target.start, offset, form, window)


def _stored(window: sparse.csc_array, source: Slice) -> int:
    return int(window.indptr[source.stop] - window.indptr[source.start])


@lru_cache(maxsize=1024)
def _target_rows(projection: Projection, start: int, stop: int) -> sparse.csc_array:
    assert not isinstance(projection.weight, SharedKernel)
    return projection.weight[start:stop]


def ring_offset(schedule: Schedule, projection: Projection) -> int:
    """Steps between the one due when an event is received and the one in which it acts: ceil(slack / phases)."""
    start, phases = schedule.start, schedule.phases
    slack = start[projection.target] + phases * projection.delay - start[projection.source] - 1
    return -(-slack // phases)


def _window(sources: object, network: Network, cuts: Cuts) -> int:
    """Blocks are numbered by population, then slice: the window runs from the first source to the last."""
    blocks = block_numbers(network, cuts)
    used = [blocks[part.population, part.start] for part in sources]  # type: ignore[attr-defined]
    return max(used) - min(used) + 1 if used else 0


def block_numbers(network: Network, cuts: Cuts) -> Mapping[tuple[str, int], int]:
    """The key block of every slice that sends events, in the order in which `compiler.mapping` numbers them."""
    sending = (p for p in network.populations if p.peak)
    ordered = (part for population in sending for part in cuts[population.name])
    return {(part.population, part.start): block for block, part in enumerate(ordered)}


def _most_events(network: Network, sources: Mapping[tuple[str, int], Slice]) -> int:
    return sum(part.count * network.by_name[part.population].peak for part in sources.values())


def dense_rows(rows: Rows) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    """int8 [rows, targets]."""
    return np.ascontiguousarray(rows.weight.toarray().T.astype(np.int8))
