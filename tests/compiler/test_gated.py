"""Gated units in integers: close to the float cells, exact in their sums, formats chosen from the sums."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gated
import numpy as np
import pytest

import axonc
from axonc import Graph, ModelError
from axonc.compiler.passes import Quantize, RoundInputs, ToPopulations, run_pipeline
from axonc.ir import Fixed, Node
from axonc.ir.arithmetic import requantize
from axonc.ir.ops import EGRU, GRU, LSTM, Delay, FixedGRU, FixedLSTM, FixedResetGate, Linear, QuantLinear, ToFixed

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(3)
X = RNG.normal(size=(60, 12))


def quantised(graph: Graph, x: Array = X, **options: Any) -> Graph:
    """The graph with int8 weights."""
    ranges = (("x", float(np.abs(x).max())),)
    return run_pipeline(graph, [ToPopulations(), RoundInputs(ranges), Quantize(**options)])[-1][1]


def value(trace: Array, graph: Graph, name: str) -> Array:
    return trace * graph.signals[name].format.scale  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", gated.LAYERS)
@pytest.mark.parametrize("scope", ["fan_in", "channel"])
def test_integers_stay_close_to_the_float_cell(kind: str, scope: str) -> None:
    graph = gated.cells([kind, kind], 12, 24)
    integer = quantised(graph, scope=scope)
    expected = axonc.interpret(graph, X, precision="float64").outputs["y"]
    got = value(axonc.interpret(integer, X).outputs["y"], integer, "y")
    assert np.sqrt(np.mean((got - expected) ** 2)) < 0.035
    if kind == "egru":
        assert 0.05 < np.mean(expected != 0) < 0.6
        assert np.mean((got != 0) != (expected != 0)) < 0.03
    else:
        assert np.std(expected) > 0.1


@pytest.mark.parametrize("fields", [{"zoneout": 0.25}, {"segment": 7}, {"zoneout": 0.1, "segment": 3}])
def test_zoneout_and_segments(fields: dict[str, Any]) -> None:
    made = gated.Cells(12)
    made.egru("egru1", 24, **fields)
    graph = made.graph()
    plain = made.graph().with_nodes(
        type(node)(node.name, EGRU(24, node.op.threshold), node.inputs, "", node.reads)
        if isinstance(node.op, EGRU)
        else node
        for node in graph
    )
    integer = quantised(graph)
    expected = axonc.interpret(graph, X, precision="float64").outputs["y"]
    got = value(axonc.interpret(integer, X).outputs["y"], integer, "y")
    other = axonc.interpret(plain, X, precision="float64").outputs["y"]
    assert np.sqrt(np.mean((got - expected) ** 2)) < 0.02
    assert np.sqrt(np.mean((other - expected) ** 2)) > 0.04


def scalar_egru(op: FixedGRU, w: Array, r: Array, x: Array) -> Array:
    """The equations, one unit after the other in Python's integers; tables made here."""
    places = [(index - 256) / 32 for index in range(513)]
    sigmoid = [min(32767, round(32768 / (1 + np.exp(-p)))) for p in places]
    tanh = [max(-32767, min(32767, round(32768 * np.tanh(p)))) for p in places]

    def read(table: list[int], at: int) -> int:
        index, rest = divmod(at + 32768, 128)
        return table[index] + ((table[index + 1] - table[index]) * rest + 64) // 128

    def clip(number: int) -> int:
        return max(-32767, min(32767, number))

    def argument(lane: int, n: int, total: int) -> int:
        m, s = (int(np.broadcast_to(p, (6, op.units))[lane, n]) for p in (op.gates.multiplier, op.gates.shift))
        return clip((total * m + (1 << s) // 2) // (1 << s) + int(op.gates.bias[lane, n]))

    units, frac = op.units, op.state.frac
    threshold = np.broadcast_to(op.threshold if op.threshold is not None else 0, units)
    c, y, rows = [0] * units, np.zeros(units, np.int64), []
    for row in x:
        totals = (w @ row + r @ y).reshape(6, units)
        sent = []
        for n in range(units):
            a_u, a_r, a_g, h_u, h_r, h_g = (argument(lane, n, int(totals[lane, n])) for lane in range(6))
            u, reset = read(sigmoid, clip(a_u + h_u)), read(sigmoid, clip(a_r + h_r))
            g = read(tanh, clip(a_g + (reset * h_g + 2**14) // 2**15))
            m = (2 ** (15 - frac) * u * c[n] + (2**15 - u) * g + 2 ** (29 - frac)) // 2 ** (30 - frac)
            fires = m > threshold[n]
            sent.append(m if fires else 0)
            c[n] = clip(m - int(threshold[n])) if fires else m
        y = np.array(sent, np.int64)
        rows.append(y)
    return np.array(rows)


def test_the_interpreter_is_the_equations() -> None:
    graph = quantised(gated.cells(["egru"], 12, 16))
    op, w, r = graph["egru1"].op, graph["egru1.w"].op, graph["egru1.r"].op
    assert isinstance(op, FixedGRU)
    assert isinstance(w, QuantLinear)
    assert isinstance(r, QuantLinear)
    x = axonc.interpret(graph, X, record="x.fixed").recorded["x.fixed"]
    wide = [np.asarray(part.weight).astype(np.int64) for part in (w, r)]
    assert np.array_equal(scalar_egru(op, *wide, x), axonc.interpret(graph, X).outputs["y"])


def test_a_gate_s_argument_is_the_weighted_sum_in_q3_12() -> None:
    graph = gated.cells(["egru"], 12, 16)
    integer = quantised(graph, scope="channel")
    op, weight = integer["egru1"].op, integer["egru1.w"].op
    assert isinstance(op, FixedGRU)
    assert isinstance(weight, QuantLinear)
    x = axonc.interpret(integer, X, record="x.fixed").recorded["x.fixed"]
    lanes = (np.asarray(weight.weight).astype(np.int64) @ x.T).reshape(6, 16, -1)
    multiplier, shift, bias = (np.asarray(part)[:, :, None] for part in vars(op.gates).values())
    arguments = (requantize(lanes, multiplier, shift) + bias)[:3].reshape(48, -1).T / 4096
    real = graph["egru1.w"].op
    assert isinstance(real, Linear)
    assert real.bias is not None
    np.testing.assert_allclose(arguments, X @ np.asarray(real.weight).T + real.bias, atol=0.05)


def test_formats_follow_from_the_sums() -> None:
    """Rows of 700 equal weights of 127 times values of up to 4 at 13 fractional bits would pass an int32."""
    made = gated.Cells(700)
    made.egru("cell", 4)
    graph = made.graph()
    wide = {"cell.w": np.ones((12, 700)), "cell.r": np.ones((12, 4))}
    nodes = (
        node if node.name not in wide else type(node)(node.name, Linear(wide[node.name]), node.inputs) for node in graph
    )
    integer = quantised(graph.with_nodes(nodes), np.full((1, 700), 3.9))
    op = integer["x.fixed"].op
    assert isinstance(op, ToFixed)
    assert op.format == Fixed(15, 12)
    assert 700 * 127 * Fixed(16).limit > 2**31 - 1 > 700 * 127 * op.format.limit


def test_a_negative_threshold_takes_the_bound_away() -> None:
    lanes = quantised(gated.cells(["egru"], 12, 4))["egru1"].op
    assert isinstance(lanes, FixedGRU)
    assert lanes.most == 1 << 13
    assert FixedGRU(4, lanes.gates, lanes.state, np.asarray(-1)).most == 32767


def test_the_reset_gate_carries_its_input_exactly() -> None:
    graph = quantised(gated.cells(["gru_before"], 12, 8))
    op = graph["gru_before1.reset"].op
    assert isinstance(op, FixedResetGate)
    assert op.state == graph.signals["gru_before1"].format
    carried = graph["gru_before1.reset.y"].op
    assert isinstance(carried, QuantLinear)
    assert np.array_equal(np.asarray(carried.weight.todense()), np.vstack([np.zeros((8, 8)), np.eye(8)]))


def test_peepholes_have_no_integer_form() -> None:
    graph = gated.cells(["lstm"], 12, 8)
    nodes = (
        node if node.name != "lstm1" else type(node)("lstm1", type(node.op)(8, np.ones((3, 8))), node.inputs)  # type: ignore[call-arg]
        for node in graph
    )
    with pytest.raises(ModelError, match="AX601 lstm1: peepholes"):
        quantised(graph.with_nodes(nodes))


def test_a_float_state_is_refused() -> None:
    with pytest.raises(ModelError, match="AX403 egru1: the state format float32"):
        quantised(gated.cells(["egru"], 12, 8), state="float32")


def test_a_dense_input_without_data_is_assumed_within_4() -> None:
    program = axonc.compile(gated.cells(["lstm"], 12, 8), target="reference", weights="int8")
    assert any(note.startswith("AX405 x") for note in program.manifest["notes"])
    assert isinstance(program.graph["lstm1"].op, FixedLSTM)
    assert program.graph["x.fixed"].op.format.frac == 13  # type: ignore[attr-defined]


def begun(kind: str, largest: float = 0.9) -> Graph:
    """Units that begin with values, as does what comes back to them."""
    graph = gated.cells([kind], 12, 24)
    first = RNG.uniform(-largest, largest, 24)
    return graph.with_nodes(
        replace(node, op=replace(node.op, initial=first)) if isinstance(node.op, EGRU | GRU | LSTM | Delay) else node
        for node in graph
    )


@pytest.mark.parametrize("kind", gated.LAYERS)
@pytest.mark.parametrize("largest", [0.9, 6.0])
def test_units_may_begin_with_values(kind: str, largest: float) -> None:
    """The nearest integers of the cell's format, which has room for them."""
    graph = begun(kind, largest)
    integer = quantised(graph)
    first = next(node.op for node in graph if isinstance(node.op, Delay)).initial
    assert first is not None
    for node in integer:
        if isinstance(node.op, FixedGRU | FixedLSTM):
            number = node.op.cell if isinstance(node.op, FixedLSTM) else node.op.state
            assert node.op.initial is not None
            np.testing.assert_allclose(node.op.initial * number.scale, first, atol=number.scale / 2)
        elif isinstance(node.op, Delay) and node.op.initial is not None:
            scale = integer.signals[node.name].format.scale  # type: ignore[union-attr]
            np.testing.assert_allclose(node.op.initial * scale, first, atol=scale / 2)
    if largest < 1:  # far from zero, gates are clipped
        real, held = axonc.interpret(graph, X[:8])["y"], value(axonc.interpret(integer, X[:8])["y"], integer, "y")
        assert np.sqrt(np.mean((held - real) ** 2)) < 0.04


def test_what_integers_do_not_hold_is_refused() -> None:
    with pytest.raises(ModelError, match="AX402 lstm1: a cell that begins with"):
        quantised(begun("lstm", 9.0))
    graph = gated.cells(["gru"], 12, 24)
    behind = Node("held", Delay(1, np.ones(72)), ("gru1.w",))
    moved = [replace(n, inputs=("held",)) if n.name == "gru1" else n for n in graph]
    with pytest.raises(ModelError, match="AX601 held: a delay with initial values"):
        quantised(graph.with_nodes([*moved, behind]))
