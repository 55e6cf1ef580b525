"""Reading a NIR file from the HDF5 itself: nothing is trusted, nothing is filled in silently."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from axonc.ir import Diagnostic, ModelError

MAX_BYTES = 2 << 30
"""The most that all arrays of a file may take in memory: a compressed file can claim any size."""

MAX_DEPTH = 32
"""The deepest nesting of graphs."""


@dataclass(frozen=True)
class Tree:
    """One node as the file holds it: its type, its fields and, for a graph, its nodes and edges."""

    type: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    nodes: Mapping[str, Tree] = field(default_factory=dict)
    edges: tuple[tuple[str, str], ...] = ()


def read_tree(path: Path) -> tuple[Tree, str, str]:
    """The tree of a file, the version of its writer (``unknown`` where absent), and the SHA-256 of its bytes."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(Diagnostic("AX703", str(path), error.strerror or str(error))) from error
    try:
        with open_checked(content, path.name) as file:
            version = _text(file["version"][()]) if "version" in file else "unknown"
            return _read(file["node"], 0), version, hashlib.sha256(content).hexdigest()
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        remedy = "write it with nir.write"
        raise ModelError(Diagnostic("AX101", path.name, f"not a NIR file: {error}", "", remedy)) from error


def open_checked(content: bytes, name: str) -> h5py.File:
    """The HDF5 file with these bytes; `ModelError` if it has links, or claims more than `MAX_BYTES`."""
    file = h5py.File(io.BytesIO(content), "r")
    _refuse_links(file, name)
    _refuse_size(file, name)
    return file


def _refuse_links(file: h5py.File, name: str) -> None:
    pending = [file["/"]]
    seen = {file["/"].id.__hash__()}
    while pending:
        group = pending.pop()
        for key in group:
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                raise ModelError(Diagnostic("AX105", name, f"{group.name}/{key} is a link", "links are refused"))
            child = group[key]
            if isinstance(child, h5py.Group):
                if child.id.__hash__() in seen:
                    raise ModelError(Diagnostic("AX105", name, f"{child.name} is linked twice", "links are refused"))
                seen.add(child.id.__hash__())
                pending.append(child)


def _refuse_size(file: h5py.File, name: str) -> None:
    sizes: list[int] = []
    file.visititems(lambda _, item: sizes.append(item.nbytes) if isinstance(item, h5py.Dataset) else None)
    if sum(sizes) > MAX_BYTES:
        limit = f"at most {MAX_BYTES / 1e9:.1f} GB"
        raise ModelError(Diagnostic("AX105", name, f"its arrays take {sum(sizes) / 1e9:.1f} GB", limit))


def _text(value: Any) -> str:
    return value.decode("utf8", "replace") if isinstance(value, bytes) else str(value)


def _read(group: Any, depth: int) -> Tree:
    if depth > MAX_DEPTH:
        raise ValueError(f"graphs are nested more than {MAX_DEPTH} deep")
    if not isinstance(group, h5py.Group) or "type" not in group:
        raise ValueError(f"{group.name} has no type (a '/' in a node's name splits it in two)")
    members = {key: item for key, item in group.items() if key not in ("type", "nodes", "edges", "metadata")}
    nodes = {key: _read(item, depth + 1) for key, item in group["nodes"].items()} if "nodes" in group else {}
    edges = group["edges"][()] if "edges" in group else ()
    return Tree(
        _text(group["type"][()]),
        {key: item[()] for key, item in members.items() if isinstance(item, h5py.Dataset)},
        nodes,
        tuple((_text(source), _text(target)) for source, target in edges),
    )


def tree_of(description: Mapping[str, Any]) -> Tree:
    """The tree of ``nir.NIRGraph.to_dict()``."""
    members = {
        key: value if isinstance(value, (str, dict)) else np.asarray(value)
        for key, value in description.items()
        if key not in ("type", "nodes", "edges", "metadata", "version") and value is not None
    }
    nodes = {key: tree_of(value) for key, value in description.get("nodes", {}).items()}
    edges = tuple((str(source), str(target)) for source, target in description.get("edges", ()))
    return Tree(str(description["type"]), members, nodes, edges)
