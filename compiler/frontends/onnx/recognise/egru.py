"""The cell of an EGRU in all its usual spellings."""

from __future__ import annotations

from itertools import islice
from math import prod

import numpy as np

from axonc.ir.ops import EGRU

from .editing import Editing
from .gated import MOST, first_of, is_last_step, mixed, reset_after
from .patterns import Names, Pattern, above, constant, events, matches
from .sums import as_one, joined

SIGMOID: Pattern = ("sigmoid", "s_u")
KEPT: Pattern = ("add", "zoneout", ("mul", "rest", SIGMOID))
MIXED: Pattern = (
    "any",
    mixed(("as", "u", SIGMOID)),
    mixed(("as", "u", KEPT)),
    ("add", ("mul", "zoneout", "c"), ("mul", "rest", mixed(("as", "u", SIGMOID)))),
)
"""m = u c + (1 - u) g; zoneout is in u, or mixes the result with c once more."""

M: Pattern = ("as", "m", MIXED)
OVER: Pattern = above("m", "threshold")
EVENTS: Pattern = events("m", "threshold")
RESET: Pattern = (
    "any",
    ("sub", M, ("mul", EVENTS, "threshold")),
    ("sub", M, ("select", OVER, "threshold", 0)),
    ("select", OVER, ("sub", M, "threshold"), "m"),
)
"""c = m - o threshold."""

GRADED: Pattern = ("any", ("mul", EVENTS, "m"), ("select", OVER, "m", 0))
"""y = o m."""


def with_egrus(editing: Editing) -> None:
    """Replace every such cell by an `EGRU`."""
    for delay in list(editing.nodes.values()):
        if is_last_step(editing, delay):
            follows = delay.inputs[0]
            ways = islice(matches(editing.nodes, follows, RESET, {"c": delay.name}), MOST)
            any(_replaced(editing, follows, names) for names in ways)


def _replaced(editing: Editing, follows: str, names: Names) -> bool:
    op = _cell(editing, follows, names)
    outputs = [name for name in editing.nodes if any(matches(editing.nodes, name, GRADED, _given(names)))]
    if op is None or not outputs:
        return False
    before, y = dict(editing.nodes), outputs[0]
    for entering, read in reset_after(editing, names):
        inputs, reads = (
            joined(editing, *side) for side in ((entering, op.units, f"{y}/a"), (read, op.units, f"{y}/h"))
        )
        if inputs and reads:
            editing.replace(y, op, inputs, (as_one(editing, reads, f"{y}/h"),))
            for other in outputs[1:]:
                editing.merge(other, y)
            return editing.settled(before, follows, y, names["c"])
        editing.nodes = dict(before)
    return False


def _given(names: Names) -> Names:
    return {key: names[key] for key in ("m", "threshold")}


def _cell(editing: Editing, follows: str, names: Names) -> EGRU | None:
    """The cell; None if its threshold is not constant, or no zoneout is what it should be."""
    shape = editing.shape(follows)
    threshold = constant(editing.nodes[names["threshold"]])
    zoneout = _zoneout(editing, names)
    if threshold is None or zoneout is None or threshold.shape not in ((), (1,), shape):
        return None
    level = threshold.astype(np.float64).reshape(() if threshold.size == 1 else shape)
    return EGRU(prod(shape), level, zoneout=zoneout, initial=first_of(editing, names))


def _zoneout(editing: Editing, names: Names) -> float | None:
    """The part of the cell that is kept: one number, and what it leaves of 1."""
    if "zoneout" not in names:
        return 0.0
    kept, rest = (constant(editing.nodes[names[name]]) for name in ("zoneout", "rest"))
    if kept is None or rest is None or not kept.size or np.any(kept != kept.flat[0]):
        return None
    return float(kept.flat[0]) if np.allclose(rest, 1 - kept.flat[0], rtol=0, atol=1e-6) else None
