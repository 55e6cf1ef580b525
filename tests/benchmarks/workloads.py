"""Small networks that together run every loop of the runtime in several sizes: what the cost model is fitted to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import gated_graphs
import numpy as np
from scipy import sparse

import axonc
from axonc import Graph
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import stages
from axonc.compiler.driver.placement import in_dram
from axonc.compiler.driver.quantisation import Quantisation
from axonc.compiler.passes import SplitInputs, run_pipeline
from axonc.ir import Fixed, Kind, Signal
from axonc.ir.ops import Input, Output, ToFixed
from axonc.ir.target import HostInterface

Array = np.ndarray[Any, Any]
DT = 1e-3
STEPS = 10


@dataclass(frozen=True)
class Workload:
    """A graph in steps, its data [steps, ...] and how to compile it (fields of `Options`)."""

    name: str
    graph: Graph
    x: Array
    options: dict[str, Any] = field(default_factory=dict)


def workloads() -> Iterator[Workload]:
    """All of them."""
    yield from rows()
    yield from formats()
    yield from neurons()
    yield from values()
    yield from fetched()
    yield from gated()
    yield from images()


def layered(
    sizes: tuple[int, ...],
    density: float,
    semantics: str = "nir",
    model: str = "lif",
    own: bool = False,
    active: float = 0.2,
    seed: int = 0,
    recurrent: bool = False,
    wide: bool = False,
    block: int = 1,
) -> tuple[Graph, Array]:
    """Populations in a chain behind an input, the last of them integrators, and events. ``wide``: two of each;
    ``block``: weights that stand together."""
    rng, net = np.random.default_rng(seed), Graph.builder()
    net.input("in", sizes[0])
    before = "in"
    for index, (inputs, count) in enumerate(pairwise(sizes)):
        last, name = index == len(sizes) - 2, f"pop{index}"
        tau = rng.uniform(10e-3, 30e-3, count) if own else 20e-3
        synapse = {"tau_syn": 5e-3, "tau_mem": tau} if "cuba" in model else {"tau": tau}
        net.population(name, ("cuba_li" if "cuba" in model else "li") if last else model, count, **synapse)
        scale = 12 / np.sqrt(max(1.0, inputs * density * active))
        net.connect(before, name, matrix(rng, count, inputs, density, scale, block))
        if recurrent and not last:
            net.connect(name, name, matrix(rng, count, count, density, scale / 4), delay=2 * DT)
        before = name
        if wide and not last:
            net.population(f"{name}b", model, count, **synapse)
            net.connect(
                "in" if index == 0 else f"pop{index - 1}", f"{name}b", matrix(rng, count, inputs, density, scale)
            )
    net.output("out", before)
    graph = axonc.load(net.graph(), semantics=f"{semantics},dt={DT}" if semantics else None)
    return graph, (rng.random((STEPS, sizes[0])) < active).astype(np.int64)


def matrix(rng: np.random.Generator, rows: int, columns: int, density: float, scale: float, block: int = 1) -> Any:
    """Normal weights, a part of them not 0: of each ``block`` rows of a column all or none."""
    if block > 1:
        kept = np.repeat(rng.random((-(-rows // block), columns)) < density, block, axis=0)[:rows]
        return sparse.csr_array(rng.normal(0, scale, (rows, columns)) * kept)
    if density == 1.0:
        return rng.normal(0.05 * scale, scale, (rows, columns))
    shape = (rows, columns)
    return sparse.random_array(shape, density=density, rng=rng, data_sampler=rng.standard_normal, format="csr") * scale


def rows() -> Iterator[Workload]:
    """Rows of spikes: dense and sparse, short and long, few and many events."""
    for count in (1, 6, 15, 32, 43, 128, 250):
        for density in (1.0, 0.15):
            for active in (0.03, 0.3):
                graph, x = layered((60, count, 8), density, active=active, wide=active > 0.1)
                yield Workload(f"{count} targets, density {density}, {active} active", graph, x)
    graph, x = layered((80, 90, 70, 20), 0.3, recurrent=True)
    yield Workload("recurrent, several slices", graph, x, {"slice_size": 32})
    yield Workload("recurrent, spread", graph, x, {"slice_size": 48, "strategy": "spread"})
    shifted = {"quantize": Quantisation(shifts=True), "state": "q32"}
    yield Workload("recurrent, shifted", *layered((60, 90, 20), 0.5, recurrent=True), shifted)
    host = HostInterface(("pop0", "pop0:v", "pop1:v"), STEPS, 400)
    yield Workload("recorded and listed", *layered((40, 50, 30), 1.0), {"host": host})


def formats() -> Iterator[Workload]:
    """Rows of weights of other widths than 8 bits, of spikes and of graded events."""
    for weights, limit in (("int16", 1000), ("int4", 7), ("ternary", 1)):
        for count in (6, 43, 128):
            for density in (1.0, 0.15):
                graph, x = layered((60, count, 8), density, active=0.3)
                yield Workload(f"{weights} into {count} targets, density {density}", graph, x, {"weights": weights})
                yield valued(count, density, 0.5, limit)
    for count in (43, 128):
        for density in (0.2, 0.5):
            graph, x = layered((60, count, 8), density, active=0.3, block=4)
            yield Workload(f"blocks into {count} targets, density {density}", graph, x)
            yield valued(count, density, 0.5, block=4)


def neurons() -> Iterator[Workload]:
    """Neurons of every kernel and variant."""
    for model in ("lif", "cuba_lif"):
        for state in ("q16", "q32", "float32", "centred4"):
            for own in (False, True)[: 1 if state == "centred4" else 2]:
                for reset in ("v_reset", "subtract_guarded"):
                    semantics = f"nir,reset={reset}"
                    graph, x = layered((30, 60, 40, 10), 0.5, semantics, model, own, active=0.1)
                    yield Workload(f"{model} {state} {'own' if own else 'shared'} {reset}", graph, x, {"state": state})


def values() -> Iterator[Workload]:
    """Rows of graded events: dense ones by words and by bytes, and sparse ones."""
    for count in (1, 6, 19, 32, 66, 131, 200):
        for density in (1.0, 0.2):
            for active in (0.1, 0.8):
                yield valued(count, density, active)


def valued(count: int, density: float, active: float, limit: int = 127, block: int = 1) -> Workload:
    """Graded events of an input into integrators; where many, into others besides."""
    rng = np.random.default_rng(count)
    made = gated_graphs.Network(rng, density, limit, block=block)
    made.add("in", Input(Signal((48,))))
    made.add("in.fixed", ToFixed(Fixed(16, 10)), "in")
    for name in ("pop", "more")[: 1 + (active > 0.5)]:
        made.neurons(name, ("in.fixed", 48), count, 38, False)
        made.add(f"{name}.out", Output(), name)
    x = rng.normal(0, 4, (STEPS, 48)) * (rng.random((STEPS, 48)) < active)
    name = f"values into {count} targets, weights to {limit}, density {density}, blocks of {block}, {active} active"
    return Workload(name, made.graph, x)


def fetched() -> Iterator[Workload]:
    """Rows in DRAM: of spikes and of values, dense and sparse, short and long."""
    for count in (6, 43, 200):
        for density in (1.0, 0.2):
            for dense in (False, True):
                rng = np.random.default_rng(count)
                made = gated_graphs.Network(rng, density)
                source = made.add("in", Input(Signal((48,)) if dense else Signal((48,), Kind.EVENT)))
                if dense:
                    source = made.add("in.fixed", ToFixed(Fixed(16, 10)), source)
                made.neurons("pop", (source, 48), count, 38 if dense else 29, False)
                made.add("out", Output(), "pop")
                x = (rng.normal(0, 4, (STEPS, 48)) if dense else 1) * (rng.random((STEPS, 48)) < 0.3)
                name = f"{'values' if dense else 'spikes'} into {count} targets from DRAM, density {density}"
                yield Workload(name, in_dram(made.graph, ["pop.w"]), np.asarray(x, np.float64 if dense else np.int64))


def gated() -> Iterator[Workload]:
    """Gated units of every kind, values of an input, and graded events between."""
    for kind in ("egru", "gru", "gru_before", "lstm"):
        for own, shifts in ((False, (34, 40)), (False, (28, 32)), (True, (34, 40))):
            for density, units in ((1.0, 24), (0.1, 41)):
                rng = np.random.default_rng(7)
                kinds, sizes = [kind, "lif", kind], [units, units - 8, 16]
                made = gated_graphs.chain(rng, kinds, True, sizes, 20, density=density, own=own, shifts=shifts)
                x = gated_graphs.values(rng, True, (STEPS, 20))
                yield Workload(f"{kind} own={own} shifts={shifts} density {density}", made.graph, x)
    for inputs, sums, parts in ((60, 9, 2), (60, 40, 3), (90, 100, 2)):
        graph, x = layered((inputs, sums, 8), 1.0, active=0.3)
        yield Workload(f"{sums} sums of {inputs} inputs in {parts} parts", split(graph, {"in->pop0": parts}), x)
    for kinds in (["lif", "egru"], ["lif", "lif", "lstm"]):
        rng = np.random.default_rng(8)
        made = gated_graphs.chain(rng, kinds, False, [30] * len(kinds), 20)
        yield Workload(f"spikes into {' '.join(kinds)}", made.graph, gated_graphs.values(rng, False, (STEPS, 20)))


def split(graph: Graph, parts: dict[str, int], **options: Any) -> Graph:
    """The graph in integers, the inputs of some matrices split."""
    whole = stages(graph, "spinnaker2", Options(**options))[-1][1]
    return run_pipeline(whole, [SplitInputs(tuple(parts.items()))])[-1][1]


def images() -> Iterator[Workload]:
    """Convolutions of few and many channels, and pools."""
    for channels, size, stride, pool in ((3, 9, 1, 1), (4, 8, 2, 1), (8, 10, 1, 2), (16, 8, 1, 1)):
        for active in (0.05, 0.25):
            rng, net = np.random.default_rng(channels), Graph.builder()
            net.input("in", (2, size, size))
            net.population("maps", "if", (channels, *[(size - 1) // stride + 1] * 2))
            net.conv("in", "maps", rng.normal(0.1, 0.4, (channels, 2, 3, 3)), stride=stride, padding=1)
            extent = ((size - 1) // stride + 1) // pool
            net.population("more", "if", (channels, extent, extent))
            net.conv("maps", "more", rng.normal(0, 0.2, (channels, channels, 3, 3)), padding=1, pool=pool)
            if active > 0.1:
                net.population("beside", "if", (channels, *[(size - 1) // stride + 1] * 2))
                net.conv("in", "beside", rng.normal(0.1, 0.4, (channels, 2, 3, 3)), stride=stride, padding=1)
            net.population("class", "if", 5)
            net.connect("more", "class", rng.normal(0, 0.1, (5, channels * extent * extent)))
            net.output("out", "class")
            graph = axonc.load(net.graph(), semantics=f"sinabs,dt={DT}")
            x = (rng.random((STEPS, 2, size, size)) < active).astype(np.int64)
            yield Workload(f"{channels} channels, stride {stride}, pool {pool}, {active} active", graph, x)
    for weights in ("int16", "int4", "ternary"):
        for channels in (3, 8, 12):
            yield maps(weights, channels, dense=False)
    for weights in ("int8", "int16", "int4", "ternary"):
        for channels in (3, 8):
            yield maps(weights, channels, dense=True)


def maps(weights: str, channels: int, dense: bool) -> Workload:
    """An image of spikes or of values through two convolutions with weights of some width."""
    rng, net = np.random.default_rng(channels), Graph.builder()
    net.input("in", (2, 8, 8), dense=dense)
    net.population("maps", "if", (channels, 8, 8))
    net.conv("in", "maps", rng.normal(0.1, 0.4, (channels, 2, 3, 3)), padding=1)
    net.population("more", "if", (channels, 4, 4))
    net.conv("maps", "more", rng.normal(0, 0.2, (channels, channels, 3, 3)), padding=1, stride=2)
    net.output("out", "more")
    graph = axonc.load(net.graph(), semantics=f"nir,dt={DT}")
    kept = rng.random((STEPS, 2, 8, 8)) < 0.2
    x = kept * rng.normal(0, 1, kept.shape) if dense else kept.astype(np.int64)
    return Workload(f"{channels} channels, {weights}, dense {dense}", graph, x, {"weights": weights})
