"""Small networks of gated units in integers, alone and among spiking neurons, drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from axonc.ir import Fixed, Graph, Kind, Node, Signal, require_valid
from axonc.ir.ops import (
    Delay,
    FixedGate,
    FixedGRU,
    FixedLanes,
    FixedLSTM,
    FixedMembrane,
    FixedNeuron,
    FixedResetGate,
    Input,
    Membrane,
    Neuron,
    Op,
    Output,
    QuantLinear,
    ToFixed,
)

Array = np.ndarray[Any, Any]
KINDS = ("egru", "gru", "gru_before", "lstm", "lif")
ONE = np.asarray(1.0)
ZERO = np.asarray(0)


@dataclass
class Network:
    """A graph while it grows. ``density``: of its matrices, ``block`` targets at a time; ``limit``: of their weights;
    ``own``: every unit has its own scales and biases; ``shifts``: between which those of its lanes are drawn;
    ``segment``: of cells that have one; ``begun``: cells, and what comes back to them, begin with values."""

    rng: np.random.Generator
    density: float = 1.0
    limit: int = 127
    own: bool = False
    shifts: tuple[int, int] = (34, 40)
    frac: int = 13
    segment: int | None = None
    begun: bool = False
    block: int = 1
    nodes: list[Node] = field(default_factory=list)

    def add(self, name: str, op: Op, *inputs: str) -> str:
        self.nodes.append(Node(name, op, inputs))
        return name

    @property
    def graph(self) -> Graph:
        return require_valid(Graph("gated", tuple(self.nodes), "steps", 1e-3))

    def joined(
        self, name: str, source: tuple[str, int], units: int, lanes: Sequence[int] = (0,), of: int = 1, delay: int = 0
    ) -> str:
        """Random weights from a source and its size to some ``of`` the lanes of units, late by ``delay``."""
        before, size = source
        if delay:
            before = self.add(f"{name}.late", Delay(delay), before)
        bits = 8 if self.limit < 128 else 16
        weight = np.zeros((of * units, size), f"int{bits}")
        for lane in lanes:
            drawn = self.rng.integers(-self.limit, self.limit + 1, (units, size))
            drawn *= np.repeat(self.rng.random((-(-units // self.block), size)) < self.density, self.block, axis=0)[
                :units
            ]
            weight[lane * units : (lane + 1) * units] = drawn
        matrix = sparse.csr_array(weight) if self.density < 0.5 else weight
        return self.add(name, QuantLinear(matrix, ONE, bits), before)

    def lanes(self, count: int, units: int) -> FixedLanes:
        """Scales of either sign, as different as a draw allows."""
        shape = (count, units if self.own else 1)
        multiplier = self.rng.integers(1 << 30, 1 << 31, shape) * self.rng.choice([-1, 1], shape)
        if self.shifts[0] == 0:
            multiplier >>= self.rng.integers(0, 32, shape)
        return FixedLanes(
            multiplier, self.rng.integers(*self.shifts, shape), self.rng.integers(-3000, 3000, (count, units))
        )

    def first(self, units: int, frac: int) -> Array | None:
        """What units begin with."""
        return self.rng.integers(-1 << frac, 1 << frac, units) if self.begun else None

    def gated(self, name: str, kind: str, source: tuple[str, int], units: int, delay: int = 0, back: int = 1) -> str:
        """Gated units that hear a source ``delay`` steps late and themselves ``back`` steps late."""
        state = Fixed(16, self.frac)
        if kind == "gru_before":
            return self._exchanging(name, source, units, delay, back)
        if kind == "lstm":
            cell = Fixed(16, int(self.rng.integers(8, 13)))
            op: Op = FixedLSTM(units, self.lanes(4, units), state, cell, self.first(units, cell.frac))
            ours, own, of = range(4), range(4), 4
        else:
            threshold = self.rng.integers(0, 1 << (self.frac - 2), units) if kind == "egru" else None
            zoneout = int(self.rng.choice([0, 7600]))
            op = FixedGRU(units, self.lanes(6, units), state, threshold, zoneout=zoneout, segment=self.segment)
            op = replace(op, initial=self.first(units, self.frac))
            ours, own, of = range(3), range(3, 6), 6
        forward = self.joined(f"{name}.w", source, units, ours, of, delay)
        self.add(f"{name}.back", Delay(back, self.first(units, self.frac)), name)
        recurrent = self.joined(f"{name}.r", (f"{name}.back", units), units, own, of)
        return self.add(name, op, forward, recurrent)

    def _exchanging(self, name: str, source: tuple[str, int], units: int, delay: int, back: int) -> str:
        """GRU units whose reset gate acts on what is summed: a population of its own, to which y goes as well."""
        state = Fixed(16, self.frac)
        self.add(f"{name}.back", Delay(back, self.first(units, self.frac)), name)
        own = (f"{name}.back", units)
        gate_inputs = [
            self.joined(f"{name}.gate.w", source, units, [0], 2, delay),
            self.joined(f"{name}.gate.r", own, units, [0], 2),
            self.add(f"{name}.gate.y", QuantLinear(np.eye(2 * units, units, -units, np.int8), ONE), own[0]),
        ]
        gate = self.add(f"{name}.gate", FixedResetGate(units, self.lanes(1, units), state), *gate_inputs)
        inputs = [
            self.joined(f"{name}.w", source, units, [0, 1], 2, delay),
            self.joined(f"{name}.r", own, units, [0], 2),
            self.joined(f"{name}.q", (gate, units), units, [1], 2),
        ]
        op = FixedGRU(units, self.lanes(2, units), state, reset="before", segment=self.segment)
        op = replace(op, initial=self.first(units, self.frac))
        return self.add(name, op, *inputs)

    def real(self, name: str, source: tuple[str, int], units: int, shift: int) -> str:
        """Leaky integrators in float32."""
        one = np.ones(units)
        op = Neuron((units,), None, Membrane(0.9 * one, 2.0 ** (30 - shift) * one, 0 * one, 0.1 * one), None)
        return self.add(name, op, self.joined(f"{name}.w", source, units))

    def neurons(self, name: str, source: tuple[str, int], units: int, shift: int, spiking: bool, delay: int = 0) -> str:
        """Leaky neurons, with a threshold or without."""
        gate = FixedGate(np.full(units, 3000), "subtract", np.asarray(3000)) if spiking else None
        leak = {"decay": np.asarray(900 << 20), "leak": ZERO, "offset": ZERO}
        scale = {"multiplier": np.asarray(1 << 30), "shift": np.asarray(shift)}
        op = FixedNeuron((units,), None, FixedMembrane(Fixed(32), **scale, **leak), gate)
        return self.add(name, op, self.joined(f"{name}.w", source, units, delay=delay))


@dataclass(frozen=True)
class Case:
    """A network and its data, [samples, steps, inputs]."""

    graph: Graph
    data: Array = field(repr=False)


def chain(
    rng: np.random.Generator, kinds: Sequence[str], dense: bool, units: Sequence[int], inputs: int = 5, **options: Any
) -> Network:
    """An input, a population of each kind, each fed by the one before, and an integrator that reads the last."""
    made = Network(rng, **options)
    signal = Signal((inputs,)) if dense else Signal((inputs,), Kind.EVENT, peak=2)
    before, small = made.add("in", Input(signal)), not dense
    if dense:
        before = made.add("in.fixed", ToFixed(Fixed(16, 10)), before)
    size = inputs
    wide = made.shifts
    for index, (kind, count) in enumerate(zip(kinds, units, strict=True)):
        made.shifts = (max(wide[0] - 10 * small, 0), wide[1] - 10 * small)
        delay, name = int(rng.choice([0, 0, 1, 3])), f"pop{index}"
        if made.begun and not small and index:
            delay = 0  # one source cannot begin with values for one delay and with zeros for another
        if kind == "lif":
            made.neurons(name, (before, size), count, 29 if small else 38, True, delay)
        else:
            made.gated(name, kind, (before, size), count, delay, int(rng.choice([1, 1, 2])))
        before, size, small = name, count, kind == "lif"
    if rng.random() < 0.2:
        made.real("readout", (before, size), 3, 30 if small else 38)
    else:
        made.neurons("readout", (before, size), 3, 30 if small else 38, False)
    made.add("out", Output(), "readout")
    return made


def values(rng: np.random.Generator, dense: bool, shape: tuple[int, ...]) -> Array:
    """Data for an input: values of which many are zero and some out of range, or counts of spikes."""
    if dense:
        return np.asarray(rng.normal(0, 12, shape) * (rng.random(shape) < 0.7))
    return rng.integers(0, 3, shape) * (rng.random(shape) < 0.4)


@st.composite
def cases(draw: st.DrawFn, begun: bool = False) -> Case:
    """A random chain over random data; some of the chains have ``begun`` where that may be."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dense = draw(st.booleans())
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3).filter(lambda k: dense or set(k) != {"lif"}))
    made = chain(
        rng,
        kinds,
        dense,
        [int(n) for n in rng.integers(1, 12, len(kinds))],
        density=draw(st.sampled_from([1.0, 0.3, 0.1])),
        limit=draw(st.sampled_from([1, 7, 127, 127, 1000])),
        own=draw(st.booleans()),
        shifts=draw(st.sampled_from([(34, 40), (28, 36), (0, 62)])),
        frac=draw(st.sampled_from([13, 14, 8])),
        segment=draw(st.sampled_from([None, None, 1, 2, 4])),
        begun=begun and draw(st.booleans()),
    )
    return Case(made.graph, values(rng, dense, (draw(st.integers(1, 3)), 6, 5)))
