"""Hypothesis strategies: graphs in steps, in float, of everything that has a derivative."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from axonc import Graph
from axonc.ir import Node, Signal
from axonc.ir.ops import (
    Delay,
    FastSigmoid,
    Gate,
    Input,
    Linear,
    Membrane,
    Neuron,
    Output,
    Scale,
    StraightThrough,
    SuperSpike,
    Surrogate,
    Synapse,
    Triangle,
)

Array = np.ndarray[Any, Any]
SURROGATES = (SuperSpike(2.0), FastSigmoid(1.5), Triangle(0.8, 0.2), StraightThrough())


def numbers(rng: np.random.Generator, low: float, high: float, shape: tuple[int, ...], shared: bool) -> Array:
    """One value for all, or one a neuron."""
    return rng.uniform(low, high, () if shared else shape)


def neuron(rng: np.random.Generator, shape: tuple[int, ...], **how: Any) -> Neuron:
    """Random neurons; with ``how``: synapse, sees, reset (None: no gate), shared, v_min."""
    shared = how.get("shared", False)
    draw = lambda low, high: numbers(rng, low, high, shape, shared)  # noqa: E731
    synapse = Synapse(draw(0.2, 0.9), draw(0.5, 1.5), draw(-0.1, 0.1)) if how.get("synapse") else None
    membrane = Membrane(draw(0.3, 0.95), draw(0.3, 1), draw(-0.2, 0.2), draw(-0.1, 0.1), how.get("sees", "new"))
    reset = how.get("reset")
    low = np.asarray(-0.05) if how.get("v_min") else None
    gate = None if reset is None else Gate(draw(0.3, 0.6), reset, draw(-0.2, 0.2), v_min=low)
    return Neuron(shape, synapse, membrane, gate)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Graph, dict[str, Surrogate], np.random.Generator]:
    """Random graphs: several inputs, populations of all forms, loops, delays, fan-in with edges in twos, several
    outputs that share sources; sparse and dense weights."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = {f"in{index}": draw(st.integers(1, 3)) for index in range(draw(st.integers(1, 2)))}
    nodes = [Node(name, Input(Signal((size,)))) for name, size in sizes.items()]
    surrogates: dict[str, Surrogate] = {}
    cells = {f"cell{index}": draw(st.integers(1, 4)) for index in range(draw(st.integers(1, 3)))}
    sizes.update(cells)
    for name, size in cells.items():
        reset = draw(st.sampled_from([None, "none", "value", "subtract"]))
        synapse, sees = draw(st.booleans()), draw(st.sampled_from(["new", "old"]))
        form = {"synapse": synapse, "sees": sees, "reset": reset, "shared": draw(st.booleans())}
        feeds = draw(st.lists(st.sampled_from(sorted(sizes)), min_size=1, max_size=3, unique=True))
        entries = [entry for feed in feeds for entry in draw(connection(rng, nodes, feed, name, sizes))]
        nodes.append(Node(name, neuron(rng, (size,), **form), tuple(entries)))
        if reset is not None:
            surrogates[name] = draw(st.sampled_from(SURROGATES))
    shown = draw(st.lists(st.sampled_from(sorted(cells)), min_size=1, max_size=2, unique=True))
    nodes += [Node(f"out.{name}", Output(), (name, name) if draw(st.booleans()) else (name,)) for name in shown]
    return Graph("g", tuple(nodes), "steps"), surrogates, rng


@st.composite
def connection(
    draw: st.DrawFn, rng: np.random.Generator, nodes: list[Node], source: str, target: str, sizes: Mapping[str, int]
) -> list[str]:
    """A way from one population to another; delayed where it goes back or the draw says so."""
    if source.startswith("cell") and (source >= target or draw(st.booleans())):
        nodes.append(Node(f"{source}>{target} late", Delay(draw(st.integers(1, 3))), (source,)))
        source = nodes[-1].name
    rows, columns = sizes[target], sizes[source.split(">")[0]]
    weight: Any = rng.normal(0, 0.6, (rows, columns))
    weight = sparse.csr_array(weight * (rng.random(weight.shape) < 0.7)) if draw(st.booleans()) else weight
    bias = rng.normal(0, 0.3, rows) if draw(st.booleans()) else None
    name = f"{source}>{target} fc"
    nodes.append(Node(name, Linear(weight, bias), (source, source) if draw(st.booleans()) else (source,)))
    if draw(st.booleans()):
        nodes.append(Node(f"{name} scale", Scale(rng.normal(1, 0.3, rows)), (name,)))
        name = nodes[-1].name
    return [name] * draw(st.sampled_from([1, 1, 2]))
