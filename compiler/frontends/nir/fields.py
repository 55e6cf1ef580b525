"""A node's fields, checked as they are taken."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from axonc.ir import Shape
from axonc.ir.ops import Array

from .report import Report

MAX_ELEMENTS = 1 << 24
"""The largest signal: what follows takes memory in proportion."""

MAX_WHOLE = 1 << 30
"""The largest stride, padding, dilation or axis: sums of them stay far from any overflow."""


class FieldError(Exception):
    """A field of a node is missing or unusable."""

    def __init__(self, found: str, limit: str = "", code: str = "AX103", remedy: str = "") -> None:
        super().__init__(found)
        self.found, self.limit, self.code = found, limit, code
        self.remedy = remedy or "correct the exporter, or export again"


class Fields:
    """The fields of the node ``name``; ``source`` is the shape of what feeds it, where it is known."""

    def __init__(self, name: str, fields: Mapping[str, Any], source: Shape | None, report: Report) -> None:
        self.name = name
        self.fields = fields
        self.source = source
        self.report = report

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def number(self, name: str) -> Array:
        """A numeric array, floats kept, anything else as float64."""
        if name not in self.fields:
            raise FieldError(f"{name} is missing")
        array = as_array(self.fields[name])
        if array is None or array.dtype.kind not in "fiu" or array.size == 0:
            raise FieldError(f"{name} holds {_kind(self.fields[name], array)}, not numbers")
        return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)

    def whole(self, name: str, count: int, default: int | None = None) -> tuple[int, ...]:
        """``count`` whole numbers: as many, or one for all."""
        if name not in self.fields and default is not None:
            return (default,) * count
        values = self.number(name).reshape(-1)
        if values.size not in (1, count) or not all(float(v).is_integer() and abs(v) < MAX_WHOLE for v in values):
            raise FieldError(f"{name} is {self.fields[name]!s}, not {count} whole numbers, or one")
        return tuple(int(value) for value in np.broadcast_to(values, (count,)))

    def text(self, name: str) -> str | None:
        """A text, or None where the field is none."""
        value = self.fields.get(name)
        value = value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value
        return (
            value.decode("utf8", "replace") if isinstance(value, bytes) else value if isinstance(value, str) else None
        )

    def parameters(self, names: tuple[str, ...], **defaults: float) -> dict[str, Array]:
        """Parameters of one population, float64, all of its shape; those with a default may be missing."""
        found = {name: self.number(name).astype(np.float64) for name in names}
        shape = population(tuple(array.shape for array in found.values()), self.source)
        if shape is None:
            limit = "one shape, or scalars behind a node that has one"
            listed = ", ".join(f"{name} {array.shape}" for name, array in found.items())
            raise FieldError(f"the parameters' shapes differ, or all are scalars: {listed}", limit)
        self._tell_spread(found, shape)
        for name, value in defaults.items():
            self.report.repair("AX114", self.name, f"it has no {name}", f"{value:g} taken, NIR's default")
        made = {name: fitted(array, shape) for name, array in found.items()}
        return {**{name: np.full(shape, value) for name, value in defaults.items()}, **_all(made)}

    def spread(self, name: str, array: Array, shape: Shape) -> Array:
        """``array`` made ``shape``; what that takes is told."""
        made = fitted(array, shape)
        if made is None:
            raise FieldError(f"{name} has shape {array.shape}", f"the shape is {shape}")
        self._tell_spread({name: array}, shape)
        return made

    def _tell_spread(self, found: Mapping[str, Array], shape: Shape) -> None:
        for other in dict.fromkeys(array.shape for array in found.values() if array.shape != shape):
            names = ", ".join(name for name, array in found.items() if array.shape == other)
            only_ones = prod(other) == prod(shape) and len(other) > len(shape)
            code, done = ("AX116", "read as") if only_ones else ("AX113", "spread to")
            self.report.repair(code, self.name, f"{names} of shape {other}", f"{done} {shape}")


def as_array(value: Any) -> Array | None:
    """An array of numbers or text from whatever a model holds (lists, tensors), or None."""
    if isinstance(value, np.ndarray):
        return value
    try:
        tensor = value.detach().cpu() if hasattr(value, "detach") else value
        array = np.asarray(tensor)
        return np.asarray(tensor.numpy()) if array.dtype == object and hasattr(tensor, "numpy") else array
    except Exception:  # a foreign object may raise anything
        return None


def copied(value: Any) -> Any:
    """A copy of a value that its owner may change; what is no array of anything stays as it is."""
    array = None if isinstance(value, str) else as_array(value)
    return value if array is None or array.dtype == object else array.copy()


def population(shapes: tuple[Shape, ...], source: Shape | None) -> Shape | None:
    """The shape of a population whose parameters have ``shapes``: the largest of them, without the leading ones that
    ``source`` does not have; ``source`` itself where all are scalars; None where they cannot be of one population."""
    own = max((shape for shape in shapes if shape), key=lambda shape: (prod(shape), -len(shape)), default=source)
    if own is None:
        return None
    extra = 0 if source is None else len(own) - len(source)
    if extra > 0 and own == (1,) * extra + source:  # type: ignore[operator]
        own = source
    assert own is not None
    agree = own == source or source is None or len(set(shapes)) == 1  # or one of two contradictions would be chosen
    return own if agree and all(_fits(shape, own) for shape in shapes) else None


def fitted(array: Array, shape: Shape) -> Array | None:
    """``array`` as ``shape``: leading ones dropped, one value or one along an axis repeated; None if it cannot be."""
    if array.shape == shape:
        return array
    if not _fits(array.shape, shape):
        return None
    core = array.reshape(()) if array.size == 1 else array.reshape(array.shape[max(array.ndim - len(shape), 0) :])
    return np.broadcast_to(core, shape).copy()


def _fits(shape: Shape, wanted: Shape) -> bool:
    if prod(shape) == 1:
        return True
    extra = len(shape) - len(wanted)
    if extra < 0 or any(extent != 1 for extent in shape[:extra]):
        return False
    return all(extent in (1, full) for extent, full in zip(shape[extra:], wanted, strict=True))


def shape_field(fields: Mapping[str, Any], name: str = "shape") -> Shape:
    """The shape that a node states; `FieldError` if it is none."""
    shape = as_array(fields.get(name, ()))
    if shape is None or shape.ndim != 1 or shape.dtype.kind not in "iu" or shape.size == 0 or np.any(shape < 1):
        raise FieldError(f"its {name} is {fields.get(name)!r}, not a list of whole numbers above 0")
    extents = tuple(int(extent) for extent in shape)
    if prod(extents) > MAX_ELEMENTS:
        raise FieldError(f"its {name} {extents} has more than {MAX_ELEMENTS} elements")
    return extents


def _kind(value: object, array: Array | None) -> str:
    return f"a {type(value).__name__}" if array is None else f"{array.dtype} of shape {array.shape}"


def _all(made: Mapping[str, Array | None]) -> dict[str, Array]:
    return {name: array for name, array in made.items() if array is not None}
