"""One model, eight meanings: what each semantics preset makes of the same NIR graph and the same input.

    python examples/compare_semantics.py

A neuron is driven hard for 30 steps, then rests; its recurrent weight inhibits it. NIR fixes the differential
equation and the weights. Each simulator then integrates, resets and delays in its own way. A line shows the steps in
which the neuron spikes (a digit: how often, where a preset allows several spikes in a step).
"""

from __future__ import annotations

import nir
import numpy as np

import axonc
from axonc.compiler.driver.reported import reported
from axonc.compiler.semantics import PRESETS

DT = 1e-3
STEPS, DRIVEN = 40, 30


def model() -> nir.NIRGraph:
    """input -> fc -> cell -> output, and cell -> rec -> cell."""
    one = np.ones(1)
    nodes = {
        "input": nir.Input({"input": np.array([1])}),
        "fc": nir.Linear(np.array([[1.0]])),
        "cell": nir.LIF(tau=5e-3 * one, r=2.4 * one, v_leak=0 * one, v_threshold=one, v_reset=0 * one),
        "rec": nir.Linear(np.array([[-0.4]])),
        "output": nir.Output({"output": np.array([1])}),
    }
    edges = [("input", "fc"), ("fc", "cell"), ("cell", "rec"), ("rec", "cell"), ("cell", "output")]
    return nir.NIRGraph(nodes, edges)


def drive() -> np.ndarray:
    """An event in each of the first steps."""
    return (np.arange(STEPS)[:, None] < DRIVEN).astype(np.uint8)


def spikes(semantics: str) -> np.ndarray:
    """How often the neuron spikes in each step, in float."""
    graph = axonc.load(model(), semantics=semantics, dt=DT)
    return axonc.interpret(graph, drive()).outputs["output"][:, 0].astype(int)


def raster(counts: np.ndarray) -> str:
    """A line of text: a dot, a bar, or a number of spikes a step."""
    return "".join({0: ".", 1: "|"}.get(count, f"{min(count, 9)}") for count in counts)


def main() -> None:
    """A line for each preset, and for a change of a single field."""
    for semantics in (*PRESETS, "nir,reset=subtract", "nir,integrator=exponential", "nir,leaky_event=dirac"):
        counts = spikes(semantics)
        print(f"{semantics:27}{raster(counts)} {counts.sum():3}")


if __name__ == "__main__":
    with reported():
        main()
