"""Hard gates with a detached reset: gradients equal recursions written out by hand for LIF, CubaLIF and EGRU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from relaxed import gradients

import axonc
from axonc import Graph
from axonc.compiler.differentiate import differentiate
from axonc.ir import Kind, Node, Signal
from axonc.ir.ops import EGRU, Delay, Gate, Input, Linear, Membrane, Neuron, Output, SuperSpike, Synapse, Triangle

Array = np.ndarray[Any, Any]
STEPS, SOURCES, CELLS = 25, 4, 3
NUMBER = np.asarray


def cell(synapse: Synapse | None, reset: str) -> Neuron:
    """Three neurons with threshold 0.5."""
    gate = Gate(NUMBER(0.5), reset, NUMBER(0.1))
    return Neuron((CELLS,), synapse, Membrane(NUMBER(0.8), NUMBER(0.6), NUMBER(0.0), NUMBER(0.0)), gate)


def case(op: Neuron) -> tuple[Graph, Array, Array]:
    """A graph with a recurrent weight, events, and the loss's derivative."""
    rng = np.random.default_rng(0)
    nodes = (
        Node("in", Input(Signal((SOURCES,), Kind.EVENT))),
        Node("w", Linear(rng.normal(0.2, 1, (CELLS, SOURCES)), rng.normal(0, 0.1, CELLS)), ("in",)),
        Node("cell", op, ("w", "r")),
        Node("late", Delay(1), ("cell",)),
        Node("r", Linear(rng.normal(0, 1, (CELLS, CELLS))), ("late",)),
        Node("out", Output(), ("cell",)),
    )
    x = (rng.random((1, STEPS, SOURCES)) < 0.5).astype(np.int64)
    return Graph("g", nodes, "steps"), x, rng.normal(0, 1, (1, STEPS, CELLS))


def found(graph: Graph, x: Array, seed: Array, surrogate: Any) -> dict[str, Array]:
    backward = differentiate(graph, surrogate=surrogate)
    by_parameter, _ = gradients(graph, backward, {"in": x}, {"out": seed})
    return {str(parameter): value for parameter, value in by_parameter.items()}


@pytest.mark.parametrize("reset", ["none", "value", "subtract"])
@pytest.mark.parametrize("cuba", [False, True])
def test_lif_and_cuba_lif(cuba: bool, reset: str) -> None:
    synapse = Synapse(NUMBER(0.7), NUMBER(1.2), NUMBER(0.0)) if cuba else None
    graph, x, seed = case(cell(synapse, reset))
    W, R, b = graph["w"].op.weight, graph["r"].op.weight, graph["w"].op.bias  # type: ignore[attr-defined]
    v, i, z = np.zeros(CELLS), np.zeros(CELLS), np.zeros(CELLS)
    ms, zs = [], []
    for k in range(STEPS):
        current = W @ x[0, k] + b + R @ z
        i = 0.7 * i + 1.2 * current
        m = 0.8 * v + 0.6 * (i if cuba else current)
        z = (m > 0.5).astype(float)
        v = {"none": m, "subtract": m - 0.5 * z, "value": np.where(z == 1, 0.1, m)}[reset]
        ms.append(m)
        zs.append(z)
    assert 3 < np.sum(zs) < 0.9 * STEPS * CELLS
    np.testing.assert_array_equal(axonc.interpret(graph, x, precision="float64")["out"][0], np.array(zs))

    dW, dR, db = np.zeros_like(W), np.zeros_like(R), np.zeros_like(b)
    dv, di, dx = np.zeros(CELLS), np.zeros(CELLS), np.zeros(CELLS)
    for k in reversed(range(STEPS)):
        dz = seed[0, k] + R.T @ dx  # dx is still that of the step after
        slope = 1 / (1 + 5 * np.abs(ms[k] - 0.5)) ** 2
        kept = 1 - zs[k] if reset == "value" else 1.0
        dm = 0.8 * dv * kept + slope * dz
        di = 0.7 * di + 0.6 * dm
        dx = 1.2 * di if cuba else 0.6 * dm
        dW += np.outer(dx, x[0, k])
        db += dx
        dR += np.outer(dx, zs[k - 1] if k else np.zeros(CELLS))
        dv = dm
    gradient = found(graph, x, seed, SuperSpike(5.0))
    for name, wanted in {"w.weight": dW, "w.bias": db, "r.weight": dR}.items():
        np.testing.assert_allclose(gradient[name], wanted, rtol=1e-10, atol=1e-12)


def test_egru() -> None:
    rng = np.random.default_rng(4)
    n = 3
    W, R = rng.normal(0, 1, (3 * n, SOURCES)), rng.normal(0, 1, (3 * n, n))
    b, c, threshold = rng.normal(0, 0.3, 3 * n), rng.normal(0, 0.3, 3 * n), np.array([0.05, 0.1, 0.2])
    nodes = (
        Node("in", Input(Signal((SOURCES,), Kind.EVENT))),
        Node("w", Linear(W, b), ("in",)),
        Node("cell", EGRU(n, threshold), ("w",), reads=("r",)),
        Node("late", Delay(1), ("cell",)),
        Node("r", Linear(R, c), ("late",)),
        Node("out", Output(), ("cell",)),
    )
    graph = Graph("g", nodes, "steps")
    x, seed = (rng.random((1, STEPS, SOURCES)) < 0.5).astype(np.int64), rng.normal(0, 1, (1, STEPS, n))
    cells, tape, y, ys = np.zeros(n), [], np.zeros(n), []
    for k in range(STEPS):
        a, h = (W @ x[0, k] + b).reshape(3, n), (R @ y + c).reshape(3, n)
        u, r = 1 / (1 + np.exp(-(a[0] + h[0]))), 1 / (1 + np.exp(-(a[1] + h[1])))
        g = np.tanh(a[2] + r * h[2])
        m = u * cells + (1 - u) * g
        o = (m > threshold).astype(float)
        tape.append((u, r, g, m, o, cells, h[2], y))
        y, cells = o * m, m - o * threshold
        ys.append(y)
    np.testing.assert_allclose(axonc.interpret(graph, x, precision="float64")["out"][0], ys, rtol=1e-12)
    assert 0.1 < np.mean(np.array(ys) != 0) < 0.9

    dW, dR, db, dc = np.zeros_like(W), np.zeros_like(R), np.zeros_like(b), np.zeros_like(c)
    d_cell, dh = np.zeros(n), np.zeros(3 * n)
    for k in reversed(range(STEPS)):
        u, r, g, m, o, before, hg, last = tape[k]
        dy = seed[0, k] + R.T @ dh
        slope = 0.7 * np.maximum(0, 1 - np.abs(m - threshold) / 0.5)
        dm = dy * o + slope * dy * m + d_cell
        dg = dm * (1 - u) * (1 - g**2)
        dr = dg * hg * r * (1 - r)
        du = dm * (before - g) * u * (1 - u)
        da, dh = np.concatenate([du, dr, dg]), np.concatenate([du, dr, r * dg])
        dW, db = dW + np.outer(da, x[0, k]), db + da
        dR, dc = dR + np.outer(dh, last), dc + dh
        d_cell = dm * u
    gradient = found(graph, x, seed, Triangle(0.7, 2.0))
    for name, wanted in {"w.weight": dW, "w.bias": db, "r.weight": dR, "r.bias": dc}.items():
        np.testing.assert_allclose(gradient[name], wanted, rtol=1e-10, atol=1e-12)
