"""What every target takes of gated units and of values, with int8 weights: found by judging a small graph a cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from ledger import Case, verdict

from axonc.compiler.driver.options import Options
from axonc.compiler.driver.targets import TARGETS
from axonc.ir import Fixed, Graph, Kind, Node, Signal
from axonc.ir.ops import EGRU, GRU, LSTM, Delay, Gate, Input, Linear, Map, Membrane, Neuron, Op, Output, ResetGate

UNITS = 4
DENSE = Input(Signal((UNITS,), Kind.DENSE))


def linear(parts: int, zero: int = 0) -> Linear:
    """Weights into ``parts`` gates, and zeros for ``zero`` more."""
    eye = np.tile(np.eye(UNITS), (parts, 1))
    return Linear(np.vstack([eye, np.zeros((zero * UNITS, UNITS))]))


def neuron(spiking: bool) -> Neuron:
    """LIF or LI neurons."""
    membrane = Membrane(*map(np.asarray, (0.9, 1.0, 0.0, 0.0)))
    gate = Gate(np.asarray(1.0), "subtract", np.asarray(1.0))
    return Neuron((UNITS,), None, membrane, gate if spiking else None)


def recurrent(op: EGRU | GRU, source: Input = DENSE, *after: Op) -> Graph:
    """input -> weights -> the units, which read what they sent -> ``after``, one behind the other -> output."""
    nodes = [
        Node("x", source),
        Node("w", linear(3), ("x",)),
        Node("late", Delay(1), ("units",)),
        Node("r", linear(3), ("late",)),
        Node("units", op, ("w",), "", ("r",)),
    ]
    for index, behind in enumerate(after):
        nodes.append(Node(f"after{index}", behind, (nodes[-1].name,)))
    return Graph("gated", (*nodes, Node("y", Output(), (nodes[-1].name,))), "steps")


def reset_before() -> Graph:
    """A GRU whose reset gate is a population of its own."""
    nodes = (
        Node("x", DENSE),
        Node("late", Delay(1), ("units",)),
        Node("wr", linear(1), ("x",)),
        Node("rr", linear(1), ("late",)),
        Node("reset", ResetGate(UNITS), ("wr", "rr"), "", ("late",)),
        Node("w", linear(2), ("x",)),
        Node("u", linear(1, 1), ("late",)),
        Node("g", Linear(np.vstack([np.zeros((UNITS, UNITS)), np.eye(UNITS)])), ("reset",)),
        Node("units", GRU(UNITS, reset="before"), ("w", "u", "g")),
        Node("y", Output(), ("units",)),
    )
    return Graph("gated", nodes, "steps")


def lstm(op: LSTM) -> Graph:
    """input -> weights -> LSTM, with weights from its own outputs -> output."""
    nodes = (
        Node("x", DENSE),
        Node("w", linear(4), ("x",)),
        Node("late", Delay(1), ("units",)),
        Node("r", linear(4), ("late",)),
        Node("units", op, ("w", "r")),
        Node("y", Output(), ("units",)),
    )
    return Graph("gated", nodes, "steps")


def egru(**fields: object) -> EGRU:
    """Units that send above 0.3."""
    return replace(EGRU(UNITS, np.full(UNITS, 0.3)), **fields)  # type: ignore[arg-type]


def spiking_first() -> Graph:
    """Spikes -> LIF -> EGRU."""
    graph = recurrent(egru(), Input(Signal((UNITS,), Kind.EVENT)))
    lif = (Node("fc", linear(1), ("x",)), Node("lif", neuron(True), ("fc",)))
    moved = [replace(node, inputs=("lif",)) if node.name == "w" else node for node in graph]
    return Graph("gated", (moved[0], *lif, *moved[1:]), "steps", 1e-3)


def tanh_last() -> Graph:
    """EGRU -> weights -> tanh."""
    return recurrent(egru(), DENSE, linear(1), Map((Signal((UNITS,)),), "tanh"))


HOST = Options(weights="int8", on_host=("auto",))
CASES: Mapping[str, Callable[[], Graph]] = {
    "EGRU": lambda: recurrent(egru()),
    "EGRU, zoneout": lambda: recurrent(egru(zoneout=0.1)),
    "EGRU, segments of 8 steps": lambda: recurrent(egru(segment=8)),
    "GRU, reset behind the matrix": lambda: recurrent(GRU(UNITS)),
    "GRU, reset before the matrix": reset_before,
    "LSTM": lambda: lstm(LSTM(UNITS)),
    "LSTM with peepholes": lambda: lstm(LSTM(UNITS, np.full((3, UNITS), 0.1))),
    "spikes as input": lambda: recurrent(egru(), Input(Signal((UNITS,), Kind.EVENT))),
    "graded events as input, int16": lambda: recurrent(egru(), Input(Signal((UNITS,), Kind.GRADED, Fixed(16, 13)))),
    "LIF before EGRU": spiking_first,
    "LIF behind EGRU": lambda: recurrent(egru(), DENSE, linear(1), neuron(True)),
    "LI behind EGRU": lambda: recurrent(egru(), DENSE, linear(1), neuron(False)),
    "weights behind EGRU as output": lambda: recurrent(egru(), DENSE, linear(1)),
    "tanh behind EGRU": tanh_last,
}


def gated_rows() -> Iterator[tuple[str, ...]]:
    """A row for every case, and one for what the host runs."""
    for name, make in CASES.items():
        yield (name, *(verdict(Case(make(), options=Options(weights="int8")), target) for target in TARGETS))
    yield ("the same, `--on-host auto`", *(verdict(Case(tanh_last(), options=HOST), target) for target in TARGETS))
