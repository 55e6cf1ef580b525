"""Between a model's arrays and a machine's packets: inputs become keys, packets and probes become traces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from axonc.ir import Graph, Kind, split_reference
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.mapping import Slice
from axonc.ir.network import Units
from axonc.ir.ops import Array, FixedGated, FixedNeuron, LevelNeuron, Neuron

from .engine import NOTHING, Inputs, Probe, RunResult
from .graded_inputs import graded_packets, rounded, spike_packets
from .levels import level_table
from .parameters import state_bytes, state_dtype, state_place
from .schema import UNUSED


@dataclass(frozen=True)
class Traces:
    """Reads a run of ``samples`` samples of ``steps`` steps, ``gap`` idle steps apart; a run that is ``resumed`` begins
    with such idle steps.

    ``states`` gives, for every core and population on it, its state offsets; packets have ``packet_words`` words.
    """

    graph: Graph
    mapping: CoreMapping
    states: Sequence[Sequence[Mapping[str, int]]]
    steps: int
    samples: int = 1
    gap: int = 0
    packet_words: int = 1
    resumed: bool = False

    @property
    def slots(self) -> int:
        """Slots that the run takes."""
        return self.mapping.schedule.slots(self._lead + self.samples * self._period - self.gap) if self.steps else 0

    @property
    def _lead(self) -> int:
        """Idle steps before the first sample."""
        return self.gap if self.resumed else 0

    @property
    def _period(self) -> int:
        """Steps from the start of a sample to the start of the next."""
        return self.steps + self.gap

    def live(self, data: Mapping[str, Array], earlier: Mapping[str, Array] | None = None) -> Inputs:
        """The packets that the host sends: inputs, and what was sent ``earlier`` and is under way: the last steps
        before the first, [steps, *shape], by what sent it."""
        if not self.slots:
            return NOTHING
        sent = self._replayed(earlier or {})
        events = self._joined([*self._input_events(data, from_host=True), *sent])
        packets = events[:, 1:].astype(np.uint32)
        chips = self.mapping.block_chips.astype(np.uint32)[packets[:, 0] >> self.mapping.keys.local_bits]
        return Inputs(events[:, 0], packets, chips)

    def listed(self, data: Mapping[str, Array]) -> dict[int, Array]:
        """For every core that sends inputs of its own accord, its packets (slot, key, payload)."""
        parts = list(self._input_events(data, from_host=False))
        return {core: self._joined(p for p in parts if p[0] == core) for core, _ in parts if core is not None}

    def _joined(self, parts: Iterable[tuple[int | None, Array]]) -> Array:
        """Packets in the order of slots, [count, 1 + words]."""
        events = np.concatenate([np.zeros((0, 1 + self.packet_words), np.int64), *(events for _, events in parts)])
        in_order = np.all(events[1:, 0] >= events[:-1, 0])
        return events if in_order else events[np.argsort(events[:, 0], kind="stable")]

    def _input_events(self, data: Mapping[str, Array], from_host: bool) -> Iterator[tuple[int | None, Array]]:
        """Core (None: the host) and packets (slot, key, payload) of the input slices that the host sends, or of all
        others.

        ``data`` are [samples, steps, *shape].
        """
        for name, array in data.items():
            parts = [part for part in self.mapping.of(name) if from_host == (part.core is None)]
            if parts:
                values = rounded(self.graph, name, array) if self._is_graded(name) else array
                yield from self._packets(parts, values, self._slots_of(name).reshape(-1))

    def _replayed(self, earlier: Mapping[str, Array]) -> Iterator[tuple[int | None, Array]]:
        """The packets of ``earlier``, each in its slot before the first step; as old ones as still act."""
        schedule = self.mapping.schedule
        for name, values in earlier.items():
            kept = values[max(len(values) - self._lead, 0) :]
            slots = schedule.start[name] + schedule.phases * np.arange(self._lead - len(kept), self._lead)
            yield from self._packets(self.mapping.of(name), kept, slots)

    def _packets(self, parts: Sequence[Slice], values: Array, slots: Array) -> Iterator[tuple[int | None, Array]]:
        """Core and packets of what slices of a population send: ``values`` of as many steps as there are ``slots``."""
        graded, count = self._is_graded(parts[0].population), int(np.prod(parts[0].shape))
        flat = np.ascontiguousarray(values).reshape(-1)
        places = np.flatnonzero(flat if flat.dtype == bool else flat != 0)  # of bool: an order of magnitude faster
        row, neuron = np.divmod(places, count)
        when, counts = slots[row], flat[places].astype(np.int64)
        for part in parts:
            assert part.block is not None
            local = np.full(count, -1)
            local[part.neurons] = np.arange(part.count)
            here = local[neuron] >= 0
            base, make = self.mapping.keys.base(part.block), graded_packets if graded else spike_packets
            yield part.core, make(self.packet_words, base, when[here], local[neuron[here]], counts[here])

    def _is_graded(self, name: str) -> bool:
        return self.graph.signals[name].kind is not Kind.EVENT

    def probes(self, record: Sequence[str]) -> list[Probe]:
        """What must be read of the cores' memories: one probe a slice of every recorded state."""
        return [probe for name in record for probe in self._probes_of(name)]

    def recorded(self, run: RunResult, record: Sequence[str]) -> dict[str, Array]:
        """The signals of `probes`, and spikes from the packets: [samples, T, *shape]."""
        rows: Iterator[Array] = iter(run.probes)
        traces = {}
        for name in record:
            node, state = split_reference(name)
            trace = self._raster(run, node) if self._is_events(name) else self._voltages(rows, node, state)
            traces[name] = self.shaped(name, trace)
        return traces

    def shaped(self, name: str, trace: Array) -> Array:
        """The trace of a signal as [samples, T, *shape]."""
        shape = self.graph.signals[split_reference(name)[0]].shape
        return trace.reshape(self.samples, self.steps, *shape)

    def _slots_of(self, population: str) -> Array:
        """The slot of every step, [samples, steps]."""
        schedule = self.mapping.schedule
        steps = self._lead + np.arange(self.samples)[:, None] * self._period + np.arange(self.steps)
        return schedule.start[population] + schedule.phases * steps

    def _is_events(self, name: str) -> bool:
        node, state = split_reference(name)
        return state is None and self.graph.signals[node].kind is Kind.EVENT

    def _probes_of(self, name: str) -> Iterator[Probe]:
        if self._is_events(name):
            return
        node, state = split_reference(name)
        op = _neuron(self.graph, node)
        kept = state_place(op, state)
        for part, place in self.places(node):
            yield Probe(part.core or 0, place[f"{kept}_at"], part.count * state_bytes(op, kept))

    def places(self, population: str) -> Iterator[tuple[Slice, Mapping[str, int]]]:
        """The slices of a population, and where their states lie."""
        for part in self.mapping.of(population):
            assert part.core is not None
            yield part, self.states[part.core][self._neurons_on(part.core).index(part)]

    def _neurons_on(self, core: int) -> list[Slice]:
        """The slices of neurons on a core."""
        inputs = {node.name for node in self.graph.inputs}
        return [part for part in self.mapping.on_core(core) if part.population not in inputs]

    def _voltages(self, rows: Iterator[Array], node: str, state: str | None) -> Array:
        op = _neuron(self.graph, node)
        parts, kept = self.mapping.of(node), state_place(op, state)
        states = np.zeros((self.slots, sum(part.count for part in parts)), state_dtype(op, kept))
        for part in parts:
            states[:, part.neurons] = next(rows).view(states.dtype)
        trace = states[self._slots_of(node)]
        if isinstance(op, LevelNeuron) and kept == "voltage":
            return level_table(op).values[trace]
        return trace if isinstance(op, (Neuron, LevelNeuron)) else trace.astype(np.int64)

    def _raster(self, run: RunResult, node: str) -> Array:
        """Counts of the spikes whose keys lie in the population's blocks."""
        sent = self.sent(run, node, self.samples * self._period)
        whole = np.zeros((self.samples * self._period, *sent.shape[1:]), np.int64)
        whole[: len(sent)] = sent
        return whole.reshape(self.samples, self._period, *sent.shape[1:])[:, : self.steps]

    def sent(self, run: RunResult, node: str, last: int) -> Array:
        """What a population sent in the ``last`` steps of a run, or in all if these are fewer, [steps, *shape]: counts
        of spikes, or the values of graded events."""
        schedule, keys, shape = self.mapping.schedule, self.mapping.keys, self.graph.signals[node].shape
        steps = max(self.samples * self._period - self.gap, 0)
        first = max(steps - last, 0)
        values = np.zeros((steps - first, int(np.prod(shape))), np.int64)
        begin = np.searchsorted(run.trace_slots, schedule.start[node] + schedule.phases * (self._lead + first))
        blocks = run.trace_keys[begin:] >> keys.local_bits
        for part in self.mapping.of(node):
            mine = begin + np.flatnonzero(blocks == part.block)
            step = (run.trace_slots[mine].astype(np.int64) - schedule.start[node]) // schedule.phases
            row, neuron, value = self._events(run, mine, graded=self._is_graded(node))
            np.add.at(values, (step[row] - self._lead - first, part.neurons[neuron]), value)
        return values.reshape(-1, *shape)

    def _events(self, run: RunResult, packets: Array, graded: bool) -> tuple[Array, Array, Array]:
        """Of every event in some packets: the packet's place among them, the neuron in its slice, and the value."""
        if not graded:
            local = run.trace_keys[packets] & ((1 << self.mapping.keys.local_bits) - 1)
            return np.arange(len(packets)), local, np.ones(len(packets), np.int64)
        words = run.trace_payloads[packets]
        row, place = np.nonzero(words >> 16 != UNUSED)
        held = words[row, place]
        return row, held >> 16, (held & 0xFFFF).astype(np.uint16).view(np.int16).astype(np.int64)


def _neuron(graph: Graph, node: str) -> Units:
    op: Any = graph[node].op
    return op  # type: ignore[no-any-return]


def recordable(graph: Graph) -> tuple[str, ...]:
    """Everything that a machine can record: the outputs and states of populations of neurons."""
    return tuple(
        name
        for node in graph
        if isinstance(node.op, (Neuron, FixedNeuron, LevelNeuron, FixedGated))
        for name in (node.name, *(f"{node.name}:{state}" for state in node.op.states()))
    )
