"""The NIR frontend: an HDF5 file or a `nir.NIRGraph` in memory becomes a graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from axonc.ir import Graph

from .convert import build_graph
from .memory import tree_of
from .reader import read_tree

if TYPE_CHECKING:
    import nir

__all__ = ["import_nir", "read_nir"]


def read_nir(path: Path, inputs: str = "events") -> Graph:
    """The graph in a ``.nir`` file. ``inputs``: ``events``, ``events:N`` (up to N a step) or ``dense``.

    Raises `ModelError` with every problem of the file.
    """
    tree, version, digest = read_tree(path)
    graph = build_graph(tree, inputs)
    return graph.with_properties(source="nir", nir_version=version, source_sha256=digest)


def import_nir(model: nir.NIRGraph, inputs: str = "events") -> Graph:
    """The graph of a `nir.NIRGraph` in memory."""
    return build_graph(tree_of(model), inputs).with_properties(source="nir")
