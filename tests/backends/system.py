"""A small system built by hand from the schema, and what it must compute, in plain numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from axonc.backends.spinnaker2 import schema
from axonc.backends.spinnaker2.engine import CoreImage

LOCAL_BITS = 8
STATE_DTYPES = {"q16": np.dtype("<i2"), "q32": np.dtype("<i4"), "f32": np.dtype("<f4")}


@dataclass(frozen=True)
class Projection:
    """Synapses from key block ``block`` to one population: weights int8 [sources, targets]."""

    block: int
    population: int
    weights: npt.NDArray[np.int8]
    sparse: bool = False
    first_target: int = 0
    ring_offset: int = 0


@dataclass(frozen=True)
class Population:
    """A population of ``count`` neurons whose keys are block ``block``; parameters are rows of the schema."""

    count: int
    block: int
    storage: str
    membrane: npt.NDArray[np.void]
    synapse: npt.NDArray[np.void] | None = None
    reset: str = "subtract"
    old_current: bool = False
    ring: int = 1
    start: int = 0
    first_head: int = 0
    first_phase: int = 0

    @property
    def kernel(self) -> str:
        return f"axonc_{'cuba_' if self.synapse is not None else ''}lif_{self.storage}"


@dataclass(frozen=True)
class Core:
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...] = ()
    capacity: int = 64
    phases: int = 1


@dataclass
class Blob:
    """Bytes with aligned pieces."""

    content: bytearray = field(default_factory=bytearray)

    def add(self, piece: bytes) -> int:
        self.content += bytes(-len(self.content) % schema.ALIGN)
        at = len(self.content)
        self.content += piece
        return at


@dataclass(frozen=True)
class Layout:
    """A core's image and where its state is: per population (offset, bytes) of voltage and current."""

    image: CoreImage
    voltages: tuple[tuple[int, int], ...]
    currents: tuple[tuple[int, int], ...]
    program: str


def build_core(core: Core, program: int = 0) -> Layout:
    """Lays out a core."""
    data, work = Blob(), Blob()
    data.add(bytes(schema.HEADER.dtype.itemsize))
    work.add(bytes(schema.STATUS.dtype.itemsize))
    rows, voltages, currents = zip(*(_population(p, data, work) for p in core.populations), strict=True)
    header = np.zeros((), schema.HEADER.dtype)
    blocks = [p.block for p in core.projections] or [0]
    first, count = min(blocks), max(blocks) - min(blocks) + 1
    ordered = sorted(core.projections, key=lambda p: p.block)
    sources = np.zeros(count, schema.SOURCE.dtype)
    for index in range(count):
        mine = [i for i, p in enumerate(ordered) if p.block == first + index]
        sources[index] = (mine[0] if mine else 0, len(mine))
    header["magic"], header["abi"], header["phases"] = schema.MAGIC, schema.ABI, core.phases
    header["local_bits"], header["population_count"] = LOCAL_BITS, len(rows)
    header["first_block"], header["block_count"] = first, count
    header["populations_at"] = data.add(b"".join(row.tobytes() for row in rows))
    header["sources_at"] = data.add(sources.tobytes())
    tables = [_projection(p, data) for p in ordered]
    header["projections_at"] = data.add(b"".join(row.tobytes() for row in tables))
    header["fifo_capacity"] = core.capacity
    header["fifo_at"] = [work.add(bytes(4 * core.capacity)) for _ in range(2)]
    header["data_bytes"], header["work_bytes"] = len(data.content), len(work.content)
    data.content[: header.nbytes] = header.tobytes()
    calls = "".join(f"    {p.kernel}(core, {i});\n" for i, p in enumerate(core.populations))
    image = CoreImage(program, bytes(data.content), len(work.content))
    return Layout(image, voltages, currents, program_text(calls))


def program_text(body: str) -> str:
    """A program as the compiler emits it."""
    includes = '#include "neurons.h"\n#include "runtime.h"\n\n'
    comment = "/* One slot of everything that this kind of core holds, in order. */\n"
    return f"{includes}{comment}void axonc_program(axonc_core_t *core)\n{{\n{body}}}\n"


