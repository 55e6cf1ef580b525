"""Spiking networks and an EGRU learn handwritten digits, from spikes to cores, with what this project has alone.

The data are the 1,797 images of 8x8 pixels that ship inside scikit-learn (pip install "axonc[examples]"). A pixel of
value p, from 0 to 16, sends p spikes in 16 steps, as evenly as steps allow. Three networks learn to tell the digits:
a feed-forward one and a recurrent one of leaky integrate-and-fire neurons, and one of event-based gated units.

    python examples/train_digits.py                        one fold: trains, saves digits-*.axg, runs on cores
    python examples/train_digits.py --folds 5 --seeds 3    every sample is tested once for each seed: a table

The spiking networks then run with 8-bit weights and 16-bit states: the whole test set by the C of the cores compiled
for this computer, and some of it on emulated cores, compared with the reference bit for bit.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

import axonc
from axonc.compiler.driver.reported import reported
from axonc.compiler.training import CrossEntropy, evaluate
from axonc.ir import Graph, Kind, Node, Signal
from axonc.ir.ops import EGRU, ONE, ZERO, Delay, Input, Linear, Membrane, Neuron, Output

Array = np.ndarray[Any, Any]
STEPS, CLASSES, PIXELS, DT = 16, 10, 64, 1e-3
MAX_FOLDS = 5
LOSS = CrossEntropy(over="mean")
"""On the readout's voltage, averaged over the steps."""


