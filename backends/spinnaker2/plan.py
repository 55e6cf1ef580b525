"""What a core will hold: which synapses in which format, how large each part is. Decided before anything is packed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import get_args

import numpy as np

from axonc.ir.machine import BYTEWISE, Synapses
from axonc.ir.mapping import Schedule, Slice
from axonc.ir.network import ACTIVITY, Network, Projection, SharedKernel, Units, usual_activity
from axonc.ir.ops import Array, FixedGated, FixedGRU, Input, LevelNeuron
from axonc.ir.target import LIVE, Cuts, HostInterface

from .convolution import KernelRows, KernelTables, kernel_rows
from .gated import GatedRecords, gated_records
from .levels import LevelTable, level_table
from .memory import MemoryMap, round_up
from .packets import most_packets, packet_words
from .parameters import Place, Records, equations, kernel, membrane_records, most_spikes, state_bytes, synapse_records
from .recording import Recording, recording
from .rows import Rows, matrix_rows
from .schema import ALIGN, CLOCK, HEADER, LIST, LISTED, POPULATION, PROJECTION, SOURCE, STATUS

QUEUE_UNIT = 4
"""A queue's capacity is a multiple of this many packets."""

SMALLEST_QUEUE = 512
"""Events that a queue must hold where the worst case is larger."""


AnyRows = Rows | KernelRows


@dataclass(frozen=True, eq=False)
class LocalPopulation:
    """A slice of a population on this core."""

    part: Slice
    op: Units
    ring_depth: int
    record: Recording
    lanes: int = 1
    most_sent: int = 0
    """The most packets that it sends in a slot."""
    shifts: tuple[Array, ...] = ()
    """`Population.shifts`, of all neurons of the population."""

    @property
    def shift_table(self) -> Records:
        """The shifts of this slice: uint8 [lanes - 1, neurons]."""
        return np.array([shift[self.part.neurons] for shift in self.shifts], np.uint8)

    @cached_property
    def synapse(self) -> Records | None:
        """Its synapse parameters."""
        return None if isinstance(self.op, FixedGated) else synapse_records(equations(self.op), self.part.neurons)

    @cached_property
    def levels(self) -> LevelTable | None:
        """The levels of its voltage, if it takes such."""
        return level_table(self.op) if isinstance(self.op, LevelNeuron) else None

    @cached_property
    def membrane(self) -> Records | GatedRecords:
        """Its membrane parameters, or those of its gated units."""
        neurons = self.part.neurons
        if isinstance(self.op, FixedGated):
            return gated_records(self.op, neurons)
        return membrane_records(equations(self.op), neurons)

    @property
    def parameter_bytes(self) -> int:
        """Bytes of its parameters, the table of its levels among them."""
        if isinstance(self.membrane, GatedRecords):
            return self.membrane.data_bytes
        synapse = 0 if self.synapse is None else round_up(self.synapse.nbytes, ALIGN)
        levels = 0 if self.levels is None else self.levels.data_bytes
        shifts = round_up(len(self.shifts) * self.part.count, ALIGN)
        return synapse + round_up(self.membrane.nbytes, ALIGN) + levels + shifts

    @property
    def accumulators(self) -> int:
        """Its accumulators, for one step."""
        return self.lanes * self.part.count

    @property
    def accumulator_bytes(self) -> int:
        """Bytes of the ring of accumulators."""
        return 4 * self.ring_depth * self.accumulators

    def state_bytes(self, place: Place) -> int:
        """Bytes of one state of all neurons."""
        return state_bytes(self.op, place) * self.part.count

    @property
    def segment(self) -> int:
        """Steps of a segment of its cells; 0: they have none."""
        return (self.op.segment or 0) if isinstance(self.op, FixedGRU) else 0

    @property
    def segment_bytes(self) -> int:
        """Bytes of the number of a step within its segment."""
        return 4 if self.segment else 0

    @property
    def work_bytes(self) -> int:
        """Bytes of clock, accumulators and states."""
        states = sum(round_up(self.state_bytes(place), ALIGN) for place in get_args(Place))
        states += round_up(self.segment_bytes, ALIGN)
        return CLOCK.dtype.itemsize + round_up(self.accumulator_bytes, ALIGN) + states


