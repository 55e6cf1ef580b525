"""Partitions of graphs of neurons: traffic and time of filling in order, ours, METIS and Mt-KaHyPar, in one run.

Traffic is packets delivered to other cores a spike, every neuron at the same rate; parts may hold 5 % more neurons than
the average. Times are wall seconds; Mt-KaHyPar has a thread for every processor, the others have one. METIS and
Mt-KaHyPar are left out where they are not installed (extras pymetis and mtkahypar).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy import sparse

from axonc.compiler.mapping.hypergraph import PARTITIONERS, Hypergraph
from axonc.compiler.mapping.hypergraph.others import NEEDED

from .connectomes import KINDS, shuffled

Array = np.ndarray[Any, Any]
PARTS = 152
SLACK = 1.05


def hypergraph(graph: sparse.csr_array, parts: int) -> Hypergraph:
    """Every neuron with what it reaches, all of the same size and rate."""
    count = graph.shape[0]
    links = sparse.csr_array(graph + sparse.eye_array(count, dtype=np.int8, format="csr"))
    links.sort_indices()
    return Hypergraph.of(links, np.ones(count), np.full((count, 1), parts / count / SLACK))


def traffic(graph: Hypergraph, parts: Array) -> float:
    """Packets to other cores a spike."""
    pairs = np.unique(graph.net_of_pin * (int(parts.max()) + 1) + parts[graph.pins])
    return (len(pairs) - graph.nets) / graph.vertices


def filled(graph: Hypergraph, count: int) -> Array:
    """Parts filled in the order of the neurons' numbers."""
    return np.arange(graph.vertices) * count // graph.vertices


@dataclass(frozen=True)
class Row:
    """What one partitioner made of one graph."""

    traffic: float
    wall: float
    largest: float
    """Neurons of the largest part, over the average."""


def measured(graph: Hypergraph, count: int, partitioner: Callable[[Hypergraph, int], Array]) -> Row:
    """A partition and its time."""
    begun = time.perf_counter()
    parts = partitioner(graph, count)
    wall = time.perf_counter() - begun
    return Row(traffic(graph, parts), wall, float(np.bincount(parts).max()) * count / graph.vertices)


def partitioners() -> dict[str, Callable[[Hypergraph, int], Array]]:
    """Those that are installed."""
    here = {name: made for name, made in PARTITIONERS.items() if name not in NEEDED or find_spec(NEEDED[name][0])}
    return {"in order": filled, **here}


def graphs(sizes: Sequence[int], chosen: Sequence[str]) -> Iterator[tuple[str, sparse.csr_array]]:
    """Every kind of graph, in natural and shuffled order."""
    for count in sizes:
        for name in chosen:
            graph = KINDS[name](count, 100 if count < 50_000 else 20, np.random.default_rng(count))
            yield f"{name}, {graph.shape[0]}", graph
            if name != "random":
                yield f"{name} shuffled, {graph.shape[0]}", shuffled(graph, np.random.default_rng(1))


def header(names: Sequence[str]) -> str:
    """The first lines of the table."""
    columns = ["graph", "synapses", *names, "of the best other", "largest part", "seconds", "of Mt-KaHyPar's"]
    return f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}"


def line(name: str, graph: sparse.csr_array, rows: Mapping[str, Row]) -> str:
    """Packets a spike of every partitioner; what ours needs of the best of the others, and of the time of the best."""
    ours, slow = rows["hypergraph"], rows.get("mt-kahypar")
    best = min(row.traffic for other, row in rows.items() if other != "hypergraph")
    times = f"{ours.wall / slow.wall:.2f} of {slow.wall:.1f}" if slow else ""
    columns = [name, f"{graph.nnz:,}", *(f"{row.traffic:.2f}" for row in rows.values())]
    columns += [f"{ours.traffic / best:.2f}", f"{ours.largest:.3f}", f"{ours.wall:.1f}", times]
    return f"| {' | '.join(columns)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--graphs", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--parts", type=int, default=PARTS)
    parser.add_argument("--tiny", action="store_true", help="graphs of 400 neurons in 4 parts")
    given = parser.parse_args(arguments)
    sizes, parts = ([400], 4) if given.tiny else (given.sizes, given.parts)
    print(header(list(partitioners())), flush=True)
    for name, graph in graphs(sizes, given.graphs):
        whole = hypergraph(graph, parts)
        rows = {key: measured(whole, parts, made) for key, made in partitioners().items()}
        print(line(name, graph, rows), flush=True)


if __name__ == "__main__":
    main()
