"""Whether two graphs are the same, member by member and bit by bit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from scipy import sparse

from axonc import Graph


def differences(one: Graph, other: Graph) -> list[str]:
    """The paths of everything that differs; the order in memory of an array does not count."""
    found = list(_heads(one, other))
    if [node.name for node in one] != [node.name for node in other]:
        return [*found, "nodes"]
    for mine, theirs in zip(one, other, strict=True):
        if (mine.inputs, mine.origin) != (theirs.inputs, theirs.origin):
            found.append(f"{mine.name}: inputs or origin")
        found += _values(mine.op, theirs.op, mine.name)
    return found


def _heads(one: Graph, other: Graph) -> list[str]:
    heads = ("name", "stage", "dt")
    changed = [name for name in heads if getattr(one, name) != getattr(other, name)]
    return changed + ["properties"] * (dict(one.properties) != dict(other.properties))


def _values(one: Any, other: Any, path: str) -> list[str]:
    if type(one) is not type(other):
        return [f"{path}: {type(one).__name__}, {type(other).__name__}"]
    if isinstance(one, np.ndarray):
        same = one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
        return [] if same else [path]
    if isinstance(one, sparse.csr_array):
        parts = ("data", "indices", "indptr")
        return _members(one, other, parts, path) + ([] if one.shape == other.shape else [f"{path}.shape"])
    if is_dataclass(one) and not isinstance(one, type):
        return _members(one, other, [member.name for member in fields(one)], path)
    return [] if one == other else [path]


def _members(one: Any, other: Any, names: Iterable[str], path: str) -> list[str]:
    return [found for name in names for found in _values(getattr(one, name), getattr(other, name), f"{path}.{name}")]
