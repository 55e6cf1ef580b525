"""The NIR frontend: an HDF5 file or a `nir.NIRGraph` in memory becomes a graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from axonc.ir import Graph, ModelError

from .convert import build_graph, with_inputs
from .memory import tree_of
from .metadata import metadata_line
from .reader import read_tree
from .report import Report
from .stored import restored
from .survey import survey
from .time_step import recovered_dt, seen_time_steps
from .tree import Tree

if TYPE_CHECKING:
    import nir

__all__ = ["import_nir", "nodes_of", "read_nir", "recovered_dt", "seen_time_steps", "with_inputs"]


def read_nir(path: Path, inputs: str | None = None) -> Graph:
    """The graph in a ``.nir`` file; one that axonc exported comes back as it was, at its own stage.

    ``inputs``: ``events``, ``events:N`` (up to N a step) or ``dense``; None: ``events``, or as exported. What had to
    be repaired is in the property ``repairs``, one line each. Raises `ModelError` with every problem of the file.
    """
    tree, version, digest = read_tree(path)
    return _graph(tree, inputs, nir_version=version, source_sha256=digest)


def import_nir(model: nir.NIRGraph, inputs: str | None = None) -> Graph:
    """The graph of a `nir.NIRGraph` in memory; its values are copied."""
    return _graph(tree_of(model), inputs)


def nodes_of(model: Path | nir.NIRGraph) -> dict[str, str]:
    """The type of every node of a model that may have problems, by name; `ModelError` if it is no NIR at all."""
    return survey(read_tree(model)[0] if isinstance(model, Path) else tree_of(model))


def _graph(tree: Tree, inputs: str | None, **found: str) -> Graph:
    report = Report()
    graph = restored(tree, report)
    if graph is not None:
        return with_inputs(graph, inputs)
    left_aside, remarks = tuple(report.repairs), metadata_line(tree)
    try:
        graph = build_graph(tree, inputs or "events", report)
    except ModelError as error:
        raise ModelError((*left_aside, *error.diagnostics)) from error
    return graph.with_properties(source="nir", **({"nir_metadata": remarks} if remarks else {}), **found)
