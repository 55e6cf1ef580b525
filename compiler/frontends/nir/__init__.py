"""The NIR frontend: an HDF5 file or a `nir.NIRGraph` in memory becomes a graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from axonc.ir import Graph

from .convert import build_graph
from .memory import tree_of
from .metadata import metadata_line
from .reader import read_tree
from .time_step import recovered_dt, seen_time_steps
from .tree import Tree

if TYPE_CHECKING:
    import nir

__all__ = ["import_nir", "read_nir", "recovered_dt", "seen_time_steps"]


def read_nir(path: Path, inputs: str = "events") -> Graph:
    """The graph in a ``.nir`` file. ``inputs``: ``events``, ``events:N`` (up to N a step) or ``dense``.

    What had to be repaired is in the property ``repairs``, one line each. Raises `ModelError` with every problem of
    the file.
    """
    tree, version, digest = read_tree(path)
    return _graph(tree, inputs).with_properties(nir_version=version, source_sha256=digest)


def import_nir(model: nir.NIRGraph, inputs: str = "events") -> Graph:
    """The graph of a `nir.NIRGraph` in memory; its values are copied."""
    return _graph(tree_of(model), inputs)


def _graph(tree: Tree, inputs: str) -> Graph:
    graph, remarks = build_graph(tree, inputs), metadata_line(tree)
    return graph.with_properties(source="nir", **({"nir_metadata": remarks} if remarks else {}))
