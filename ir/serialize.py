"""A graph as bytes and back: a zip of one JSON description and one ``.npy`` an array. Same graph, same bytes."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from . import ops, signal
from .diagnostics import Diagnostic, ModelError
from .elements import ELEMENTS, format_of
from .files import file_errors, write_file
from .graph import Graph, Node
from .verifier import require_valid

VERSION = 1
MAX_BYTES = 2 << 30
"""The most that a file may unpack to."""

DAMAGE = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, RuntimeError, TypeError, ValueError),
    *(zipfile.BadZipFile, zlib.error),
)
"""What reading a damaged or hostile file may raise."""

CLASSES: dict[str, type[Any]] = {
    cls.__name__: cls
    for cls in (
        *ops.OPS,
        ops.Axis,
        ops.Synapse,
        ops.Membrane,
        ops.Gate,
        ops.FixedSynapse,
        ops.FixedMembrane,
        ops.FixedGate,
        ops.FixedLanes,
        *ops.SURROGATES,
        signal.Signal,
        signal.Element,
        signal.Fixed,
        signal.Float,
    )
}
"""Everything that a graph is made of, by name."""


def to_bytes(graph: Graph) -> bytes:
    """The file form of ``graph``."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    description = {
        "axonc_graph": VERSION,
        "name": graph.name,
        "stage": graph.stage,
        "dt": graph.dt,
        "properties": dict(sorted(graph.properties.items())),
        "nodes": [_node(node, arrays) for node in graph],
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo("graph.json"), json.dumps(description, indent=1))
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array, allow_pickle=False)
            file.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return buffer.getvalue()


def from_bytes(data: bytes) -> Graph:
    """The graph that `to_bytes` wrote; `ModelError` if it is not one, or not a valid graph."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            size = sum(member.file_size for member in file.infolist())
            if size > MAX_BYTES:
                raise ValueError(f"it unpacks to {size} bytes, at most {MAX_BYTES} are read")
            return require_valid(_decode_graph(json.loads(file.read("graph.json")), file))
    except DAMAGE as error:
        found = f"not an axonc graph file: {error}"
        raise ModelError(Diagnostic("AX101", "", found, "", "write it with axonc")) from error


def load_graph(path: Path) -> Graph:
    """The graph in a file."""
    with file_errors(path):
        return from_bytes(path.read_bytes())


def save_graph(graph: Graph, path: Path) -> None:
    """Write `to_bytes` to a file, whole or not at all."""
    if path.suffix != ".axg":
        raise ModelError(
            Diagnostic("AX703", str(path), "a graph file of another type", "its name ends in .axg", "rename it")
        )
    write_file(path, to_bytes(graph))


def _node(node: Node, arrays: dict[str, np.ndarray[Any, Any]]) -> dict[str, Any]:
    described = {"name": node.name, "inputs": list(node.inputs), "origin": node.origin, "op": _encode(node.op, arrays)}
    return {**described, "reads": list(node.reads)} if node.reads else described


def _encode(value: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind == "V":  # numpy files cannot name the types of ml_dtypes
        held = value.view(f"u{value.dtype.itemsize}")
        return {"array": _store(held, arrays), "element": str(format_of(value.dtype))}
    if isinstance(value, np.ndarray):
        return {"array": _store(value, arrays)}
    if isinstance(value, sparse.csr_array):
        parts = [_store(part, arrays) for part in (value.data, value.indices, value.indptr)]
        return {"csr": parts, "shape": list(value.shape)}
    if isinstance(value, signal.Kind):
        return {"kind": value.value}
    if isinstance(value, tuple):
        return {"tuple": [_encode(item, arrays) for item in value]}
    if dataclasses.is_dataclass(value):
        members = {f.name: _encode(getattr(value, f.name), arrays) for f in dataclasses.fields(value)}
        return {"class": type(value).__name__, "fields": members}
    return value


def _store(array: np.ndarray[Any, Any], arrays: dict[str, np.ndarray[Any, Any]]) -> str:
    name = f"a{len(arrays):05d}"
    arrays[name] = array
    return name


def _decode_graph(description: dict[str, Any], file: zipfile.ZipFile) -> Graph:
    if description.get("axonc_graph") != VERSION:
        raise ValueError(f"version {description.get('axonc_graph')}, this axonc reads {VERSION}")
    nodes = tuple(
        Node(n["name"], _decode_op(n["op"], file), tuple(n["inputs"]), n["origin"], tuple(n.get("reads", ())))
        for n in description["nodes"]
    )
    return Graph(description["name"], nodes, description["stage"], description["dt"], description["properties"])


def _decode_op(value: Any, file: zipfile.ZipFile) -> ops.Op:
    op = _decode(value, file)
    if not isinstance(op, ops.Op):
        raise TypeError(f"a node holds {type(op).__name__}, not an op")
    return op


def _decode(value: Any, file: zipfile.ZipFile) -> Any:
    if not isinstance(value, dict):
        return value
    if "array" in value:
        array = _load(value["array"], file)
        return array.view(ELEMENTS[value["element"]]) if "element" in value else array
    if "csr" in value:
        return checked_csr(tuple(_load(part, file) for part in value["csr"]), tuple(value["shape"]))
    if "kind" in value:
        return signal.Kind(value["kind"])
    if "tuple" in value:
        return tuple(_decode(item, file) for item in value["tuple"])
    members = {name: _decode(member, file) for name, member in value["fields"].items()}
    return CLASSES[value["class"]](**members)


def checked_csr(parts: tuple[np.ndarray[Any, Any], ...], shape: tuple[int, ...]) -> sparse.csr_array:
    """The matrix of data, indices and indptr; ValueError if they point outside it."""
    rows, columns = shape
    matrix = sparse.csr_array(parts, shape=(rows, columns))
    matrix.check_format(full_check=True)
    return matrix


def _load(name: str, file: zipfile.ZipFile) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any] = np.load(io.BytesIO(file.read(f"{name}.npy")), allow_pickle=False)
    return array
