"""Reading a NIR file from the HDF5 itself: nothing is trusted, nothing is filled in silently."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from axonc.ir import Diagnostic, ModelError

from .guard import items, open_bytes, value
from .tree import Tree

OWN = ("type", "nodes", "edges", "metadata")
"""Members of a node that are not its fields."""


def read_tree(path: Path) -> tuple[Tree, str, str]:
    """The tree of a file, the version of its writer (``unknown`` where absent), and the SHA-256 of its bytes."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(Diagnostic("AX703", str(path), error.strerror or str(error))) from error
    with ThreadPoolExecutor(1) as beside:
        digest = beside.submit(lambda: hashlib.sha256(content).hexdigest())
        tree, version = _tree(content, path.name)
        return tree, version, digest.result()


def _tree(content: bytes, name: str) -> tuple[Tree, str]:
    try:
        with open_bytes(content) as file:
            root = _members(file, name)
            version = _line(_text(root["version"])) if "version" in root else "unknown"
            return _read("node", root["node"]), version
    except (OSError, KeyError, RuntimeError, TypeError, ValueError, MemoryError) as error:
        remedy = "write it with nir.write"
        raise ModelError(Diagnostic("AX101", name, f"not a NIR file: {error}", "", remedy)) from error


def _members(file: h5py.File, name: str) -> dict[str, Any]:
    """All groups of a file as dictionaries, in each other; of its datasets, those of the model, read.

    Each is read as soon as it is found: HDF5 slows down with the number of open objects.
    """
    groups: dict[str, dict[str, Any]] = {"": {}}
    for path, item in items(file, name):
        parent, _, key = path.rpartition("/")
        if isinstance(item, h5py.h5d.DatasetID) and path.startswith(("node/", "version")):
            groups[parent][key] = value(item)
        elif isinstance(item, h5py.h5g.GroupID):
            groups[path] = groups[parent][key] = {}
    return groups[""]


def _text(value: Any) -> str:
    return value.decode("utf8", "replace") if isinstance(value, bytes) else str(value)


def _line(text: str) -> str:
    """A short text that can be shown."""
    return (text if text.isprintable() else ascii(text))[:40]


def _read(path: str, group: Any) -> Tree:
    if not isinstance(group, dict) or isinstance(group.get("type", {}), dict):
        raise ValueError(f"/{path} has no type (a '/' in a node's name splits it in two)")
    nodes, edges = group.get("nodes", {}), group.get("edges")
    return Tree(
        _text(group["type"]),
        {key: item for key, item in group.items() if key not in OWN and not isinstance(item, dict)},
        {key: _read(f"{path}/nodes/{key}", item) for key, item in nodes.items()} if isinstance(nodes, dict) else {},
        () if edges is None or isinstance(edges, dict) else _edges(edges),
        remarks if isinstance(remarks := group.get("metadata"), dict) else {},
    )


def _edges(stored: Any) -> tuple[tuple[str, str], ...]:
    edges = np.asarray(stored)
    if edges.size and (edges.ndim != 2 or edges.shape[1] != 2):
        raise ValueError(f"its edges have shape {edges.shape}, not [E, 2]")
    return tuple((_text(source), _text(target)) for source, target in edges.reshape(-1, 2))
