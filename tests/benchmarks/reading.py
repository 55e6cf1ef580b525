"""Reading NIR files: from the path to a verified graph, its digest included.

    PYTHONPATH=src:tests python -m benchmarks.reading [--tiny]

A file of 100 MB as ``nir.write`` makes it (compressed), the same uncompressed as older versions wrote it, and a graph
of 2,000 small nodes. Peers: `nir.read`, which takes no digest, and h5py, which only reads all datasets.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import h5py
import models
import nir
import numpy as np

from axonc.compiler.frontends import read_nir

from .measure import interleaved, show


def chain(pairs: int, count: int) -> nir.NIRGraph:
    """input -> (weights -> neurons) as many times as asked -> output, in populations of ``count``."""
    rng = np.random.default_rng(0)
    nodes: dict[str, nir.NIRNode] = {"input": models.source(count)}
    for index in range(pairs):
        weight = rng.normal(size=(count, count)).astype(np.float32)
        nodes[f"fc{index}"] = nir.Affine(weight, np.zeros(count, np.float32))
        nodes[f"lif{index}"] = models.neuron("LIF", count)
    nodes["output"] = models.sink(count)
    return models.graph(nodes, " ".join(nodes))


def read_datasets(path: Path) -> list[object]:
    """Every dataset of an HDF5 file, and nothing else."""
    found: list[object] = []
    with h5py.File(path, "r") as file:
        file.visititems(lambda _, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    return found


def measure(title: str, path: Path, rounds: int) -> None:
    """Our reader and its peers on one file."""
    ways: dict[str, Callable[[], object]] = {
        "axonc": partial(read_nir, path),
        "nir.read": partial(nir.read, str(path)),
        "h5py, all datasets": partial(read_datasets, path),
    }
    show(f"{title}, {path.stat().st_size / 1e6:.1f} MB", interleaved(ways, rounds), "axonc")


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Reading NIR files.")
    parser.add_argument("--tiny", action="store_true", help="small files, once")
    tiny = parser.parse_args(arguments).tiny
    count, pairs, rounds = (40, 10, 1) if tiny else (3000, 1000, 7)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.nir"
        for title, compression in (("large, as nir.write makes it", "gzip"), ("large, uncompressed", None)):
            nir.write(str(path), chain(3, count), compression=compression)
            measure(title, path, rounds)
        nir.write(str(path), chain(pairs, 4))
        measure(f"{2 * pairs} nodes", path, rounds)


if __name__ == "__main__":
    main()
