"""What axonc keeps in the metadata of a NIR file that it wrote, and the graph that this gives back.

The metadata of the graph: ``version``; ``stage``; ``dt`` (absent if there is none); ``about``, JSON: its name and
properties; ``digests``, JSON: a SHA-256 of the fields of every node, and of the edges under an empty name.

The metadata of a node: ``place``, JSON: index, name, inputs, origin; ``op``: the op, its members by name, where
``field:NAME`` stands for the array in that field. A node that only helps to express another one has ``{"part_of":
NAME}`` as its place.

The fields are what counts: metadata whose digests are not those of the fields are told and left aside.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from axonc.ir import Graph, ModelError, Node, require_valid
from axonc.ir.ops import Op
from axonc.ir.serialize import DAMAGE

from .fields import MAX_ELEMENTS, as_array
from .report import Report
from .tree import METADATA, Tree
from .values import decode

VERSION = 1


def digests(tree: Tree) -> dict[str, str]:
    """A SHA-256 of the fields of every node, and of the edges, whatever their order, under an empty name."""
    found = {name: _digest(node) for name, node in sorted(tree.nodes.items())}
    edges = json.dumps(sorted(tree.edges))
    return {"": hashlib.sha256(edges.encode()).hexdigest(), **found}


def _digest(node: Tree) -> str:
    content = hashlib.sha256(node.type.encode())
    for name, value in sorted(node.fields.items()):
        content.update(f"\0{name}\0".encode())
        content.update(_canonical(value))
    for name, inner in digests(node).items() if node.nodes else ():
        content.update(f"\0{name}\0{inner}".encode())
    return content.hexdigest()


def _canonical(value: Any) -> bytes:
    """The same bytes for a value in memory and in a file: integers of any width are equal."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    array = as_array(value)
    if array is None or array.dtype.kind not in "fiub":
        return ascii(value).encode()
    if array.dtype.kind in "iub":
        array = array.astype("<i8")
    little = array.astype(array.dtype.newbyteorder("<"))
    return f"{little.dtype.str}{little.shape}".encode() + np.ascontiguousarray(little).tobytes()


def restored(tree: Tree, report: Report) -> Graph | None:
    """The graph that axonc wrote into ``tree``; None, and why, where there is none or its fields are others now."""
    if tree.kept is None and METADATA in tree.metadata:
        _told("no group of entries", report)
        return None
    if tree.kept is None:
        stray = [name for name, node in tree.nodes.items() if node.kept is not None]
        if stray:
            found = "axonc wrote it as a part of another graph"
            report.repair("AX120", stray[0], found, "its fields were taken: metadata left aside")
        return None
    try:
        changed = _changed(tree, _json(tree.kept.get("digests"), dict))
        if not changed:
            return _graph(tree, tree.kept)
        listed = ", ".join(changed[:5]) + (", ..." if len(changed) > 5 else "")
        report.repair(
            "AX120", listed, "not as axonc wrote it", "the whole file was read as any other: metadata left aside"
        )
    except ModelError as error:
        _told(error.diagnostics[0], report)
    except DAMAGE as error:
        _told(f"{type(error).__name__}: {error}", report)
    return None


def _told(why: object, report: Report) -> None:
    report.repair("AX121", "", f"axonc's metadata: {str(why)[:300]}", "the fields of the file were taken")


def _changed(tree: Tree, stated: Mapping[str, Any]) -> list[str]:
    true = digests(tree)
    names = sorted({*true, *stated})
    return [name or "the edges" for name in names if true.get(name) != stated.get(name)]


def _json(value: Any, kind: type[Any]) -> Any:
    text = value.decode() if isinstance(value, bytes) else value
    if not isinstance(text, str):
        raise ValueError("a text is missing")
    found = json.loads(text)
    if not isinstance(found, kind):
        raise ValueError(f"JSON that is no {kind.__name__}")
    return found


def _graph(tree: Tree, kept: Mapping[str, Any]) -> Graph:
    version = np.asarray(kept.get("version"))
    if version.ndim or version != VERSION:
        raise ValueError(f"version {version!s:.20}, this axonc reads {VERSION}")
    about, stage = _json(kept.get("about"), dict), kept.get("stage")
    stage = stage.decode() if isinstance(stage, bytes) else stage
    if stage not in ("model", "steps"):
        raise ValueError("the stage is unknown")
    placed = sorted(((*_place(node), node) for node in tree.nodes.values()), key=lambda found: found[0])
    nodes = tuple(_node(place, node) for index, place, node in placed if index >= 0)
    graph = Graph(_text(about, "name"), nodes, stage, _dt(kept.get("dt")), _texts(about.get("properties")))
    for name, signal in require_valid(graph).signals.items():
        if prod(signal.shape) > MAX_ELEMENTS or (signal.shape and min(signal.shape) < 1) or signal.peak < 1:
            raise ValueError(f"the signal {signal} of {name[:60]!r}")
    return graph


def _place(node: Tree) -> tuple[int, Mapping[str, Any]]:
    """The index of a node in the graph and its place; -1 for a node that only helps another one."""
    if node.kept is None:
        raise ValueError("a node has no metadata")
    place: Mapping[str, Any] = _json(node.kept.get("place"), dict)
    if "part_of" in place:
        return -1, place
    index = place.get("index")
    if not isinstance(index, int) or index < 0:
        raise ValueError("a node has no index")
    return index, place


def _node(place: Mapping[str, Any], node: Tree) -> Node:
    inputs = place.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(name, str) for name in inputs):
        raise ValueError("inputs that are no names")
    assert node.kept is not None
    standard = {name: array for name, value in node.fields.items() if (array := as_array(value)) is not None}
    op = decode(node.kept.get("op"), Op, standard)
    return Node(_text(place, "name"), op, tuple(inputs), _text(place, "origin"))


def _text(place: Mapping[str, Any], name: str) -> str:
    text = place.get(name)
    if not isinstance(text, str):
        raise ValueError(f"{name} is no text")
    return text


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError("properties that are no texts")
    return value


def _dt(value: Any) -> float | None:
    if value is None:
        return None
    number = np.asarray(value)
    if number.ndim or number.dtype.kind != "f" or not 0 < number < np.inf:
        raise ValueError("dt is no number above 0")
    return float(number)
