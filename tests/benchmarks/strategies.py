"""Three ways of mapping the same models: cores, traffic and latency, each run equal to the interpreter bit for bit.

The Braille reader and the CNN of the NIR paper (left out where the recorded files are not there) and an EGRU language
model. Traffic is packets between cores in a step, at the calibrated or assumed rates; latency the estimated time until
the last output of a step is there, where every slot lasts as long as its busiest core needs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from recorded import ROOT

import axonc
from axonc import Graph, Program
from axonc.backends.spinnaker2.backend import SpiNNaker2
from axonc.backends.spinnaker2.description import load_machine
from axonc.compiler.mapping import traffic
from axonc.ir.mapping import Mapping
from axonc.ir.network import network

from .language_model import SIZES, language_model

Array = np.ndarray[Any, Any]
COMPARED = ("fewest-cores", "least-latency", "least-traffic")
FILES = {
    "Braille": ("paper/03_rnn/braille_noDelay_bias_zero.nir", "nir,dt=1e-4,reset=zero", 0.1),
    "CNN": ("paper/02_cnn/cnn_sinabs.nir", "sinabs,dt=1e-3", 0.02),
}
"""Recorded models, what they mean, and the part of their inputs that sends in a step."""

TINY = (12, 24, 24, 12)


@dataclass(frozen=True)
class Model:
    """A graph in steps, data for it, and how to compile it."""

    name: str
    graph: Graph
    x: Array
    state: str | None = None


def models(tiny: bool, steps: int) -> Iterator[Model]:
    """Those whose files are there."""
    rng = np.random.default_rng(3)
    for name, (file, semantics, active) in FILES.items():
        if not tiny and (ROOT / file).exists():
            graph = axonc.load(ROOT / file, semantics=semantics)
            shape = graph.signals[graph.inputs[0].name].shape
            yield Model(name, graph, (rng.random((3 * steps, *shape)) < active).astype(np.int64), "q16")
    sizes = TINY if tiny else SIZES
    yield Model("EGRU language model", language_model(sizes), rng.normal(size=(3 * steps, sizes[0])))


def compiled(model: Model, strategy: str) -> Program:
    """The model's program for emulated cores."""
    return axonc.compile(model.graph, "spinnaker2", state=model.state, strategy=strategy, calibrate=model.x)


def line(model: Model, strategy: str, steps: int) -> str:
    """A line of the table."""
    program = compiled(model, strategy)
    mapping = Mapping.from_dict(json.loads((program.directory / "mapping.json").read_text())["mapping"])
    packets = traffic(network(program.graph), mapping.slices, SpiNNaker2().cost_model(load_machine()))
    slot = max(core["cycles"] for core in json.loads((program.directory / "report.json").read_text())["cores"])
    latency = (mapping.schedule.latency + 1) * slot / load_machine().clock_hz
    verified = program.verify(model.x[:steps])
    equal = "equal" if verified.equal else f"DIFFERENT: {verified.divergence}"
    return (
        f"| {model.name} | {strategy} | {mapping.partitioner} | {mapping.cores} | {packets:.1f} | "
        f"{latency * 1e6:.0f} | {equal} |"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--tiny", action="store_true", help="a language model of a few units")
    given = parser.parse_args(arguments)
    print("| model | strategy | partitioner | cores | packets a step | latency in us | emulated |")
    print("|---|---|---|---|---|---|---|")
    for model in models(given.tiny, given.steps):
        for strategy in COMPARED:
            print(line(model, strategy, given.steps), flush=True)


if __name__ == "__main__":
    main()