def _population(p: Population, data: Blob, work: Blob) -> tuple[Any, tuple[int, int], tuple[int, int]]:
    row = np.zeros((), schema.POPULATION.dtype)
    state = bytes(p.count * STATE_DTYPES[p.storage].itemsize)
    row["count"], row["start"], row["ring_mask"] = p.count, p.start, p.ring - 1
    row["first_head"], row["first_phase"] = p.first_head, p.first_phase
    row["reset"], row["old_current"] = schema.RESETS.index(p.reset), p.old_current
    row["key"] = p.block << LOCAL_BITS
    row["clock_at"] = work.add(bytes(schema.CLOCK.dtype.itemsize))
    row["accumulators_at"] = work.add(bytes(4 * p.ring * p.count))
    row["voltage_at"] = work.add(state)
    row["membrane_at"] = data.add(p.membrane.tobytes())
    row["membrane_stride"] = p.membrane.dtype.itemsize if len(p.membrane) > 1 else 0
    if p.synapse is not None:
        row["current_at"] = work.add(state)
        row["synapse_at"] = data.add(p.synapse.tobytes())
        row["synapse_stride"] = p.synapse.dtype.itemsize if len(p.synapse) > 1 else 0
    current = (int(row["current_at"]), len(state) if p.synapse is not None else 0)
    return row, (int(row["voltage_at"]), len(state)), current


def _projection(p: Projection, data: Blob) -> Any:
    row = np.zeros((), schema.PROJECTION.dtype)
    row["format"] = schema.FORMATS.index("sparse" if p.sparse else "dense")
    row["population"], row["first_target"], row["targets"] = p.population, p.first_target, p.weights.shape[1]
    row["ring_offset"], row["rows"] = p.ring_offset, p.weights.shape[0]
    if not p.sparse:
        row["rows_at"] = data.add(p.weights.tobytes())
        return row
    starts = np.concatenate([[0], np.cumsum((p.weights != 0).sum(1))]).astype("<u2")
    source, target = np.nonzero(p.weights)
    synapses = np.zeros(len(target), schema.SYNAPSE.dtype)
    synapses["target"], synapses["weight"] = target, p.weights[source, target]
    row["rows_at"], row["synapses_at"] = data.add(starts.tobytes()), data.add(synapses.tobytes())
    return row


@dataclass
class _State:
    current: npt.NDArray[Any]
    voltage: npt.NDArray[Any]
    ring: npt.NDArray[np.int64]
    head: int
    phase: int
    step: int = 0


