"""Compile time, end to end: from a model in memory to linked images on disk, with warm caches.

    PYTHONPATH=src:tests python -m benchmarks.compiling [--tiny]

A NIR graph of the size of a Braille reader (12-38-7, CubaLIF, recurrent), written to a file and read back, for the
chip and for this computer; and a sparse network 2000-4096-20 with 5 % of the weights. There is no peer that
compiles the same: the ratio is to the first row.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import models
import nir
import numpy as np

import axonc

from .measure import interleaved, show
from .networks import recurrent


def braille(path: Path, hidden: int = 38) -> Path:
    """A model of 12 inputs, a recurrent population and 7 outputs, written as a NIR file."""
    rng = np.random.default_rng(0)
    nodes = {
        "input": models.source(12),
        "fc1": models.affine(rng.normal(0, 1, (hidden, 12)), rng.normal(0, 0.1, hidden)),
        "lif1": models.neuron("CubaLIF", hidden),
        "w_rec": models.affine(rng.normal(0, 0.3, (hidden, hidden)), rng.normal(0, 0.1, hidden)),
        "fc2": models.affine(rng.normal(0, 1, (7, hidden)), rng.normal(0, 0.1, 7)),
        "lif2": models.neuron("CubaLIF", 7),
        "output": models.sink(7),
    }
    nir.write(str(path), models.graph(nodes, "input fc1 lif1 w_rec lif1", "lif1 fc2 lif2 output"))
    return path


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Compile time, end to end.")
    parser.add_argument("--tiny", action="store_true", help="small networks, once")
    tiny = parser.parse_args(arguments).tiny
    with tempfile.TemporaryDirectory() as folder:
        file = braille(Path(folder) / "braille.nir", 8 if tiny else 38)
        sizes = (20, 40, 4) if tiny else (2000, 4096, 20)
        sparse = recurrent(*sizes, density=0.05)
        name = "-".join(map(str, sizes))
        ways: dict[str, Callable[[], object]] = {
            "Braille-sized file, spinnaker2": lambda: axonc.compile(axonc.load(file, dt=1e-3), target="spinnaker2"),
            "Braille-sized file, native": lambda: axonc.compile(axonc.load(file, dt=1e-3), target="native"),
            f"{name}, 5 %, spinnaker2": lambda: axonc.compile(sparse, target="spinnaker2"),
            f"{name}, 5 %, native": lambda: axonc.compile(sparse, target="native"),
        }
        times = interleaved(ways, 1 if tiny else 5)
    show("from model to linked images", times, "Braille-sized file, spinnaker2")


if __name__ == "__main__":
    main()
