"""Between a model's arrays and a machine's packets: inputs become keys, packets and probes become traces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from axonc.ir import Graph, Kind, split_reference
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.mapping import Slice
from axonc.ir.ops import Array, FixedNeuron, Neuron

from .engine import Probe, RunResult
from .parameters import state_bytes, state_dtype


@dataclass(frozen=True)
class Traces:
    """Reads a run of ``steps`` steps. ``states`` gives, for every core and population on it, its state offsets."""

    graph: Graph
    mapping: CoreMapping
    states: Sequence[Sequence[Mapping[str, int]]]
    steps: int

    @property
    def slots(self) -> int:
        """Slots that the run takes."""
        return self.mapping.schedule.slots(self.steps)

    def inputs(self, sample: Mapping[str, Array]) -> list[Array]:
        """The keys that enter in every slot: an event of step k enters in its input's slot for k."""
        keys: list[list[Array]] = [[] for _ in range(self.slots)]
        for name, data in sample.items():
            flat = data.reshape(self.steps, -1).astype(np.int64)
            for part in self.mapping.of(name):
                assert part.block is not None
                base = self.mapping.keys.base(part.block)
                for step, slot in enumerate(self._slots_of(name)):
                    row = flat[step, part.start : part.stop]
                    keys[slot].append(base + np.repeat(np.arange(part.count), row))
        return [np.concatenate([np.zeros(0, np.int64), *slot]).astype(np.uint32) for slot in keys]

    def probes(self, record: Sequence[str]) -> list[Probe]:
        """What must be read of the cores' memories: one probe a slice of every recorded state."""
        return [probe for name in record for probe in self._probes_of(name)]

    def recorded(self, run: RunResult, record: Sequence[str]) -> dict[str, Array]:
        """The recorded signals, [T, *shape]."""
        rows: Iterator[Array] = iter(run.probes)
        traces = {}
        for name in record:
            node, state = split_reference(name)
            shape = self.graph.signals[node].shape
            trace = self._raster(run, node) if self._is_events(name) else self._voltages(rows, node, state)
            traces[name] = trace.reshape(self.steps, *shape)
        return traces

    def _slots_of(self, population: str) -> range:
        schedule = self.mapping.schedule
        start = schedule.start[population]
        return range(start, start + schedule.phases * self.steps, schedule.phases)

    def _is_events(self, name: str) -> bool:
        node, state = split_reference(name)
        return state is None and self.graph.signals[node].kind is Kind.EVENT

    def _probes_of(self, name: str) -> Iterator[Probe]:
        if self._is_events(name):
            return
        node, state = split_reference(name)
        for part, place in self._places(node):
            at = place["current_at" if state == "i" else "voltage_at"]
            yield Probe(part.core or 0, at, part.count * state_bytes(_neuron(self.graph, node)))

    def _places(self, population: str) -> Iterator[tuple[Slice, Mapping[str, int]]]:
        for part in self.mapping.of(population):
            assert part.core is not None
            yield part, self.states[part.core][self.mapping.on_core(part.core).index(part)]

    def _voltages(self, rows: Iterator[Array], node: str, state: str | None) -> Array:
        op = _neuron(self.graph, node)
        parts = [next(rows).view(state_dtype(op)) for _ in self.mapping.of(node)]
        trace = np.concatenate(parts, axis=1)[list(self._slots_of(node))]
        return trace if isinstance(op, Neuron) else trace.astype(np.int64)

    @cached_property
    def _block_starts(self) -> dict[int, int]:
        return {part.block: part.start for part in self.mapping.slices if part.block is not None}

    def _raster(self, run: RunResult, node: str) -> Array:
        """Counts of the packets whose keys lie in the population's blocks."""
        slots = self._slots_of(node)
        raster = np.zeros((self.steps, int(np.prod(self.graph.signals[node].shape))), np.int64)
        keys = self.mapping.keys
        blocks = run.trace_keys >> keys.local_bits
        for part in self.mapping.of(node):
            mine = blocks == part.block
            steps = (run.trace_slots[mine].astype(np.int64) - slots.start) // slots.step
            neurons = part.start + (run.trace_keys[mine] & ((1 << keys.local_bits) - 1)).astype(np.int64)
            np.add.at(raster, (steps, neurons), 1)
        return raster


def _neuron(graph: Graph, node: str) -> Neuron | FixedNeuron:
    op: Any = graph[node].op
    return op  # type: ignore[no-any-return]


def recordable(graph: Graph) -> tuple[str, ...]:
    """Everything that a machine can record: the outputs and states of populations of neurons."""
    return tuple(
        name
        for node in graph
        if isinstance(node.op, (Neuron, FixedNeuron))
        for name in (node.name, *(f"{node.name}:{state}" for state in node.op.states()))
    )
