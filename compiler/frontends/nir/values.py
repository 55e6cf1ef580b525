"""Ops as nested dictionaries of numbers, arrays and text, which metadata of NIR can hold, and back.

What is read is not trusted: every member is checked against the type that its class declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
from scipy import sparse

from axonc.ir import Kind
from axonc.ir.ops import RESETS, Array, FixedGate, FixedMembrane, FixedSynapse, QuantConv, QuantLinear
from axonc.ir.serialize import CLASSES, checked_csr

FIELD = "field:"
"""Text that begins with this stands for the array in a field of the node."""

WHOLE = (FixedSynapse, FixedMembrane, FixedGate, QuantLinear, QuantConv)
"""Classes whose arrays hold integers; the scale of weights is a number."""

TEXTS = {"sees": ("new", "old"), "compare": ("gt", "ge"), "reset": RESETS}
"""Members that have only these values."""

MAX_INT = 1 << 31


def encode(value: Any, standard: Mapping[str, Any]) -> Any:
    """``value`` as metadata; None, and what stands in a field of ``standard`` already, is left out or named."""
    if isinstance(value, np.ndarray):
        return _encode_array(value, standard)
    if isinstance(value, sparse.csr_array):
        parts = {name: encode(getattr(value, name), {}) for name in ("data", "indices", "indptr")}
        return {"class": "csr", "shape": np.asarray(value.shape, np.int64), **parts}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return _encode_tuple(value)
    if is_dataclass(value) and not isinstance(value, type):
        members = {member.name: getattr(value, member.name) for member in fields(value)}
        encoded = {name: encode(member, standard) for name, member in members.items() if member is not None}
        return {"class": type(value).__name__, **encoded}
    return value


def _encode_array(value: Array, standard: Mapping[str, Any]) -> Any:
    for name, other in standard.items():
        if isinstance(other, np.ndarray) and _same(value, other):
            return FIELD + name
    return value[()] if value.ndim == 0 else np.ascontiguousarray(value)


def _same(one: Array, other: Array) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def _encode_tuple(value: tuple[Any, ...]) -> Any:
    if all(isinstance(item, int) for item in value):
        return np.asarray(value, np.int64)
    return {str(index): encode(item, {}) for index, item in enumerate(value)}


def decode(value: Any, hint: Any, standard: Mapping[str, Any]) -> Any:
    """The value of type ``hint`` that `encode` wrote; ValueError or TypeError if it is none."""
    options = get_args(hint) if get_origin(hint) in (UnionType, Union) else (hint,)
    if value is None:
        if NoneType in options:
            return None
        raise ValueError("a member is missing")
    if isinstance(value, Mapping):
        return _decode_group(value, options, standard)
    plain = [option for option in options if option in (int, str, bool, Kind)]
    if plain:
        return _SCALARS[plain[0]](value)
    if any(get_origin(option) is tuple for option in options):
        return _shape(value)
    if any(get_origin(option) is np.ndarray for option in options):
        return _array(value, standard)
    raise TypeError(f"a {type(value).__name__} where {options[0]} belongs")


def _decode_group(value: Mapping[str, Any], options: tuple[Any, ...], standard: Mapping[str, Any]) -> Any:
    sequence = next((option for option in options if get_origin(option) is tuple), None)
    if sequence is not None:
        items = [value[str(index)] for index in range(len(value))]
        return tuple(decode(item, get_args(sequence)[0], standard) for item in items)
    name = _text(value.get("class"))
    if name == "csr" and sparse.csr_array in options:
        parts = tuple(_array(value[part], {}) for part in ("data", "indices", "indptr"))
        return checked_csr(parts, _shape(value["shape"]))
    cls = CLASSES.get(name)
    if cls is None or not any(isinstance(option, type) and issubclass(cls, option) for option in options):
        raise ValueError(f"the class {name[:60]!r} is not known here")
    return _decode_class(value, cls, standard)


def _decode_class(value: Mapping[str, Any], cls: type[Any], standard: Mapping[str, Any]) -> Any:
    hints = _hints(cls)
    unknown = set(value) - set(hints) - {"class"}
    if unknown:
        raise ValueError(f"{cls.__name__} has no {sorted(unknown)[0][:60]!r}")
    members = {name: decode(value.get(name), hint, standard) for name, hint in hints.items()}
    _check_members(cls, members)
    return cls(**members)


def _hints(cls: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {member.name: hints[member.name] for member in fields(cls)}


def _check_members(cls: type[Any], members: Mapping[str, Any]) -> None:
    for name, member in members.items():
        if name in TEXTS and member not in TEXTS[name]:
            raise ValueError(f"{name} is {member[:60]!r}")
        data = member.data if isinstance(member, sparse.csr_array) else member
        if cls in WHOLE and name != "scale" and isinstance(data, np.ndarray) and data.dtype.kind not in "iu":
            raise ValueError(f"{name} of {cls.__name__} holds {data.dtype}, not integers")
        if name in ("bits", "spikes") and member < 1:
            raise ValueError(f"{name} is {member}")


def _array(value: Any, standard: Mapping[str, Any]) -> Array:
    if isinstance(value, (str, bytes)):
        name = _text(value)
        if not name.startswith(FIELD) or name[len(FIELD) :] not in standard:
            raise ValueError(f"the text {name[:60]!r} where an array belongs")
        value = standard[name[len(FIELD) :]]
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise ValueError(f"an array of {array.dtype}")
    return array


def _shape(value: Any) -> tuple[int, ...]:
    array = np.asarray(value)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError("a shape that is no list of whole numbers")
    return tuple(_int(extent) for extent in array)


def _int(value: Any) -> int:
    array = np.asarray(value)
    if array.ndim or array.dtype.kind not in "iu" or abs(int(array)) > MAX_INT:
        raise ValueError("a member that is no whole number of 32 bits")
    return int(array)


def _bool(value: Any) -> bool:
    array = np.asarray(value)
    if array.ndim or array.dtype.kind != "b":
        raise ValueError("a member that is neither true nor false")
    return bool(array)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, str):
        raise ValueError("a member that is no text")
    return value


_SCALARS: Mapping[Any, Any] = {int: _int, str: _text, bool: _bool, Kind: lambda value: Kind(_text(value))}