@dataclass(frozen=True)
class CorePlan:
    """Everything that one core holds."""

    populations: tuple[LocalPopulation, ...]
    rows: tuple[AnyRows, ...]
    window: int
    """Key blocks between the first and the last that the core listens to."""
    most_packets: int
    """The most packets that all sources send to the core in one slot."""
    sources: tuple[Slice, ...] = ()
    """The slices whose events it receives."""
    inputs: tuple[Slice, ...] = ()
    """The slices of inputs whose events it sends."""
    listed_events: int = 0
    """How many packets of them it stores, at most."""
    activity: Mapping[str, float] = field(default_factory=dict)
    """The measured activity of the populations of which there is one."""
    usual: Mapping[str, float] = field(default_factory=dict)
    """The activity that the others are taken to have."""
    graded: frozenset[str] = frozenset()
    """The populations whose events carry a value."""
    packet_words: int = 1
    synapses: Synapses = BYTEWISE
    """How rows are stored, and what it costs to fetch them."""
    valued_packets: int = 0
    """How many of ``most_packets`` carry values: those are not rare."""

    @property
    def away(self) -> tuple[Rows, ...]:
        """The rows that lie in DRAM."""
        return tuple(rows for rows in self.rows if isinstance(rows, Rows) and rows.dram)

    @property
    def fetch_bytes(self) -> int:
        """Bytes of the buffer into which rows are fetched: the longest of them."""
        return max((int(rows.fetched.max(initial=0)) for rows in self.away), default=0)

    @property
    def most_sent(self) -> int:
        """The most packets that the core sends in one slot."""
        return self.listed_events + sum(p.most_sent for p in self.populations)

    def active(self, population: str) -> float:
        """The part of a population's neurons that sends in a slot."""
        return self.activity.get(population, self.usual.get(population, 0.0))

    @property
    def assumed_activity(self) -> float | None:
        """The part of its sources that is taken to send in a slot; None where it was measured."""
        if self.activity:
            return None
        rates = [(self.active(source.population), source.count) for source in self.sources]
        if len({rate for rate, _ in rates}) < 2:
            return rates[0][0] if rates else ACTIVITY
        return sum(rate * count for rate, count in rates) / sum(count for _, count in rates)

    @property
    def kernels(self) -> tuple[str, ...]:
        """The kernels of its populations, in order: what makes it a kind of core."""
        return tuple(kernel(population.op) for population in self.populations)

    @property
    def convolutions(self) -> tuple[KernelTables, ...]:
        """The tables of its convolutions, each once."""
        return tuple(dict.fromkeys(rows.tables for rows in self.rows if isinstance(rows, KernelRows)))

    def bytes_by_kind(self, memory: MemoryMap) -> dict[str, int]:
        """Bytes by kind; all together must not exceed the SRAM."""
        tables = (
            round_up(HEADER.dtype.itemsize, ALIGN)
            + round_up(POPULATION.dtype.itemsize * len(self.populations), ALIGN)
            + round_up(SOURCE.dtype.itemsize * self.window, ALIGN)
            + round_up(PROJECTION.dtype.itemsize * len(self.rows), ALIGN)
            + sum(population.parameter_bytes for population in self.populations)
        )
        weights = sum(part.data_bytes for part in (*self.rows, *self.convolutions))
        sizes = {
            "code": memory.code_bytes,
            "tables": tables,
            "weights": weights,
            "padding": memory.work_at(tables + weights) - memory.data_at - tables - weights,
            "state": STATUS.dtype.itemsize + sum(population.work_bytes for population in self.populations),
            "fetching": self.fetch_bytes,
            "recording": sum(population.record.bytes for population in self.populations),
            "lists": self.list_bytes,
            "queues": 0,
            "stack": memory.stack_bytes + memory.guard_bytes,
        }
        sizes["queues"] = self._queue_bytes * self._queue(memory.sram_bytes - sum(sizes.values()))
        return sizes

    @property
    def _queue_bytes(self) -> int:
        """Bytes of a packet in both queues."""
        return 2 * 4 * self.packet_words

    @property
    def list_bytes(self) -> int:
        """Bytes of the list of input events."""
        each = LISTED.dtype.itemsize + 4 * (self.packet_words - 1)
        size = LIST.dtype.itemsize + each * self.listed_events
        return round_up(size, ALIGN) if self.listed_events else 0

    def queue(self, memory: MemoryMap) -> int:
        """Packets that each queue holds: all that can arrive in a slot, or as many as the SRAM has room for."""
        return self.bytes_by_kind(memory)["queues"] // self._queue_bytes

    def safe_activity(self, memory: MemoryMap) -> float:
        """The part of the sources that may send in one slot without overflow: 1 where the queue holds the worst."""
        return min(1.0, self.queue(memory) / max(self.most_packets, 1))

    def _queue(self, free: int) -> int:
        """A multiple of `QUEUE_UNIT`; at least the worst case, whether that fits or not. Of spikes, which are rare,
        `SMALLEST_QUEUE` is enough where the worst case is larger."""
        worst = round_up(max(self.most_packets, 1), QUEUE_UNIT)
        smallest = round_up(self.valued_packets + SMALLEST_QUEUE, QUEUE_UNIT)
        return max(min(worst, smallest), min(worst, free // self._queue_bytes // QUEUE_UNIT * QUEUE_UNIT))


def plan_core(
    network: Network,
    schedule: Schedule,
    slices: Sequence[Slice],
    cuts: Cuts,
    host: HostInterface = LIVE,
    synapses: Synapses = BYTEWISE,
) -> CorePlan:
    """The plan of the core that holds ``slices``, those of inputs among them where cores send the inputs."""
    here = [part for part in slices if not isinstance(network.by_name[part.population].op, Input)]
    into = (_rows_into(network, schedule, index, target, cuts, synapses) for index, target in enumerate(here))
    rows = tuple(part for parts in into for part in parts)
    depth = {index: 1 for index in range(len(here))}
    for part in rows:
        depth[part.population] = max(depth[part.population], 1 << part.ring_offset.bit_length())
    words = packet_words(network)
    populations = tuple(_local(network, target, depth[index], host, words) for index, target in enumerate(here))
    sources = tuple({part.source.place: part.source for part in rows}.values())
    packets = {part.place: most_packets(network, part, words) for part in sources}
    inputs = tuple(part for part in slices if isinstance(network.by_name[part.population].op, Input))
    return CorePlan(
        populations,
        rows,
        _window(sources, network, cuts),
        sum(packets.values()),
        sources,
        inputs,
        host.input_events * len(inputs),
        *_events_of(network),
        words,
        synapses,
        sum(packets[part.place] for part in sources if network.by_name[part.population].graded),
    )


@lru_cache(maxsize=16)
def _events_of(network: Network) -> tuple[Mapping[str, float], Mapping[str, float], frozenset[str]]:
    """The measured activity of the populations of which there is one, what the others are taken to have, and those
    whose events carry a value."""
    measured = {p.name: p.activity for p in network.populations if p.activity is not None}
    usual = {p.name: usual_activity(p) for p in network.populations}
    return measured, usual, frozenset(p.name for p in network.populations if p.graded)


def _local(network: Network, part: Slice, ring_depth: int, host: HostInterface, words: int) -> LocalPopulation:
    population = network.by_name[part.population]
    op = population.op
    assert not isinstance(op, Input)
    if isinstance(op, FixedGated):  # nobody needs the packets of what nobody listens to
        sent = most_packets(network, part, words) if network.fan_out[population.name] else 0
    else:
        sent = most_spikes(equations(op)) * part.count
    return LocalPopulation(part, op, ring_depth, recording(op, part, host), population.lanes, sent, population.shifts)


def _rows_into(
    network: Network, schedule: Schedule, index: int, target: Slice, cuts: Cuts, synapses: Synapses
) -> Iterator[AnyRows]:
    for projection in network.fan_in[target.population]:
        offset, sources = ring_offset(schedule, projection), cuts[projection.source]
        if isinstance(projection.weight, SharedKernel):
            yield from kernel_rows(projection, sources, target, index, offset, synapses)
        else:
            source = network.by_name[projection.source]
            active = source.rate
            yield from matrix_rows(projection, sources, target, index, offset, synapses, active, source.graded)


def ring_offset(schedule: Schedule, projection: Projection) -> int:
    """Steps between the one due when an event is received and the one in which it acts: ceil(slack / phases)."""
    start, phases = schedule.start, schedule.phases
    slack = start[projection.target] + phases * projection.delay - start[projection.source] - 1
    return -(-slack // phases)


def _window(sources: Iterable[Slice], network: Network, cuts: Cuts) -> int:
    """Blocks are numbered by population, in the order in which `compiler.mapping` numbers the blocks of all slices,
    then by slice: the window runs from the first source to the last."""
    order = _sending(network)
    used = [(order[part.population], cuts[part.population].number[part.place]) for part in sources]
    if not used:
        return 0
    (first, lowest), (last, highest) = min(used), max(used)
    between = sum(len(cuts[name]) for name in list(order)[first:last]) if first < last else 0
    return between + highest - lowest + 1


@lru_cache(maxsize=16)
def _sending(network: Network) -> Mapping[str, int]:
    """The number of every population that sends events among those that do."""
    return {name: number for number, name in enumerate(p.name for p in network.populations if p.peak)}
