"""The NIR frontend: an HDF5 file or a `nir.NIRGraph` in memory becomes a graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from axonc.ir import Graph

from .convert import build_graph, with_inputs
from .reader import Tree, read_tree, tree_of
from .report import Report
from .stored import restored

if TYPE_CHECKING:
    import nir

__all__ = ["import_nir", "read_nir", "with_inputs"]


def read_nir(path: Path, inputs: str | None = None) -> Graph:
    """The graph in a ``.nir`` file; one that axonc exported comes back as it was, at its own stage.

    ``inputs``: ``events``, ``events:N`` (up to N a step) or ``dense``; None: ``events``, or as exported. Raises
    `ModelError` with every problem of the file.
    """
    tree, version, digest = read_tree(path)
    return _graph(tree, inputs, source="nir", nir_version=version, source_sha256=digest)


def import_nir(model: nir.NIRGraph, inputs: str | None = None) -> Graph:
    """The graph of a `nir.NIRGraph` in memory."""
    return _graph(tree_of(model.to_dict()), inputs, source="nir")


def _graph(tree: Tree, inputs: str | None, **found: str) -> Graph:
    report = Report()
    graph = restored(tree, report)
    if graph is not None:
        return with_inputs(graph, inputs)
    return build_graph(tree, inputs or "events", report).with_properties(**found)
