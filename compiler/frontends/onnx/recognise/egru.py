"""The cell of an EGRU in all its usual spellings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from math import prod

import numpy as np

from axonc.ir import Float, Node, Signal
from axonc.ir.ops import EGRU, Concat, Delay, Slice

from .editing import Editing
from .patterns import Names, Pattern, above, constant, events, matches

U: Pattern = ("as", "u", ("sigmoid", ("add", "a_u", "h_u")))
R: Pattern = ("sigmoid", ("add", "a_r", "h_r"))
G: Pattern = ("as", "g", ("tanh", ("add", "a_g", ("mul", R, "h_g"))))
MIXED: Pattern = (
    "any",
    ("add", ("mul", U, "c"), ("mul", ("sub", 1, "u"), G)),
    ("add", G, ("mul", U, ("sub", "c", "g"))),
)
"""m = u c + (1 - u) g."""

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

MOST = 64
"""The most ways to read one cell that are tried: sums may be read in two orders."""


def with_egrus(editing: Editing) -> None:
    """Replace every such cell by an `EGRU`."""
    for delay in list(editing.nodes.values()):
        op = delay.op
        if not isinstance(op, Delay) or op.steps != 1 or op.initial is not None or delay.name not in editing.nodes:
            continue
        follows = delay.inputs[0]
        ways = [*islice(matches(editing.nodes, follows, RESET, {"c": delay.name}), MOST)]
        for names in sorted(ways, key=lambda names: _pieces(editing, names)):
            if _replaced(editing, follows, names):
                break


def _replaced(editing: Editing, follows: str, names: Names) -> bool:
    threshold = constant(editing.nodes[names["threshold"]])
    outputs = [name for name in editing.nodes if any(matches(editing.nodes, name, GRADED, _given(names)))]
    gates = [_signal(editing, names[f"{side}_{gate}"]) for side in "ah" for gate in "urg"]
    shape = gates[0].shape
    if threshold is None or not outputs or len(shape) != 1 or set(gates) != {Signal(shape)}:
        return False
    if threshold.shape not in ((), (1,), shape):
        return False
    before = dict(editing.nodes)
    y = outputs[0]
    inputs = [_joined(editing, [names[f"{side}_{gate}"] for gate in "urg"], f"{y}/{side}") for side in "ah"]
    level = threshold.astype(np.float64).reshape(() if threshold.size == 1 else shape)
    editing.replace(y, EGRU(prod(shape), level), (inputs[0],), (inputs[1],))
    for other in outputs[1:]:
        editing.merge(other, y)
    ends = editing.become_state(follows, f"{y}:c")
    problems = list(editing.nodes[y].op.verify(None))
    if names["c"] in editing.alive() or problems:  # somebody else reads a part of the cell
        editing.restore(before, ends)
        return False
    return True


def _given(names: Names) -> Names:
    return {key: names[key] for key in ("m", "threshold")}


def _signal(editing: Editing, name: str) -> Signal:
    """The signal of a node; that of an empty one where it follows from others."""
    op = editing.nodes[name].op
    return Signal(()) if op.needs_source else op.output(None)


def _pieces(editing: Editing, names: Names) -> int:
    """From how many nodes the gates' operands come: the fewer, the better they are told apart."""
    return sum(len({_source(editing, names[f"{side}_{gate}"]) for gate in "urg"}) for side in "ah")


def _source(editing: Editing, name: str) -> str:
    node = editing.nodes[name]
    return node.inputs[0] if isinstance(node.op, Slice) else name


def _joined(editing: Editing, parts: Sequence[str], name: str) -> str:
    """The node of which these are the three thirds, or a new one that joins them."""
    nodes = [editing.nodes[part] for part in parts]
    sources = {node.inputs[0] for node in nodes if isinstance(node.op, Slice)}
    signals = tuple(_signal(editing, part) for part in parts)
    units = signals[0].shape[0]
    thirds = [((k * units, units, 1),) for k in range(3)]
    if len(sources) == 1 and [getattr(node.op, "spans", None) for node in nodes] == thirds:
        (source,) = sources
        if _signal(editing, source) == Signal((3 * units,), format=Float()):
            return source
    return editing.add(Node(name, Concat(signals, 0), tuple(parts[:1]), nodes[0].origin, tuple(parts[1:])))
