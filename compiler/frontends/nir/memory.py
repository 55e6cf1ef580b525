"""The tree of a `nir.NIRGraph` in memory. Its fields may hold anything: numbers, lists, tensors, None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from axonc.ir import Diagnostic, ModelError

from .fields import copied
from .guard import MAX_DEPTH
from .tree import Tree

SHAPES = {"Input": ("shape", "input_type", "input"), "Output": ("shape", "output_type", "output")}
"""Nodes that state a shape: its name in a file, the attribute and the key that hold it in memory."""

TYPES_OF = ("input_type", "output_type")
"""What the nir package derives; a `Flatten` alone stores its input type."""


def tree_of(model: object, depth: int = 0) -> Tree:
    """The tree of a graph or node; values are copied, so that the graph does not change with the model."""
    if depth > MAX_DEPTH // 2:
        found, limit = "its graphs are nested too deep, or contain themselves", f"at most {MAX_DEPTH // 2} deep"
        raise ModelError(Diagnostic("AX105", "", found, limit, "flatten the graph"))
    if isinstance(nodes := getattr(model, "nodes", None), Mapping):
        inner = {str(name): tree_of(node, depth + 1) for name, node in nodes.items()}
        return Tree("NIRGraph", {}, inner, _edges(model), _metadata(model))
    kind = type(model).__name__
    return Tree(kind, _fields(kind, model), metadata=_metadata(model))


def _fields(kind: str, node: object) -> dict[str, Any]:
    if not is_dataclass(node):
        return {}
    held = {field.name: getattr(node, field.name, None) for field in fields(node)}
    if kind in SHAPES:
        name, attribute, key = SHAPES[kind]
        held[name] = _shape(held.get(attribute), key)
    stated = {"input_type": _shape(held.get("input_type"), "input")} if kind == "Flatten" else {}
    kept = {name: value for name, value in held.items() if name not in (*TYPES_OF, "metadata")}
    return {name: copied(value) for name, value in {**kept, **stated}.items() if value is not None}


def _shape(types: Any, key: str) -> Any:
    return types.get(key) if isinstance(types, Mapping) else types


def _edges(model: object) -> tuple[tuple[str, str], ...]:
    try:
        return tuple((str(source), str(target)) for source, target in getattr(model, "edges", ()))
    except (TypeError, ValueError) as error:
        found = f"the edges are no pairs of names: {error}"
        raise ModelError(Diagnostic("AX104", "", found, "an edge joins two nodes", "correct the edges")) from error


def _metadata(model: object) -> Mapping[str, Any]:
    found = getattr(model, "metadata", None)
    return dict(found) if isinstance(found, Mapping) else {}
