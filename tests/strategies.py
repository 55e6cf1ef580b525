"""Hypothesis strategies: NIR graphs, semantics, events and ways of mapping."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args, get_type_hints

import models
import nir
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from axonc.compiler.driver.options import USUAL
from axonc.compiler.driver.quantisation import Quantisation
from axonc.compiler.passes.quantize import LEVELS
from axonc.compiler.semantics import PRESETS, Semantics

DT = 1e-3
SPIKING = ("IF", "LIF", "CubaLIF")
WEIGHTS = ("int8", "int8", "int16", "int4", "int2", "ternary")
OTHER = ("q8", "q11", "q12", "q17", "q24", "q31", *LEVELS)
QUANTISED = (USUAL, Quantisation(shifts=True), Quantisation(shifts=True, scope="channel"))
READING = ("I", "LI", "CubaLI")
Array = np.ndarray[Any, Any]


def examples(count: int) -> settings:
    """``count`` examples, times AXONC_EXAMPLES."""
    return settings(max_examples=count * int(os.environ.get("AXONC_EXAMPLES", "1")))


@dataclass(frozen=True)
class Case:
    """A model, events for it, and how to compile it."""

    model: nir.NIRGraph
    data: Mapping[str, Array] = field(repr=False)
    semantics: str
    inputs: str
    options: Mapping[str, Any]
    seed: int


@dataclass
class Draft:
    """A graph that grows: its nodes, its paths, and the random numbers of its parameters."""

    rng: np.random.Generator
    alike: bool = False
    nodes: dict[str, nir.NIRNode] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)

    def weight(self, rows: int, columns: int, density: float, scale: float, block: int = 1) -> Array:
        """Random weights, part of them zero, ``block`` targets at a time."""
        kept = np.repeat(self.rng.random((-(-rows // block), columns)) < density, block, axis=0)[:rows]
        return self.rng.normal(0, scale, (rows, columns)) * kept

    def add(self, name: str, node: nir.NIRNode) -> str:
        """A new node."""
        self.nodes[name] = node
        return name


MAPPED = {"feedback": "source", "spike_time": "step"}
"""What a chip runs of every preset: a bias that no delay carries, spikes at the end of a step."""


@st.composite
def semantics(draw: st.DrawFn, wide: bool = False) -> str:
    """The text form of random semantics that a chip can run: every field of a few values, with a time step."""
    choices = {
        name: st.sampled_from([str(choice) for choice in get_args(hint)])
        for name, hint in get_type_hints(Semantics).items()
        if name != "dt" and len(get_args(hint)) > 1
    }
    preset = draw(st.sampled_from(list(PRESETS)))
    chosen = {**draw(st.fixed_dictionaries({}, optional=choices)), **MAPPED}
    chosen["reset"] = draw(st.sampled_from(_resets(PRESETS[preset], chosen)))
    several = chosen["reset"] == "subtract" and _field("test", PRESETS[preset], chosen) == "new"
    chosen["spikes"] = draw(st.sampled_from(["1", "3", "5" if wide else "255"])) if several else "1"
    return ",".join([preset, f"dt={DT}", *(f"{name}={value}" for name, value in chosen.items())])


def _field(name: str, preset: Semantics, chosen: Mapping[str, str]) -> str:
    return chosen.get(name, str(getattr(preset, name)))


def _resets(preset: Semantics, chosen: Mapping[str, str]) -> list[str]:
    """The resets that go with the other fields: a test of the old v subtracts, or does nothing."""
    reset = _field("reset", preset, chosen)
    return ["subtract", "none"] if _field("test", preset, chosen) == "old" else [reset, "subtract"]


@st.composite
def parameters(
    draw: st.DrawFn, rng: np.random.Generator, kind: str, count: int, alike: bool = False
) -> dict[str, Array]:
    """Parameters of a population: one value for all, or one a neuron; now and then of unusual size."""
    size = 1 if alike or draw(st.booleans()) else count
    unusual = draw(st.sampled_from([1.0, 1.0, 1.0, 1e-4, 1e5]))
    ranges = {
        "tau": (DT, 30 * DT),
        "tau_syn": (DT, 10 * DT),
        "tau_mem": (DT, 100 * DT),
        "r": (0.5, 10.0),
        "w_in": (0.5, 5.0),
        "v_leak": draw(st.sampled_from([(0.0, 0.0), (-0.5, 0.5), (0.9, 1.5)])),
        "v_threshold": draw(st.sampled_from([(0.5, 1.5), (1.0, 1.0), (0.0, 0.1)])),
        "v_reset": draw(st.sampled_from([(0.0, 0.0), (-0.5, 0.3)])),
        "threshold": (0.0, 1.0),
    }
    values = {name: np.broadcast_to(rng.uniform(*ranges[name], size), (count,)) for name in models.FIELDS[kind]}
    return {name: value * (1.0 if name.startswith("tau") else unusual) for name, value in values.items()}


@st.composite
def graphs(draw: st.DrawFn, wide: bool = False, alike: bool = False) -> nir.NIRGraph:
    """A random graph: several inputs, populations of all kinds with loops and fan-in, several outputs; ``alike``: all
    neurons of a population have the same parameters."""
    draft = Draft(np.random.default_rng(draw(st.integers(0, 2**32 - 1))), alike)
    for index in range(draw(st.integers(1, 2))):
        shape = draw(st.sampled_from([(3,), (5,), (2, 3), (1,), (2, 2, 2)]))
        draft.add(f"in{index}", models.source(*shape))
        draft.sizes[f"in{index}"] = int(np.prod(shape))
    sources = [_flat_source(draft, name) for name in list(draft.sizes)]
    spiking = [draw(_population(draft, f"pop{index}", SPIKING, wide)) for index in range(draw(st.integers(1, 4)))]
    for target in spiking:
        _connect(draw, draft, target, sources + spiking)
    for index in range(draw(st.integers(0, 2))):
        name = draw(_population(draft, f"thr{index}", ("Threshold",), wide))
        _connect(draw, draft, name, sources + spiking)
        _connect(draw, draft, draw(st.sampled_from(spiking)), [name])
    readers = [draw(_population(draft, f"read{index}", READING, wide)) for index in range(draw(st.integers(0, 2)))]
    for target in readers:
        _connect(draw, draft, target, sources + spiking)
    _outputs(draw, draft, spiking, readers)
    return models.graph(draft.nodes, *draft.paths)


def _flat_source(draft: Draft, name: str) -> str:
    """What weights can read of an input: itself, or a flatten node behind it."""
    shape = tuple(int(extent) for extent in draft.nodes[name].input_type["input"])
    if len(shape) == 1:
        return name
    flat = draft.add(f"{name}.flat", models.flat(*shape))
    draft.sizes[flat] = draft.sizes.pop(name)
    draft.paths.append(f"{name} {flat}")
    return flat


@st.composite
def _population(draw: st.DrawFn, draft: Draft, name: str, kinds: tuple[str, ...], wide: bool) -> str:
    kind = draw(st.sampled_from(kinds))
    count = draw(st.sampled_from([1, 3, 4, 7, 12] + [300, 530] * wide))
    node = models.neuron(kind, count, **draw(parameters(draft.rng, kind, count, draft.alike)))
    draft.sizes[name] = count
    return draft.add(name, _nested(node, count) if draw(st.integers(0, 4)) == 0 else node)


def _nested(node: nir.NIRNode, count: int) -> nir.NIRGraph:
    """The population in a graph of its own, behind a diagonal of ones."""
    inner = {
        "entry": models.source(count),
        "gain": nir.Scale(scale=np.ones(count)),
        "cell": node,
        "exit": models.sink(count),
    }
    return models.graph(inner, "entry gain cell exit")


def _connect(draw: st.DrawFn, draft: Draft, target: str, sources: list[str]) -> None:
    for name in draw(st.lists(st.sampled_from(sources), min_size=1, max_size=3, unique=True)):
        for copy in range(draw(st.sampled_from([1, 1, 1, 2]))):
            middle = draw(_middle(draft, f"{name}>{target}#{copy}", draft.sizes[name], draft.sizes[target]))
            draft.paths.append(" ".join([name, *middle, target]))


@st.composite
def _middle(draw: st.DrawFn, draft: Draft, name: str, columns: int, rows: int) -> list[str]:
    """The linear nodes of one connection."""
    forms = ["linear", "linear", "affine", "affine", "scaled", "two", *(["direct"] if rows == columns else [])]
    form = draw(st.sampled_from(forms))
    density, scale = draw(st.sampled_from([0.0, 0.1, 0.3, 0.6, 1.0])), draw(st.sampled_from([0.3, 1.0, 4.0]))
    weight = draft.weight(rows, columns, density, scale, draw(st.sampled_from([1, 1, 4])))
    if form == "direct":
        return []
    if form == "affine":
        return [draft.add(name, models.affine(weight, draft.rng.normal(0, 0.3, rows)))]
    first = draft.add(name, models.linear(weight))
    if form == "scaled":
        return [first, draft.add(f"{name}*", nir.Scale(scale=draft.rng.normal(1, 0.5, rows)))]
    if form == "two":
        second = models.affine(draft.weight(rows, rows, density, 1.0), draft.rng.normal(0, 0.3, rows))
        return [first, draft.add(f"{name}*", second)]
    return [first]


def _outputs(draw: st.DrawFn, draft: Draft, spiking: list[str], readers: list[str]) -> None:
    shown = draw(st.lists(st.sampled_from(spiking + readers), min_size=1, max_size=3, unique=True))
    for index, name in enumerate(shown):
        out = draft.add(f"out{index}", models.sink(draft.sizes[name]))
        draft.paths.append(f"{name} {out}")
    if draw(st.booleans()):
        name = draw(st.sampled_from(spiking))
        draft.add("show", models.affine(draft.weight(2, draft.sizes[name], 0.7, 1.0), draft.rng.normal(0, 1, 2)))
        draft.add("shown", models.sink(2))
        draft.paths.append(f"{name} show shown")


@st.composite
def cases(draw: st.DrawFn, state: str, wide: bool = False) -> Case:
    """A random graph with everything that it takes to compile and run it; ``state`` other: in any other format."""
    state = draw(st.sampled_from(OTHER)) if state == "other" else state
    model = draw(graphs(wide, state in LEVELS))
    peak = draw(st.sampled_from([1, 1, 3]))
    steps, batch = draw(st.sampled_from([(12, 2), (20, None), (1, 2), (5, 1)]))
    density, seed = draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])), draw(st.integers(0, 2**31))
    lead = (steps,) if batch is None else (batch, steps)
    shapes = {name: node.input_type["input"] for name, node in model.nodes.items() if isinstance(node, nir.Input)}
    data = {
        name: models.events((*lead, *map(int, shape)), density, peak, seed + index)
        for index, (name, shape) in enumerate(shapes.items())
    }
    options = {
        "weights": "int8" if state == "loihi" else draw(st.sampled_from(WEIGHTS)),
        "quantize": USUAL if state == "loihi" else draw(st.sampled_from(QUANTISED)),
        "state": state,
        "slice_size": draw(st.sampled_from([None, 100, 290] if wide else [None, 1, 2, 3, 5])),
        "strategy": draw(st.sampled_from(["fewest-cores", "spread"])),
    }
    return Case(model, data, draw(semantics(wide)), f"events:{peak}", options, seed)