class Simulation:
    """What cores compute, slot by slot, from the definitions: all cores at once, events of the slot before."""

    def __init__(self, cores: Sequence[Core], steps: int) -> None:
        self.cores, self.steps, self.slot = cores, steps, 0
        self.saturations = [0] * len(cores)
        self.states = [[self._initial(p) for p in core.populations] for core in cores]

    @staticmethod
    def _initial(p: Population) -> _State:
        kind = np.float32 if p.storage == "f32" else np.int64
        zeros = np.zeros(p.count, kind)
        return _State(zeros, zeros.copy(), np.zeros((p.ring, p.count), np.int64), p.first_head, p.first_phase)

    def run_slot(self, keys: Sequence[int]) -> list[int]:
        """Runs a slot with the keys that reached every core; returns the keys sent."""
        sent = [key for index in range(len(self.cores)) for key in self._run_core(index, keys)]
        self.slot += 1
        return sorted(sent)

    def _run_core(self, index: int, keys: Sequence[int]) -> list[int]:
        core, states, sent = self.cores[index], self.states[index], []
        for key in keys:
            block, row = key >> LOCAL_BITS, key & ((1 << LOCAL_BITS) - 1)
            for p in core.projections:
                if p.block == block and row < p.weights.shape[0]:
                    state = states[p.population]
                    ahead = (state.head + p.ring_offset) % len(state.ring)
                    state.ring[ahead, p.first_target : p.first_target + p.weights.shape[1]] += p.weights[row]
        for p, state in zip(core.populations, states, strict=True):
            if self.slot >= p.start and state.phase == 0 and state.step < self.steps:
                update = self._float if p.storage == "f32" else self._fixed
                spikes = update(index, p, state, state.ring[state.head])
                sent += [(p.block << LOCAL_BITS) | int(n) for n in np.flatnonzero(spikes)]
                state.ring[state.head] = 0
                state.step += 1
            state.phase = (state.phase + 1) % core.phases
            state.head = (state.head + (state.phase == 0)) % len(state.ring)
        return sent

    def _fixed(self, index: int, p: Population, state: _State, sums: npt.NDArray[np.int64]) -> Any:
        m = {name: p.membrane[name].astype(np.int64) for name in p.membrane.dtype.names or ()}
        limit = 32767 if p.storage == "q16" else 2147483647
        drive = sums
        if p.synapse is not None:
            s = {name: p.synapse[name].astype(np.int64) for name in p.synapse.dtype.names or ()}
            fresh = _decay(state.current, s["decay"]) + _scale(sums, s["multiplier"], s["shift"]) + s["offset"]
            fresh = self._clip(index, fresh, limit)
            drive = state.current if p.old_current else fresh
            state.current = fresh
        kept = m["leak"] + _decay(state.voltage - m["leak"], m["decay"])
        v = self._clip(index, kept + _scale(drive, m["multiplier"], m["shift"]) + m["offset"], limit)
        guarded = (p.reset == "subtract_guarded") & (state.voltage > m["threshold"])
        spikes = v - np.where(guarded, m["reset"], 0) > m["threshold"]
        if p.reset.startswith("subtract"):
            v = np.where(spikes, self._clip(index, np.where(spikes, v - m["reset"], 0), limit), v)
        elif p.reset == "value":
            v = np.where(spikes, m["reset"], v)
        state.voltage = v
        return spikes

    def _clip(self, index: int, x: npt.NDArray[np.int64], limit: int) -> npt.NDArray[np.int64]:
        clipped = np.clip(x, -limit, limit)
        self.saturations[index] += int((clipped != x).sum())
        return clipped

    def _float(self, index: int, p: Population, state: _State, sums: npt.NDArray[np.int64]) -> Any:
        m, drive = p.membrane, sums.astype(np.float32)
        if p.synapse is not None:
            s = p.synapse
            fresh = (s["decay"] * state.current + s["gain"] * drive) + s["constant"]
            drive = state.current if p.old_current else fresh
            state.current = fresh
        v = (m["decay"] * state.voltage + m["gain"] * drive) + m["constant"]
        guarded = (p.reset == "subtract_guarded") & (state.voltage > m["threshold"])
        spikes = v - np.where(guarded, m["reset"], np.float32(0)) > m["threshold"]
        if p.reset != "none":
            v = np.where(spikes, m["reset"] if p.reset == "value" else v - m["reset"], v)
        state.voltage = v.astype(np.float32)
        return spikes


def _decay(x: npt.NDArray[np.int64], factor: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """x * factor / 2^30 toward zero, in Python's integers."""
    products = [int(a) * int(b) for a, b in np.broadcast(x, factor)]
    return np.array([abs(q) // (1 << 30) * (1 if q >= 0 else -1) for q in products], np.int64)


def _scale(x: npt.NDArray[np.int64], multiplier: Any, shift: Any) -> npt.NDArray[np.int64]:
    """floor(x * multiplier / 2^shift + 1/2), in Python's integers."""
    terms = ((int(a) * int(b), int(s)) for a, b, s in np.broadcast(x, multiplier, shift))
    return np.array([(2 * q + (1 << s)) // (1 << (s + 1)) for q, s in terms], np.int64)


def with_phases(core: Core, phases: int) -> Core:
    """The same core with several slots per model step."""
    return replace(core, phases=phases)
