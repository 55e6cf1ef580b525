"""The shape of an input: stated, or found from what follows."""

from __future__ import annotations

from axonc.ir import Shape

from .fields import FieldError, shape_field
from .flatten import Flat
from .report import Report
from .wanted import Wanted, complete, matches, stated_shape, wanted


def input_shape(flat: Flat, name: str, followers: list[str], report: Report) -> tuple[Shape, Shape | None]:
    """The shape of an input node; and the shape that it states, where leading axes that are not 1 were left out.

    Leading axes that what follows does not take are batch or time axes, which no model has: left out if all are 1;
    others are left out on the condition that the model's outputs, as stated, do not have them either.
    """
    fields = flat.nodes[name].fields
    if "shape" not in fields:
        return _missing(flat, name, followers, report), None
    stated = shape_field(fields)
    patterns = [pattern for after in followers if (pattern := wanted(after, flat.nodes[after])) is not None]
    taken = _without_leading(stated, patterns)
    if taken == stated:
        return stated, None
    report.repair("AX116", name, f"the file says shape {stated}", f"what follows takes {taken}: the rest left out")
    return taken, (stated if any(extent != 1 for extent in stated[: len(stated) - len(taken)]) else None)


def _without_leading(stated: Shape, patterns: list[Wanted]) -> Shape:
    """``stated`` less the leading axes without which it fits all that follows; unchanged if nothing helps."""
    shorter = (stated[count:] for count in range(len(stated))) if patterns else iter((stated,))
    return next((shape for shape in shorter if all(matches(shape, pattern) for pattern in patterns)), stated)


def _missing(flat: Flat, name: str, followers: list[str], report: Report) -> Shape:
    given = {shape for after in followers if (shape := _stated(flat, after)) is not None}
    if len(given) != 1:
        raise FieldError("its shape is missing", f"what follows takes {sorted(given) or 'any shape'}", "AX103")
    (shape,) = given
    if flat.origins[name]:
        report.repair("AX117", name, "its shape is missing", f"what follows takes {shape}")
    return shape


def _stated(flat: Flat, name: str) -> Shape | None:
    node = flat.nodes[name]
    field = {"Flatten": "input_type", "Output": "shape"}.get(node.type)
    return complete(wanted(name, node)) if field is None else stated_shape(node, field)
