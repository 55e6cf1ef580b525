"""Operators that the ONNX standard itself defines by others: their function bodies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from onnx import FunctionProto, NodeProto, TypeProto, defs, helper

from axonc.ir.elements import dtype_of

from .call import Item
from .draft import Value
from .files import TYPES

_NUMBERS = {dtype: number for number, dtype in TYPES.items()}


def standard_body(node: NodeProto, version: int, inputs: Sequence[Item | None]) -> FunctionProto | None:
    """The function that defines a standard operator in an operator set; None if it is not so defined."""
    try:
        schema: Any = defs.get_schema(node.op_type, version, "")
    except defs.SchemaError:
        return None
    if schema.has_function:
        body: bytes = schema.function_body.SerializeToString()
        return cast(FunctionProto, FunctionProto.FromString(body))
    if not schema.has_context_dependent_function:
        return None
    types = [_type(item).SerializeToString() for item in inputs]
    versions = [known for known in schema.context_dependent_function_opset_versions if known <= version]
    try:
        text = schema.get_context_dependent_function_with_opset_version(
            max(versions, default=schema.since_version), node.SerializeToString(), types
        )
    except RuntimeError:
        return None
    return cast(FunctionProto, FunctionProto.FromString(text)) if text else None


def has_body(operator: str, version: int) -> bool:
    """Whether an operator is defined by others."""
    try:
        schema: Any = defs.get_schema(operator, version, "")
    except defs.SchemaError:
        return False
    return bool(schema.has_function or schema.has_context_dependent_function)


def _type(item: Item | None) -> TypeProto:
    if not isinstance(item, Value):
        return TypeProto()
    return helper.make_tensor_type_proto(_NUMBERS[dtype_of(item.signal.format)], item.shape)
