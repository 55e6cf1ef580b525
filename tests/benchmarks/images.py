"""A convolutional network on emulated cores: kernels stored once a core against the same synapses one by one.

    PYTHONPATH=src:tests python -m benchmarks.images [--file MODEL.nir] [--steps 50] [--tiny]

Without a file: weights drawn at random in the sizes of the NIR paper's network (2x34x34 - 16x16x16 - 16x16x16 - 8x8x8 -
256 - 10, two poolings), or of a smaller one; 5 % of the pixels are active. The peer is the same program with every
convolution and pooling unrolled to a sparse matrix. Both must give the same output. Cores are filled for these data.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from math import prod

import numpy as np

import axonc
from axonc import Graph, Program
from axonc.ir.ops import Axis, Conv, Linear, Pool
from axonc.ir.unroll import unrolled

from .measure import interleaved, show
from .networks import Array

LAYERS = ((16, 5, 2, 1, False), (16, 3, 1, 1, False), (8, 3, 1, 1, True))
"""Channels, kernel, stride, padding of every convolution, and whether the image is pooled before."""

SEMANTICS = "sinabs,dt=1e-3"


def network(shape: tuple[int, int, int], channels: int, classes: tuple[int, ...]) -> Graph:
    """Convolutions of `LAYERS` (of ``channels`` where it is less), pooling, dense layers; IF neurons."""
    rng, net = np.random.default_rng(0), Graph.builder()
    net.input("input", shape)
    last, size = "input", shape
    for index, (wanted, kernel, stride, padding, pooled) in enumerate(LAYERS):
        count = min(wanted, channels)
        weight = rng.normal(0.01, 0.6 / np.sqrt(size[0] * kernel), (count, size[0], kernel, kernel))
        extents = [Axis(2, 2).extent(n) if pooled else n for n in size[1:]]
        size = (count, *(Axis(kernel, stride, padding, padding).extent(n) for n in extents))
        net.population(f"conv{index}", "if", size)
        net.conv(last, f"conv{index}", weight, stride=stride, padding=padding, pool=2 if pooled else 1)
        last = f"conv{index}"
    for index, count in enumerate(classes):
        inputs = prod(size)
        net.population(f"fc{index}", "if", (count,))
        net.connect(last, f"fc{index}", rng.normal(0.0, 0.6 / np.sqrt(inputs), (count, inputs)))
        last, size = f"fc{index}", (count,)
    net.output("output", last)
    return axonc.load(net.graph(), semantics=SEMANTICS)


def one_by_one(graph: Graph) -> Graph:
    """The graph with convolutions and poolings as sparse matrices."""
    nodes = []
    for node in graph:
        if isinstance(node.op, (Conv, Pool)):
            before, after = graph.signals[node.inputs[0]].shape, graph.signals[node.name].shape
            bias = getattr(node.op, "bias", None)
            spread = None if bias is None else np.repeat(bias, prod(after[1:]))
            nodes.append(replace(node, op=Linear(unrolled(node.op, before), spread, before, after)))
        else:
            nodes.append(node)
    return graph.with_nodes(nodes)


def describe(name: str, program: Program, x: Array) -> None:
    """Cores, bytes and instructions of a run."""
    run, cores = program.run(x).stats, json.loads((program.directory / "report.json").read_text())["cores"]
    used = [sum(core["bytes"].values()) - core["bytes"]["queues"] for core in cores]
    weights = sum(core["bytes"]["weights"] + core["bytes"]["tables"] for core in cores)
    per_tick = run["instructions"][0].sum(axis=1)
    print(
        f"  {name}: {len(cores)} cores; SRAM {min(used)} to {max(used)} bytes a core besides the queues, weights and "
        f"tables {weights} in all; {per_tick.mean():.0f} instructions a tick on average, {per_tick.max()} at most; the "
        f"busiest core {run['instructions'].max()} instructions, {run['cycles'].max()} cycles (estimated), predicted "
        f"{max(core['cycles'] for core in cores)}"
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--file", help="a NIR file with convolutions")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--tiny", action="store_true", help="a small network and few steps")
    chosen = parser.parse_args(arguments)
    steps, rounds = (4, 1) if chosen.tiny else (chosen.steps, 3)
    small = ((2, 10, 10), 4, (8, 3)) if chosen.tiny else ((2, 34, 34), 16, (256, 10))
    graph = axonc.load(chosen.file, semantics=SEMANTICS) if chosen.file else network(*small)
    source = graph.inputs[0].name
    x = (np.random.default_rng(0).random((steps, *graph.signals[source].shape)) < 0.05).astype(np.int8)
    forms = {"kernels stored once a core": graph, "synapses one by one": one_by_one(graph)}
    programs = {name: axonc.compile(form, "spinnaker2", calibrate=x) for name, form in forms.items()}
    results = [program.run(x).outputs for program in programs.values()]
    for name in results[0]:
        np.testing.assert_array_equal(results[0][name], results[1][name])
    times = interleaved({name: lambda p=program: p.run(x) for name, program in programs.items()}, rounds)
    show(
        f"{sum(isinstance(n.op, Conv) for n in graph)} convolutions, {steps} steps", times, "kernels stored once a core"
    )
    for name, program in programs.items():
        describe(name, program, x)


if __name__ == "__main__":
    main()
