"""What the writer of a model remarked, as one line of text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .fields import as_array
from .tree import METADATA, Tree

MOST = 400
"""Characters that are shown; a file may hold any amount."""

MOST_VALUES = 8
"""Of a larger array only the shape is told."""


def metadata_line(tree: Tree) -> str:
    """The metadata of a graph and of its nodes but axonc's own, by their paths, as JSON; empty if there are none."""
    others = (
        (path, {key: value for key, value in node.metadata.items() if key != METADATA})
        for path, node in _nodes(tree, "")
    )
    found = {path: _plain(metadata) for path, metadata in others if metadata}
    text = json.dumps(found, default=str) if found else ""
    return text if len(text) <= MOST else f"{text[:MOST]}..."


def _nodes(tree: Tree, path: str) -> Iterator[tuple[str, Tree]]:
    yield path, tree
    for name, node in tree.nodes.items():
        yield from _nodes(node, f"{path}/{name}" if path else name)


def _plain(value: Any, depth: int = 0) -> Any:
    if depth > MOST_VALUES:
        return "..."
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, bytes):
        return value.decode("utf8", "replace")
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    array = as_array(value)
    if array is None or array.dtype == object or array.size > MOST_VALUES:
        return f"{type(value).__name__} {getattr(array, 'shape', '')}".rstrip()
    return array.tolist() if array.dtype.kind in "biufU" else str(array)
