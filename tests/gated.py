"""Random networks of gated units, in float."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from axonc.ir import Graph, Kind, Node, Signal
from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
    Constant,
    Delay,
    Gate,
    Gather,
    Input,
    Linear,
    Map,
    Membrane,
    Neuron,
    Op,
    Output,
    ResetGate,
)
from axonc.ir.signal import Element

Array = np.ndarray[Any, Any]


class Cells:
    """Builds layers of gated units behind a dense input ``x`` of ``inputs`` values; ``density`` is that of weights."""

    def __init__(self, inputs: int, seed: int = 0, density: float = 1.0) -> None:
        self.random = np.random.default_rng(seed)
        self.density = density
        self.nodes = [Node("x", Input(Signal((inputs,), Kind.DENSE)))]
        self.width = inputs
        self.last = "x"

    def add(self, name: str, op: Op, inputs: tuple[str, ...], reads: tuple[str, ...] = ()) -> str:
        """One more node."""
        self.nodes.append(Node(name, op, inputs, "", reads))
        return name

    def matrix(self, rows: int, columns: int) -> Array:
        """Random weights of variance 2 / columns."""
        weight = self.random.normal(size=(rows, columns)) * np.sqrt(2 / (columns * self.density))
        return np.where(self.random.random(weight.shape) < self.density, weight, 0.0)

    def linear(self, name: str, source: str, rows: int, columns: int) -> str:
        """A matrix with a bias."""
        return self.add(name, Linear(self.matrix(rows, columns), self.random.normal(size=rows) * 0.1), (source,))

    def _own(self, name: str, gates: int, units: int, matrices: str = "r") -> str:
        late = self.add(f"{name}.late", Delay(1), (name,))
        return self.linear(f"{name}.{matrices}", late, gates * units, units)

    def egru(self, name: str, units: int, **fields: Any) -> None:
        """An EGRU with thresholds between 0 and 0.6."""
        w, r = self.linear(f"{name}.w", self.last, 3 * units, self.width), self._own(name, 3, units)
        self._layer(name, EGRU(units, self.random.beta(2, 8, size=units), **fields), (w,), (r,))

    def gru(self, name: str, units: int) -> None:
        """A GRU whose reset gate acts behind the matrix."""
        w, r = self.linear(f"{name}.w", self.last, 3 * units, self.width), self._own(name, 3, units)
        self._layer(name, GRU(units), (w,), (r,))

    def gru_before(self, name: str, units: int) -> None:
        """A GRU whose reset gate acts before the matrix: two exchanges a step."""
        late = self.add(f"{name}.late", Delay(1), (name,))
        gate = self.linear(f"{name}.wr", self.last, units, self.width)
        again = self.linear(f"{name}.rr", late, units, units)
        reset = self.add(f"{name}.reset", ResetGate(units), (gate, again), (late,))
        rows = np.vstack([np.zeros((units, units)), self.matrix(units, units)])
        candidate = self.add(f"{name}.rg", Linear(rows), (reset,))
        update = np.vstack([self.matrix(units, units), np.zeros((units, units))])
        own = self.add(f"{name}.own", Linear(update), (late,))
        w = self.linear(f"{name}.w", self.last, 2 * units, self.width)
        self._layer(name, GRU(units, reset="before"), (w, own, candidate))

    def lstm(self, name: str, units: int) -> None:
        """An LSTM without peepholes."""
        w, r = self.linear(f"{name}.w", self.last, 4 * units, self.width), self._own(name, 4, units)
        self._layer(name, LSTM(units), (w, r))

    def _layer(self, name: str, op: Any, inputs: tuple[str, ...], reads: tuple[str, ...] = ()) -> None:
        self.add(name, op, inputs, reads)
        self.last, self.width = name, op.units

    def graph(self) -> Graph:
        """The network, with the last layer as its output ``y``."""
        return Graph("cells", (*self.nodes, Node("y", Output(), (self.last,))), "steps")


LAYERS: dict[str, Callable[[Cells, str, int], None]] = {
    "egru": Cells.egru,
    "gru": Cells.gru,
    "gru_before": Cells.gru_before,
    "lstm": Cells.lstm,
}


def cells(kinds: list[str], inputs: int, units: int, seed: int = 0, density: float = 1.0) -> Graph:
    """A chain of layers of these kinds, each of ``units`` units."""
    made = Cells(inputs, seed, density)
    for index, kind in enumerate(kinds):
        LAYERS[kind](made, f"{kind}{index + 1}", units)
    return made.graph()


WORDS, WIDTH, UNITS = 9, 6, 8
"""Of `embedded`."""


def embedded(kind: str = "egru") -> Graph:
    """Token -> embedding -> gated units -> decoder -> tanh."""
    layers, random = cells([kind], WIDTH, UNITS), np.random.default_rng(2)
    table, index = Signal((WORDS, WIDTH)), Signal((), Kind.DENSE, Element("int64"))
    token = Node("token", Input(index))
    rows = Node("table", Constant(random.normal(size=(WORDS, WIDTH)).astype(np.float32)))
    embedding = Node("x", Gather((table, index), 0), ("table",), "", ("token",))
    decoder = Node("decoder", Linear(random.normal(size=(WORDS, UNITS)), random.normal(size=WORDS)), (f"{kind}1",))
    shown = Node("shown", Map((Signal((WORDS,)),), "tanh"), ("decoder",))
    inner = [node for node in layers if node.name not in ("x", "y")]
    return Graph("lm", (token, rows, embedding, *inner, decoder, shown, Node("y", Output(), ("shown",))), "steps")


def tokens(samples: int = 3, steps: int = 20) -> Array:
    """Samples for `embedded`."""
    return np.random.default_rng(1).integers(0, WORDS, size=(samples, steps))


def hybrid() -> Graph:
    """Spikes -> 10 LIF neurons ``lif`` -> 8 EGRUs ``egru`` -> 3 leaky integrators ``readout``, in steps of 1 ms."""
    made = Cells(10)
    made.nodes = [Node("x", Input(Signal((6,), Kind.EVENT)))]
    made.linear("fc", "x", 10, 6)
    membrane = Membrane(*map(np.asarray, (0.9, 1.0, 0.0, 0.0)))
    made.add("lif", Neuron((10,), None, membrane, Gate(np.asarray(1.0), "subtract", np.asarray(1.0))), ("fc",))
    made.last = "lif"
    made.egru("egru", UNITS)
    made.linear("out", "egru", 3, UNITS)
    made.add("readout", Neuron((3,), None, membrane, None), ("out",))
    return Graph("hybrid", (*made.nodes, Node("y", Output(), ("readout",))), "steps", 1e-3)
