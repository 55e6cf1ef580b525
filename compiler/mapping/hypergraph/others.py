"""Partitioners of others behind the same function: METIS and Mt-KaHyPar, where they are installed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
from scipy import sparse

from axonc.ir import Diagnostic, ToolError
from axonc.ir.ops import Array

from .balance import balance
from .graph import Hypergraph
from .multilevel import partition
from .search import Search

Partitioner = Callable[[Hypergraph, int], Array]
"""From a hypergraph and a number of parts to the part of every vertex."""

UNITS = 1 << 20
"""A core's room in the whole numbers that these partitioners take."""

DEAREST = 1000
"""The cost of the dearest net."""

SEED = 1


def metis(graph: Hypergraph, count: int) -> Array:
    """METIS: the cheapest edges between parts, of the graph in which every net joins its source to all others."""
    pymetis = _imported("metis")
    ends = (graph.heads[graph.net_of_pin], graph.pins)
    costs = _whole(graph.cost)[graph.net_of_pin]
    one = sparse.csr_array((costs, ends), shape=(graph.vertices, graph.vertices))
    links = sparse.csr_array(one + one.T)
    links.setdiag(0)
    links.eliminate_zeros()
    links.sort_indices()
    adjacency = pymetis.CSRAdjacency(links.indptr.astype(np.int64), links.indices.astype(np.int64))
    options = pymetis.Options(ufactor=max(1, int(1000 * _slack(graph, count))), seed=SEED)
    weights, edges = _weights(graph), links.data.astype(np.int64)
    found = pymetis.part_graph(count, adjacency, vweights=weights, eweights=edges, options=options, recursive=False)
    return _balanced(graph, np.array(found.vertex_part), count)


def mt_kahypar(graph: Hypergraph, count: int) -> Array:
    """Mt-KaHyPar in its deterministic form: connectivity of the same hypergraph."""
    mtkahypar = _imported("mt-kahypar")
    library = _started(mtkahypar)
    context = library.context_from_preset(mtkahypar.PresetType.DETERMINISTIC)
    context.set_partitioning_parameters(count, _slack(graph, count), mtkahypar.Objective.KM1)
    context.logging = False
    mtkahypar.set_seed(SEED)
    nets = [net.tolist() for net in np.split(graph.pins, graph.starts[1:-1])]
    weights, costs = _weights(graph).tolist(), _whole(graph.cost).tolist()
    made = library.create_hypergraph(context, graph.vertices, graph.nets, nets, weights, costs)
    return _balanced(graph, np.array(made.partition(context).get_partition()), count)


@cache
def _started(mtkahypar: ModuleType) -> Any:
    """The library with its threads; it is started once."""
    return mtkahypar.initialize(os.cpu_count() or 1)


def _imported(name: str) -> ModuleType:
    """The module of a partitioner; `ToolError` if it is not installed."""
    module, extra = NEEDED[name]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        remedy = f'pip install "axonc[{extra}]", or choose another partitioner'
        raise ToolError(
            Diagnostic("AX901", "", f"the partitioner {name} needs the package {error.name}", "", remedy)
        ) from error


def _whole(cost: Array) -> Array:
    """Costs of nets from 1 on, the dearest `DEAREST`."""
    return np.asarray(np.maximum(1, cost * DEAREST // max(int(cost.max(initial=1)), 1)))


def _weights(graph: Hypergraph) -> Array:
    """One weight of every vertex: of its scarcest kind."""
    return np.asarray(np.maximum(1, np.rint(graph.size.max(axis=1) * UNITS)), np.int64)


def _slack(graph: Hypergraph, count: int) -> float:
    """How much more than the average a part may take."""
    return max(0.001, count * UNITS / float(_weights(graph).sum()) - 1.0)


def _balanced(graph: Hypergraph, parts: Array, count: int) -> Array:
    """The partition after overfull parts, in any kind, gave up what costs least."""
    search = Search(graph, parts.astype(np.int64), np.ones(count, np.int64))
    balance(search)
    return search.parts


PARTITIONERS: Mapping[str, Partitioner] = {"hypergraph": partition, "metis": metis, "mt-kahypar": mt_kahypar}
"""The partitioners by the names that options give them."""

NEEDED = {"metis": ("pymetis", "pymetis"), "mt-kahypar": ("mtkahypar", "mtkahypar")}
"""The module of a partitioner, and the extra of axonc that installs it."""