def digits() -> tuple[Array, Array]:
    """All images as events [1797, 16, 64], and their labels."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return spikes(found.data.astype(np.int64)), found.target


def spikes(values: Array) -> Array:
    """Events [N, 16, pixels] of values [N, pixels] from 0 to 16: as many spikes as the value says, evenly spaced."""
    count = (np.arange(STEPS + 1)[:, None] * values[:, None] + STEPS // 2) // STEPS
    return np.diff(count, axis=1).astype(np.uint8)


def feed_forward(seed: int, hidden: int = 256) -> Graph:
    """64 -> LIF -> LI of 10. Weights are normal, with the square root of the fan-in as scale."""
    return _lif(np.random.default_rng(seed), hidden, False)


def recurrent(seed: int, hidden: int = 192) -> Graph:
    """As `feed_forward`, with weights from every hidden neuron to every one, a step late."""
    return _lif(np.random.default_rng(seed), hidden, True)


def _lif(rng: np.random.Generator, hidden: int, loops: bool) -> Graph:
    net = Graph.builder()
    net.input("in", PIXELS)
    net.population("hidden", "lif", hidden, tau=5 * DT, r=5.0)  # v[k] = 0.8 v[k-1] + x[k], threshold 1
    net.connect("in", "hidden", rng.normal(0, PIXELS**-0.5, (hidden, PIXELS)), bias=np.zeros(hidden), name="w")
    if loops:
        net.connect("hidden", "hidden", rng.normal(0, 0.3 * hidden**-0.5, (hidden, hidden)), delay=DT, name="r")
    net.population("readout", "li", CLASSES, tau=10 * DT, r=10.0)
    net.connect("hidden", "readout", rng.normal(0, hidden**-0.5, (CLASSES, hidden)), name="o")
    net.output("out", "readout")
    return axonc.load(net.graph(), semantics=f"nir,reset=subtract,dt={DT}")


def egru(seed: int, units: int = 96) -> Graph:
    """64 -> EGRU -> LI of 10: events that carry values, gated by what arrived."""
    rng = np.random.default_rng(seed)
    into, back = rng.normal(0, PIXELS**-0.5, (3 * units, PIXELS)), rng.normal(0, units**-0.5, (3 * units, units))
    read = Neuron((CLASSES,), None, Membrane(np.asarray(0.9), ONE, ZERO, ZERO), None)
    nodes = (
        Node("in", Input(Signal((PIXELS,), Kind.EVENT))),
        Node("w", Linear(into, np.zeros(3 * units)), ("in",)),
        Node("cell", EGRU(units, np.full(units, 0.1)), ("w",), reads=("r",)),
        Node("late", Delay(1), ("cell",)),
        Node("r", Linear(back, np.zeros(3 * units)), ("late",)),
        Node("o", Linear(rng.normal(0, units**-0.5, (CLASSES, units))), ("cell",)),
        Node("readout", read, ("o",)),
        Node("out", Output(), ("readout",)),
    )
    return Graph("egru", nodes, "steps", DT, {"semantics": f"nir,dt={DT}"})


@dataclass(frozen=True)
class Model:
    """A network and how it is trained; ``runs_on_cores``: a chip has no EGRU yet."""

    make: Callable[[int], Graph]
    epochs: int
    rate: float
    runs_on_cores: bool = True
    options: dict[str, Any] = field(default_factory=dict)


MODELS = {
    "feed-forward": Model(feed_forward, 40, 2e-3, options={"attached": True}),
    "recurrent": Model(recurrent, 30, 2e-3, options={"attached": True}),
    "egru": Model(egru, 30, 3e-3, runs_on_cores=False),
}


def fold(labels: Array, index: int, seed: int) -> tuple[Array, Array]:
    """The samples to train with and those to test with, of one of five folds."""
    parts = np.array_split(np.random.default_rng(seed).permutation(len(labels)), MAX_FOLDS)
    return np.concatenate([part for number, part in enumerate(parts) if number != index]), parts[index]


def trained(model: Model, x: Array, y: Array, seed: int, epochs: int | None = None) -> Graph:
    """The network after its training."""
    optimiser = f"adam,rate={model.rate},decay=0.5"
    done = axonc.train(
        model.make(seed),
        (x, y),
        loss=LOSS,
        optimiser=optimiser,
        epochs=epochs or model.epochs,
        seed=seed,
        **model.options,
    )
    return done.graph


def on_native(graph: Graph, x: Array, y: Array) -> float:
    """The accuracy with 8-bit weights and 16-bit states, in C."""
    program = axonc.compile(graph, target="native", weights="int8", state="q16")
    voltage = program.run(x).value("out")
    return float(np.mean(np.argmax(voltage.mean(axis=1), axis=1) == y))


def on_cores(graph: Graph, x: Array) -> str:
    """What emulated cores say of some samples, compared with the reference at every step."""
    program = axonc.compile(graph, target="spinnaker2", weights="int8", state="q16", strategy="spread", slice_size=64)
    checked = program.verify(x)
    return f"{len(x)} samples on {program.manifest['cores']} emulated cores, equal to the reference: {checked.equal}"


def interval(values: list[float]) -> str:
    """Mean and 95 % interval (Student's t over the runs), in percent."""
    mean, spread = 100 * np.mean(values), 100 * np.std(values, ddof=1) if len(values) > 1 else np.nan
    half = stats.t.ppf(0.975, len(values) - 1) * spread / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return f"{mean:.2f} % +- {half:.2f}" if len(values) > 1 else f"{mean:.2f} %"


def main(arguments: list[str] | None = None) -> None:
    """Train, test, print; with one fold and seed also save and run on cores."""
    parser = argparse.ArgumentParser(description="Spiking networks learn handwritten digits.")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--folds", type=int, default=1, choices=range(1, MAX_FOLDS + 1), help="of five folds")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of every fold")
    parser.add_argument("--epochs", type=int, help="default: each model's own")
    parser.add_argument("--output", type=Path, default=Path(), help="folder for the graph files")
    parser.add_argument("--cores", type=int, default=5, help="samples that emulated cores run")
    chosen = parser.parse_args(arguments)
    x, y = digits()
    runs = chosen.folds * chosen.seeds
    print(f"{len(y)} digits, {chosen.folds} of {MAX_FOLDS} folds x {chosen.seeds} seeds")
    print(f"{'':14} {'float':>17}  {'int8 weights, q16 states, in C':>30}")
    for name in chosen.models:
        exact, small = [], []
        for seed in range(chosen.seeds):
            for index in range(chosen.folds):
                learn, test = fold(y, index, seed)
                graph = trained(MODELS[name], x[learn], y[learn], seed, chosen.epochs)
                exact.append(evaluate(graph, (x[test], y[test]), LOSS))
                if MODELS[name].runs_on_cores:
                    small.append(on_native(graph, x[test], y[test]))
        print(f"{name:14} {interval(exact):>17}  {interval(small) if small else '-':>30}", flush=True)
        graph.save(chosen.output / f"digits-{name}.axg")
        if MODELS[name].runs_on_cores and chosen.cores:
            print(f"{'':14} {on_cores(graph, x[test][: chosen.cores])}", flush=True)
    print(f"{runs} training{'s' if runs > 1 else ''} a network; graphs: {chosen.output / 'digits-*.axg'}")


if __name__ == "__main__":
    with reported():
        main()
