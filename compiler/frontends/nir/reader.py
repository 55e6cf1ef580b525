"""Reading a NIR file from the HDF5 itself: nothing is trusted, nothing is filled in silently."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from axonc.ir import Diagnostic, ModelError

from .guard import open_checked

METADATA = "axonc"
"""The entry of a node's metadata that is axonc's own."""


@dataclass(frozen=True)
class Tree:
    """One node as the file holds it: its type, its fields and, for a graph, its nodes and edges.

    ``metadata`` are what axonc keeps beside them; None where there are none.
    """

    type: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    nodes: Mapping[str, Tree] = field(default_factory=dict)
    edges: tuple[tuple[str, str], ...] = ()
    metadata: Mapping[str, Any] | None = None


def read_tree(path: Path) -> tuple[Tree, str, str]:
    """The tree of a file, the version of its writer (``unknown`` where absent), and the SHA-256 of its bytes."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(Diagnostic("AX703", str(path), error.strerror or str(error))) from error
    try:
        with open_checked(content, path.name) as file:
            version = _text(file["version"][()]) if "version" in file else "unknown"
            return _read(file["node"]), version, hashlib.sha256(content).hexdigest()
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        remedy = "write it with nir.write"
        raise ModelError(Diagnostic("AX101", path.name, f"not a NIR file: {error}", "", remedy)) from error


def _text(value: Any) -> str:
    return value.decode("utf8", "replace") if isinstance(value, bytes) else str(value)


def _read(group: Any) -> Tree:
    if not isinstance(group, h5py.Group) or "type" not in group:
        raise ValueError(f"{group.name} has no type (a '/' in a node's name splits it in two)")
    members = {key: item for key, item in group.items() if key not in ("type", "nodes", "edges", "metadata")}
    nodes = {key: _read(item) for key, item in group["nodes"].items()} if "nodes" in group else {}
    return Tree(
        _text(group["type"][()]),
        {key: item[()] for key, item in members.items() if isinstance(item, h5py.Dataset)},
        nodes,
        _edges(group["edges"][()]) if "edges" in group else (),
        _metadata(group),
    )


def _metadata(group: Any) -> Mapping[str, Any] | None:
    place = group.get("metadata")
    kept = place.get(METADATA) if isinstance(place, h5py.Group) else None
    return _members(kept) if isinstance(kept, h5py.Group) else None


def _members(group: Any) -> dict[str, Any]:
    return {key: _members(item) if isinstance(item, h5py.Group) else item[()] for key, item in group.items()}


def _edges(stored: Any) -> tuple[tuple[str, str], ...]:
    edges = np.asarray(stored)
    if edges.size and (edges.ndim != 2 or edges.shape[1] != 2):
        raise ValueError(f"its edges have shape {edges.shape}, not [E, 2]")
    return tuple((_text(source), _text(target)) for source, target in edges.reshape(-1, 2))


def tree_of(description: Mapping[str, Any]) -> Tree:
    """The tree of ``nir.NIRGraph.to_dict()``."""
    members = {
        key: value if isinstance(value, (str, dict)) else np.asarray(value)
        for key, value in description.items()
        if key not in ("type", "nodes", "edges", "metadata", "version") and value is not None
    }
    nodes = {key: tree_of(value) for key, value in description.get("nodes", {}).items()}
    edges = tuple((str(source), str(target)) for source, target in description.get("edges", ()))
    kept = (description.get("metadata") or {}).get(METADATA)
    return Tree(str(description["type"]), members, nodes, edges, kept if isinstance(kept, dict) else None)
