"""What integer weights lose: signal to quantisation noise of every layer, by format and way of choosing scales.

    PYTHONPATH=src:tests python -m benchmarks.sqnr [MODEL.nir ...] [--weights int8] [--scope channel] [--random 200]
                                                   [--tiny]

Without files: the convolutional and both recurrent networks of the NIR paper where they are, or random weights. SQNR is
10 log10(sum W^2 / sum (W - s Wq)^2) in dB over a layer's weights, or over all weights into a population, which share
scales. ``mse`` stands beside ``max``: the ratio is the squared error of max over that of mse, and ``worse`` counts the
channels of a population on which mse loses, which must be 0. ``alone`` is the SQNR of max if the layer shared no scale,
``shifts`` that of max where a layer may be finer than the scale that it shares by a power of two. ``--random``: the
same of so many random populations, into which two to four matrices of very different weights lead.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from recorded import ROOT

import axonc
from axonc import Graph
from axonc.compiler.passes import Quantize, ToPopulations, run_pipeline
from axonc.compiler.passes.fidelity import restored
from axonc.ir.ops import Conv, Linear, QuantConv, QuantLinear, is_sparse

from .networks import Array, recurrent

FILES = ("cnn_sinabs.nir", "braille_noDelay_bias_zero.nir", "braille_noDelay_noBias_subtract.nir")
"""Files of the NIR paper, wherever in it they are."""


@dataclass(frozen=True)
class Layer:
    """A layer's weights, exact and as their integers mean them, a row an output channel."""

    name: str
    target: str
    exact: Array
    held: Array

    @property
    def noise(self) -> Array:
        """The squared error of each row."""
        return np.asarray(np.square(self.exact - self.held).sum(axis=1))

    @property
    def alone(self) -> float:
        """The SQNR with a scale of its own for each row: max |W| / 127."""
        scale = np.abs(self.exact).max(axis=1, keepdims=True) / 127
        scale[scale == 0] = 1.0
        return decibels(self.exact, np.rint(self.exact / scale) * scale)


def decibels(exact: Array, held: Array) -> float:
    """The SQNR; infinite where nothing is lost."""
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(np.square(exact).sum() / np.square(exact - held).sum()))


def layers(graph: Graph, weights: str, scope: str, scales: str, shifts: bool = False) -> list[Layer]:
    """What quantisation does to every layer of a graph in steps."""
    quantise = Quantize(weights, scope=scope, scales=scales, shifts=shifts)  # type: ignore[arg-type]
    (_, before), (_, after) = run_pipeline(graph, [ToPopulations(), quantise])
    return list(_layers(before, after))


def _layers(before: Graph, after: Graph) -> Iterator[Layer]:
    for node in before:
        op = after[node.name].op
        if isinstance(node.op, (Linear, Conv)) and isinstance(op, (QuantLinear, QuantConv)):
            (target,) = (user.name for user in before.consumers[node.name])
            yield Layer(node.name, target, _rows(node.op.weight), _rows(restored(op.weight, op.weight_scale)))


def _rows(weight: object) -> Array:
    array = np.asarray(weight.toarray() if is_sparse(weight) else weight, np.float64)  # type: ignore[attr-defined, arg-type]
    return array.reshape(len(array), -1)


def joined(found: list[Layer], target: str) -> Layer:
    """All weights into a population, a row a channel that they have in common."""
    parts = [layer for layer in found if layer.target == target]
    channels = int(np.gcd.reduce([len(layer.exact) for layer in parts]))
    exact, held = (
        np.hstack([getattr(layer, side).reshape(channels, -1) for layer in parts]) for side in ("exact", "held")
    )
    return Layer(f"all into {target}", target, exact, held)


