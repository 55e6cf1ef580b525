"""A training step against backpropagation through time written by hand for the same network.

    PYTHONPATH=src:tests python -m benchmarks.training [--tiny]

A step is forward, loss and gradients of one batch, in float32: 64-256-10 of LIF and LI over 16 steps, without and with
recurrent weights. The hand-written one knows the network and its surrogate and does nothing else; one form takes each
step of time by itself, as the equations stand, the other multiplies weights with all steps at once where the network
allows it. All give the same gradients, to rounding.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np

import axonc
from axonc import Graph
from axonc.compiler.training import CrossEntropy, network
from axonc.ir.ops import Triangle

from .measure import interleaved, show
from .networks import DT

Array = np.ndarray[Any, Any]
DECAY, LATE = np.float32(0.8), np.float32(0.9)
"""Decays of the hidden neurons and of the readout; both have gain 1, the hidden ones threshold 1."""


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="A training step against one written by hand.")
    parser.add_argument("--tiny", action="store_true", help="a small network and a small batch")
    tiny = parser.parse_args(arguments).tiny
    inputs, hidden, outputs, batch, steps, rounds = (6, 8, 3, 4, 5, 1) if tiny else (64, 256, 10, 64, 16, 21)
    rng = np.random.default_rng(0)
    x = (rng.random((steps, batch, inputs)) < 0.3).astype(np.float32)
    labels = rng.integers(0, outputs, batch)
    for loops in (False, True):
        graph = lif(inputs, hidden, outputs, loops)
        net = network(graph, CrossEntropy(over="mean"), surrogate=Triangle(1.0, 1.0))
        hand = ByHand(*(net.initial[p] for p in sorted(net.parameters)), loops)  # type: ignore[arg-type]

        def ours(net: Any = net) -> dict[str, Array]:
            return {str(p): g for p, g in net.step(net.initial, {"in": x}, labels).gradients.items()}

        ways: dict[str, Any] = {
            "axonc": ours,
            "by hand, a step of time after the other": lambda hand=hand: hand.gradients(x, labels, False),
            "by hand, all steps at once where possible": lambda hand=hand: hand.gradients(x, labels, True),
        }
        for way in ways.values():
            for name, gradient in way().items():
                np.testing.assert_allclose(gradient, ours()[name], rtol=1e-3, atol=1e-5)
        kind = "recurrent" if loops else "feed-forward"
        title = f"{kind} {inputs}-{hidden}-{outputs}, {steps} steps, {batch} samples; a step of training takes"
        show(title, interleaved(ways, rounds), "axonc", "ms", 1e3)


def lif(inputs: int, hidden: int, outputs: int, loops: bool) -> Graph:
    """The network."""
    rng = np.random.default_rng(1)
    net = Graph.builder()
    net.input("in", inputs)
    net.population("hidden", "lif", hidden, tau=5 * DT, r=5.0)
    net.connect("in", "hidden", rng.normal(0, 2 * inputs**-0.5, (hidden, inputs)), name="w")
    if loops:
        net.connect("hidden", "hidden", rng.normal(0, 0.3 * hidden**-0.5, (hidden, hidden)), delay=DT, name="r")
    net.population("read", "li", outputs, tau=10 * DT, r=10.0)
    net.connect("hidden", "read", rng.normal(0, hidden**-0.5, (outputs, hidden)), name="o")
    net.output("out", "read")
    return axonc.load(net.graph(), semantics=f"nir,reset=subtract,dt={DT}")


@dataclass(frozen=True)
class ByHand:
    """The same network: readout weight, recurrent weight where it ``loops``, input weight."""

    weights: tuple[Array, ...]

    def __init__(self, *arguments: Any) -> None:
        object.__setattr__(self, "weights", arguments[:-1])

    def gradients(self, x: Array, labels: Array, at_once: bool) -> dict[str, Array]:
        """Forward, loss, backward."""
        o, *r, w = self.weights
        steps, batch = x.shape[:2]
        m, z = np.empty((2, steps, batch, len(w)), np.float32)
        v, last = np.zeros((2, batch, len(w)), np.float32)
        entering = (x.reshape(-1, x.shape[2]) @ w.T).reshape(m.shape) if at_once else None
        for k in range(steps):
            current = x[k] @ w.T if entering is None else entering[k]
            m[k] = DECAY * v + (current + last @ r[0].T if r else current)
            z[k] = last = (m[k] > 1).astype(np.float32)
            v = m[k] - last
        slope = self._readout(z, labels, at_once)
        dx, later = np.empty_like(m), np.zeros_like(v)
        into = (slope.reshape(-1, len(o)) @ o).reshape(m.shape) if at_once else None
        for k in reversed(range(steps)):
            dz = slope[k] @ o if into is None else into[k]
            if r and k + 1 < steps:
                dz = dz + dx[k + 1] @ r[0]
            later = DECAY * later + np.maximum(0, 1 - np.abs(m[k] - 1)) * dz
            dx[k] = later
        found = {"o.weight": products(slope, z, at_once), "w.weight": products(dx, x, at_once)}
        return {**found, "r.weight": products(dx[1:], z[:-1], at_once)} if r else found

    def _readout(self, z: Array, labels: Array, at_once: bool) -> Array:
        """The derivative [T, B, C] of the mean cross-entropy with respect to what enters the readout."""
        o, steps = self.weights[0], len(z)
        entering = (z.reshape(-1, z.shape[2]) @ o.T).reshape(*z.shape[:2], -1) if at_once else [s @ o.T for s in z]
        v, total = np.zeros_like(entering[0]), np.zeros_like(entering[0])
        for k in range(steps):
            v = LATE * v + entering[k]
            total += v
        logits = total / np.float32(steps)
        power = np.exp(logits - logits.max(axis=1, keepdims=True))
        wrong = power / power.sum(axis=1, keepdims=True)
        wrong[np.arange(len(labels)), labels] -= 1
        wrong /= np.float32(len(labels) * steps)
        slope, later = np.empty((steps, *wrong.shape), np.float32), np.zeros_like(wrong)
        for k in reversed(range(steps)):
            later = LATE * later + wrong
            slope[k] = later
        return slope


def products(left: Array, right: Array, at_once: bool) -> Array:
    """The sum over steps and samples of left x right^T."""
    if at_once:
        return np.asarray(left.reshape(-1, left.shape[2]).T @ right.reshape(-1, right.shape[2]))
    total = np.zeros((left.shape[2], right.shape[2]), np.float32)
    for a, b in zip(left, right, strict=True):
        total += a.T @ b
    return total


if __name__ == "__main__":
    main()
