"""What a node takes, as far as its own fields say: the shape of an input is checked by it, or found from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from axonc.ir import Shape

from .fields import FieldError, Fields, population, shape_field
from .makers import PARAMETERS
from .report import Report
from .tree import Tree

Wanted = tuple[int | None, ...]
"""A shape; None where any extent will do."""


def wanted(name: str, node: Tree) -> Wanted | None:
    """The shape that ``node`` takes; None where any will do, or where its fields are unusable (told elsewhere)."""
    try:
        return _TAKES.get(node.type, _parameters)(node, Fields(name, node.fields, None, Report()))
    except FieldError:
        return None


def matches(shape: Shape, pattern: Wanted) -> bool:
    """Whether ``shape`` is of the pattern."""
    return len(shape) == len(pattern) and all(w in (None, s) for s, w in zip(shape, pattern, strict=True))


def complete(pattern: Wanted | None) -> Shape | None:
    """The pattern as a shape, if it leaves nothing open."""
    return None if pattern is None or None in pattern else tuple(extent for extent in pattern if extent is not None)


def _parameters(node: Tree, fields: Fields) -> Wanted | None:
    names = [name for name in PARAMETERS.get(node.type, ()) if name in fields]
    return population(tuple(fields.number(name).shape for name in names), None) if names else None


def _matrix(_: Tree, fields: Fields) -> Wanted | None:
    shape = fields.number("weight").shape
    return (*shape[:-2], shape[-1])


def _conv(node: Tree, fields: Fields) -> Wanted | None:
    weight, (groups,) = fields.number("weight"), fields.whole("groups", 1)
    spatial = stated_spatial(node, weight.ndim - 2) or (None,) * (weight.ndim - 2)
    return (weight.shape[1] * groups, *spatial)


def stated_spatial(node: Tree, count: int) -> Shape | None:
    """The ``input_shape`` that a convolution states: its spatial axes."""
    if "input_shape" not in node.fields:
        return None
    stated = Fields("", node.fields, None, Report()).whole("input_shape", count)
    return stated if all(extent > 0 for extent in stated) else None


def stated_shape(node: Tree, name: str) -> Shape | None:
    """The shape in a field; None where it is missing or says nothing (zeros, of old exports)."""
    try:
        return shape_field(node.fields, name)
    except FieldError:
        return None


_TAKES: Mapping[str, Callable[[Tree, Fields], Wanted | None]] = {
    "Affine": _matrix,
    "Linear": _matrix,
    "Conv1d": _conv,
    "Conv2d": _conv,
    "SumPool2d": lambda node, fields: (None, None, None),
    "AvgPool2d": lambda node, fields: (None, None, None),
    "Flatten": lambda node, fields: None,
    "Output": lambda node, fields: None,
}