def group(seed: int) -> Graph:
    """Two to four matrices into one population: of normal, uniform or Laplacian weights, dense or sparse, the largest
    up to 200 times as large as the others."""
    rng, net = np.random.default_rng(seed), Graph.builder()
    rows = int(rng.integers(3, 30))
    net.population("cell", "lif", rows, tau=5e-3)
    for index in range(int(rng.integers(2, 5))):
        columns, scale = int(rng.integers(5, 60)), 10 ** rng.uniform(-1.15, 1.15)
        draw = (rng.normal, rng.uniform, rng.laplace)[int(rng.integers(3))]
        weight = draw(-1, 1, (rows, columns)) if draw == rng.uniform else draw(0, 1, (rows, columns))
        kept = rng.random((rows, columns)) < rng.choice([1.0, 0.3])
        net.input(f"in{index}", columns)
        net.connect(f"in{index}", "cell", scale * weight * kept, name=f"w{index}")
    net.output("out", "cell")
    return axonc.load(net.graph(), semantics="nir,dt=1e-3")


def gains(count: int, weights: str, scope: str) -> Array:
    """Of every matrix of so many random groups: decibels alone, with the shared scale, with shifts; [matrices, 3]."""
    found = []
    for seed in range(count):
        graph = group(seed)
        shared, finer = (layers(graph, weights, scope, "max", shifts) for shifts in (False, True))
        found += [
            (one.alone, decibels(one.exact, one.held), decibels(other.exact, other.held))
            for one, other in zip(shared, finer, strict=True)
        ]
    return np.array(found)


def show_random(count: int, weights: str, scope: str) -> None:
    """What shifts are worth over random groups."""
    alone, shared, finer = gains(count, weights, scope).T
    gain, below = finer - shared, alone - finer
    print(f"{count} random groups, {len(gain)} matrices: {weights}, scope {scope}")
    print(f"  shifts against the shared scale: {gain.min():+.2f} dB at least, {gain.mean():+.2f} dB in the mean")
    print(f"  the worst of all: {shared.min():.2f} dB shared, {finer.min():.2f} dB shifted")
    if (weights, scope) == ("int8", "channel"):
        print(f"  against a scale of its own: {-below.max():+.2f} dB at least, {-below.mean():+.2f} dB in the mean")


def show(title: str, graph: Graph, weights: str, scope: str) -> None:
    """A line for every layer, and for every population into which there are several."""
    print(f"{title}: {weights}, one scale {'an output channel' if scope == 'channel' else 'for a whole fan-in'}")
    print(f"  {'layer':32} {'weights':>9} {'alone':>9} {'max':>9} {'shifts':>9} {'mse':>9} {'error':>9} {'worse':>6}")
    largest, least = (layers(graph, weights, scope, how) for how in ("max", "mse"))
    finer = layers(graph, weights, scope, "max", shifts=True)
    for one, shifted, other in zip(largest, finer, least, strict=True):
        _line(one, shifted, other, "")
    for target in dict.fromkeys(layer.target for layer in largest):
        one, shifted, other = (joined(found, target) for found in (largest, finer, least))
        _line(one, shifted, other, str(int(np.sum(other.noise > one.noise * (1 + 1e-9)))))


def _line(largest: Layer, finer: Layer, least: Layer, worse: str) -> None:
    noise = least.noise.sum()
    cells = (largest.alone, *(decibels(layer.exact, layer.held) for layer in (largest, finer, least)))
    numbers = " ".join(f"{cell:6.2f} dB" for cell in cells)
    ratio = largest.noise.sum() / noise if noise else 1.0
    print(f"  {largest.name:32.32} {np.count_nonzero(largest.exact):9} {numbers} {ratio:7.3f} x {worse:>6}")


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("files", nargs="*", help="NIR files")
    parser.add_argument("--weights", default="int8")
    parser.add_argument("--scope", default="channel", choices=("channel", "fan_in"))
    parser.add_argument("--random", type=int, default=0, help="so many random groups of matrices, too")
    parser.add_argument("--tiny", action="store_true", help="a small network alone")
    chosen = parser.parse_args(arguments)
    found = [path for name in FILES for path in sorted((ROOT / "paper").rglob(name))]
    files = [] if chosen.tiny else [Path(name) for name in chosen.files] or found
    for path in files:
        show(path.name, axonc.load(path, semantics="nir,dt=1e-4,reset=zero"), chosen.weights, chosen.scope)
    if chosen.random:
        show_random(chosen.random, chosen.weights, chosen.scope)
    if not files:
        show("random weights", recurrent(20, 40, 5), chosen.weights, chosen.scope)


if __name__ == "__main__":
    main()
