"""Reading an ONNX file: its bytes, and tensors that it keeps in other files of its folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, numpy_helper

from axonc.ir import Diagnostic, ModelError
from axonc.ir.elements import ELEMENTS
from axonc.ir.files import file_errors
from axonc.ir.ops import Array

MAX_MODEL = (2 << 30) - 1
"""What a protobuf can hold; larger models keep their tensors in files beside."""

MAX_TENSORS = 64 << 30
"""The most that all tensors of a model may take."""

MAX_DEPTH = 16
"""The deepest nesting of graphs in graphs."""

TYPES: dict[int, np.dtype[Any]] = {
    TensorProto.FLOAT: np.dtype(np.float32),
    TensorProto.DOUBLE: np.dtype(np.float64),
    **{
        number: ELEMENTS[name.lower()]
        for name, number in TensorProto.DataType.items()
        if name.lower() in ELEMENTS and name.lower() not in ("float32", "float64")
    },
}
"""The element types of ONNX that a signal can have; not among them: strings and complex numbers."""


def read_proto(path: Path) -> tuple[ModelProto, str]:
    """The model in a file and the SHA-256 of its bytes; tensors in other files are not read yet."""
    with file_errors(path):
        if path.stat().st_size > MAX_MODEL:
            raise refused(path.name, "the file is too large", "2 GB: keep the tensors as external data")
        content = path.read_bytes()
    try:
        return onnx.load_model_from_string(content), hashlib.sha256(content).hexdigest()
    except (DecodeError, ValueError, RuntimeError) as error:
        found = f"not an ONNX model: {error}"
        raise ModelError(Diagnostic("AX101", path.name, found, "", "export it again")) from error


def refused(name: str, found: str, limit: str, remedy: str = "export the model again") -> ModelError:
    """The error of a file that reaches outside itself, or is too large."""
    return ModelError(Diagnostic("AX105", shown(name), found, limit, remedy))


def shown(name: str) -> str:
    """A name as it may be printed."""
    return name if name.isprintable() else ascii(name)


def tensors(graph: GraphProto, depth: int = 0) -> Iterator[TensorProto]:
    """Every tensor of a graph and of the graphs inside."""
    if depth > MAX_DEPTH:
        raise refused(graph.name, "its graphs are nested too deep", f"at most {MAX_DEPTH} deep")
    yield from graph.initializer
    if graph.sparse_initializer:
        raise refused(graph.sparse_initializer[0].values.name, "a sparse initializer", "dense ones are read")
    for node in graph.node:
        yield from tensors_of(node, depth)


def tensors_of(node: NodeProto, depth: int = 0) -> Iterator[TensorProto]:
    """Every tensor in the attributes of a node."""
    for attribute in node.attribute:
        if attribute.type == AttributeProto.TENSOR:
            yield attribute.t
        elif attribute.type == AttributeProto.TENSORS:
            yield from attribute.tensors
        for inner in [attribute.g] if attribute.type == AttributeProto.GRAPH else attribute.graphs:
            yield from tensors(inner, depth + 1)


def check_tensors(model: ModelProto, folder: Path | None) -> None:
    """Refuse absurd shapes, and external data outside the model's folder or too short, before any is read."""
    size = 0
    in_functions = (tensor for function in model.functions for node in function.node for tensor in tensors_of(node))
    for tensor in (*tensors(model.graph), *in_functions):
        size += _checked(tensor, folder)
        if size > MAX_TENSORS:
            raise refused(tensor.name, f"its tensors take more than {MAX_TENSORS >> 30} GiB", "that much is read")


def _checked(tensor: TensorProto, folder: Path | None) -> int:
    """The bytes of a tensor."""
    if any(extent < 0 for extent in tensor.dims):
        raise refused(tensor.name, f"a tensor of shape {tuple(tensor.dims)}", "extents from 0")
    if tensor.data_type not in TYPES:
        return 0  # refused where it is used
    count = prod(tensor.dims)
    if tensor.data_location == TensorProto.EXTERNAL:
        path, offset, length = located(tensor, folder)
        wanted = -(-count * bits(tensor) // 8)
        if length != wanted or offset < 0 or offset + length > path.stat().st_size:
            found = f"{length} bytes from {offset} of a file of {path.stat().st_size}, for {wanted}"
            raise refused(tensor.name, found, "all of the tensor, inside the file")
    elif tensor.HasField("raw_data") and len(tensor.raw_data) != -(-count * bits(tensor) // 8):
        found = f"{len(tensor.raw_data)} bytes for a shape of {tuple(tensor.dims)}"
        raise refused(tensor.name, found, f"{-(-count * bits(tensor) // 8)} bytes")
    elif not tensor.HasField("raw_data") and count > tensor.ByteSize() * 8:
        raise refused(tensor.name, f"a shape of {tuple(tensor.dims)}", "as many numbers as the file holds")
    return int(count * TYPES[tensor.data_type].itemsize)


def bits(tensor: TensorProto) -> int:
    """Bits of an element in a file."""
    name = TensorProto.DataType.Name(tensor.data_type).lower()
    return {"int4": 4, "uint4": 4, "float4e2m1": 4, "int2": 2, "uint2": 2}.get(
        name, TYPES[tensor.data_type].itemsize * 8
    )


def located(tensor: TensorProto, folder: Path | None) -> tuple[Path, int, int]:
    """File, offset and length of a tensor's external data."""
    fields = {entry.key: entry.value for entry in tensor.external_data}
    location = fields.get("location", "")
    if folder is None:
        raise refused(
            tensor.name, "external data of a model in memory", "the file's folder is not known", "load the file"
        )
    path, inside = folder / location, folder.resolve()
    if (
        not location
        or Path(location).is_absolute()
        or ".." in Path(location).parts
        or "\\" in location
        or "\0" in location
    ):
        raise refused(tensor.name, f"external data in {location!a}", "a file in the model's folder")
    if not path.resolve().is_relative_to(inside) or not path.is_file():
        raise refused(tensor.name, f"external data in {location!a}", "an existing file in the model's folder")
    try:
        offset = int(fields.get("offset", "0") or 0)
        length = int(fields.get("length", "") or path.stat().st_size - offset)
    except ValueError as error:
        raise refused(tensor.name, f"external data at {fields!a}", "offset and length are numbers") from error
    return path, offset, length


def array_of(tensor: TensorProto, folder: Path | None) -> Array:
    """The numbers of a checked tensor; large ones stay in their file until they are used."""
    if tensor.data_location != TensorProto.EXTERNAL:
        try:
            return np.asarray(numpy_helper.to_array(tensor))
        except (TypeError, ValueError) as error:
            raise refused(
                tensor.name, f"data for a shape of {tuple(tensor.dims)}: {error}", "as many numbers"
            ) from error
    path, offset, length = located(tensor, folder)
    if length == 0:
        return np.zeros(tuple(tensor.dims), TYPES[tensor.data_type])
    raw = np.memmap(path, np.uint8, "r", offset, length)
    if bits(tensor) < 8:
        held = TensorProto(dims=tensor.dims, data_type=tensor.data_type, raw_data=raw.tobytes())
        return np.asarray(numpy_helper.to_array(held))
    return raw.view(TYPES[tensor.data_type]).reshape(tuple(tensor.dims))
