"""The verifier finds each kind of damage, and all of it at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from axonc.ir import Graph, Kind, Node, Signal, verify
from axonc.ir.ops import LIF, ONE, ZERO, Delay, Flatten, Gate, Input, Linear, Membrane, Neuron, Op, Output, QuantLinear

IN = Node("in", Input(Signal((2,), Kind.EVENT)))
OUT = Node("out", Output(), ("fc",))


def linear(name: str = "fc", source: str = "in", rows: int = 2, columns: int = 2) -> Node:
    """Weights of ones."""
    return Node(name, Linear(np.ones((rows, columns))), (source,))


def found(nodes: Sequence[Node], stage: str = "steps") -> list[tuple[str, str]]:
    """Codes and nodes of the problems."""
    return [(problem.code, problem.node) for problem in verify(Graph("g", tuple(nodes), stage))]


def neuron(decay: float = 0.5, reset: str = "value") -> Neuron:
    """Two neurons."""
    return Neuron((2,), None, Membrane(np.asarray(decay), ONE, ZERO, ZERO), Gate(ONE, reset, ZERO))


def lif(tau: float = 1.0) -> LIF:
    """Two neurons in continuous time."""
    ones = np.ones(2)
    return LIF(tau * ones, ones, ones, ones)


def test_a_sound_graph_has_no_problem() -> None:
    assert found([IN, linear(), OUT]) == []


@pytest.mark.parametrize(
    ("nodes", "problems"),
    [
        ([IN, linear(), linear(), OUT], [("AX106", "fc")]),
        ([IN, linear(source="nowhere"), OUT], [("AX304", "fc")]),
        ([IN, linear(), OUT, Node("lost", Flatten())], [("AX304", "lost")]),
        ([IN, linear()], [("AX107", "")]),
        ([], [("AX107", ""), ("AX107", "")]),
        ([IN, linear(), OUT, linear("a", "b"), linear("b", "a")], [("AX303", "a")]),
        ([IN, linear(), OUT, linear("a", "a")], [("AX303", "a")]),
        ([IN, linear(), OUT, Node("c", lif(), ("fc",))], [("AX305", "c")]),
        ([IN, linear(columns=3), OUT], [("AX301", "fc")]),
        ([IN, linear(rows=3), Node("out", Output((2,)), ("fc",))], [("AX301", "out")]),
        ([IN, Node("fc", Linear(np.ones((2, 2)), np.ones(3)), ("in",)), OUT], [("AX301", "fc")]),
        ([IN, Node("fc", Linear(np.ones((2, 2)), None, (1, 2), (3, 1)), ("in",)), OUT], [("AX301", "fc")] * 2),
        ([IN, Node("fc", Linear(np.full((2, 2), np.nan)), ("in",)), OUT], [("AX302", "fc")]),
        ([IN, Node("fc", Linear(np.full((2, 2), 1e39)), ("in",)), OUT], [("AX302", "fc")]),
        ([IN, Node("fc", QuantLinear(np.ones((2, 2), np.int8), np.asarray(np.inf)), ("in",)), OUT], [("AX302", "fc")]),
        ([IN, Node("fc", Flatten(0, 1), ("in",)), OUT], [("AX301", "fc")]),
        ([IN, Node("fc", Flatten(1, 0), ("in",)), OUT], [("AX301", "fc")]),
        ([IN, Node("fc", Delay(0), ("in",)), OUT], [("AX306", "fc")]),
        ([IN, Node("fc", neuron(decay=1.5), ("in",)), OUT], [("AX306", "fc")]),
        ([IN, Node("fc", neuron(decay=-0.1), ("in",)), OUT], [("AX306", "fc")]),
        ([IN, Node("fc", neuron(reset="never"), ("in",)), OUT], [("AX306", "fc")]),
        ([Node("in", Input(Signal((2,))), ("fc",)), linear(), OUT], [("AX303", "fc")]),
        ([IN, Node("i2", Input(Signal((2,))), ("in",)), linear(), OUT], [("AX304", "i2")]),
    ],
)
def test_each_damage_has_its_code(nodes: list[Node], problems: list[tuple[str, str]]) -> None:
    assert found(nodes) == problems


def test_a_loop_over_state_is_sound_in_a_model_and_not_in_steps() -> None:
    def loop(op: Op) -> list[Node]:
        return [IN, Node("fc", op, ("in", "back")), linear("back", "fc"), OUT]

    assert found(loop(lif()), "model") == []
    assert found(loop(neuron())) == [("AX303", "back")]


def test_time_constants_must_be_positive() -> None:
    assert found([IN, Node("fc", lif(0.0), ("in",)), OUT], "model") == [("AX204", "fc")]


def test_several_problems_are_told_together() -> None:
    nodes = [IN, linear(columns=3), Node("out", Output((5,)), ("fc",)), Node("d", Delay(-1), ("in",))]
    assert found(nodes) == [("AX301", "fc"), ("AX301", "out"), ("AX306", "d")]


def test_a_step_computes_sources_first_and_cuts_at_delays() -> None:
    nodes = [OUT, Node("fc", neuron(), ("in", "d")), Node("d", Delay(), ("fc",)), IN]
    graph = Graph("g", tuple(nodes), "steps")
    assert [node.name for node in graph.order] == ["d", "in", "fc", "out"]
    assert graph.signals["d"] == graph.signals["fc"]


def test_events_add_up_to_counts_and_values_win() -> None:
    both = Graph("g", (IN, Node("in2", Input(Signal((2,), Kind.EVENT, peak=3))), Node("out", Output(), ("in", "in2"))))
    assert both.signals["out"] == Signal((2,), Kind.EVENT, peak=4)
    mixed = Graph("g", (IN, linear(), Node("out", Output(), ("in", "fc"))))
    assert mixed.signals["out"].kind is Kind.DENSE
