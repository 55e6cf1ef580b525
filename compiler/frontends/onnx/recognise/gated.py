"""The cells of GRU and LSTM: as their operators are defined, and spelled out in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from axonc.ir import Node, Signal
from axonc.ir.ops import GRU, LSTM, Array, Delay, Linear, ResetGate

from .editing import Editing
from .patterns import Names, Pattern, constant, matches
from .sums import Terms, as_one, comes_from, joined, terms

U: Pattern = ("as", "u", ("sigmoid", "s_u"))
G: Pattern = ("as", "g", ("tanh", "s_g"))


def mixed(update: Pattern) -> Pattern:
    """u c + (1 - u) g, or g + u (c - g)."""
    return (
        "any",
        ("add", ("mul", update, "c"), ("mul", ("sub", 1, "u"), G)),
        ("add", G, ("mul", update, ("sub", "c", "g"))),
    )


RESET: Pattern = ("mul", ("sigmoid", "s_r"), "h_g")
"""What a reset gate lets through."""

CELL: Pattern = ("add", ("mul", ("sigmoid", "s_f"), "c"), ("mul", ("sigmoid", "s_i"), ("tanh", "s_g")))
SHOWN: Pattern = ("mul", ("sigmoid", "s_o"), ("tanh", "new"))
"""c and y of an LSTM."""

MOST = 64
"""The most ways to read one cell that are tried: sums and products may be read in two orders."""

Sides = tuple[list[Terms], list[Terms]]


def with_gated(editing: Editing) -> None:
    """Replace every such cell by `GRU`, with `ResetGate` where it needs one, or `LSTM`."""
    for delay in list(editing.nodes.values()):
        if is_last_step(editing, delay):
            follows, given = delay.inputs[0], {"c": delay.name}
            for pattern, replaced in ((mixed(U), _gru), (CELL, _lstm)):
                ways = islice(matches(editing.nodes, follows, pattern, given), MOST)
                if any(replaced(editing, follows, names) for names in ways):
                    break


def is_last_step(editing: Editing, node: Node) -> bool:
    """Whether a node is still there and gives a vector of the last step."""
    op = node.op
    if not isinstance(op, Delay) or op.steps != 1 or node.name not in editing.nodes:
        return False
    shape = editing.shape(node.name)
    return len(shape) == 1 and editing.signal(node.inputs[0]) == Signal(shape)


def first_of(editing: Editing, names: Names) -> Array | None:
    """What a cell begins with, if it is not zero."""
    op = editing.nodes[names["c"]].op
    return op.initial if isinstance(op, Delay) else None


def reset_after(editing: Editing, names: Names) -> Iterator[Sides]:
    """The gates u, r, g of what enters a cell and of what its reset gate acts on: tanh of a_g + r h_g.

    u and r are sums: the terms that come from where those of h_g come from belong to the second.
    """
    candidate = terms(editing, names["s_g"])
    for term in candidate:
        for found in matches(editing.nodes, term.node, RESET, {}):
            recurrent = terms(editing, found["h_g"])
            behind = {comes_from(editing, t) for t in recurrent if constant(editing.nodes[t.node]) is None}
            sums = [terms(editing, name) for name in (names["s_u"], found["s_r"])]
            inner, outer = ([[t for t in s if (comes_from(editing, t) in behind) == w] for s in sums] for w in (1, 0))
            yield [*outer, [t for t in candidate if t != term]], [*inner, recurrent]


def _gru(editing: Editing, follows: str, names: Names) -> bool:
    before = dict(editing.nodes)
    (units,) = editing.shape(follows)
    for entering, read in reset_after(editing, names):
        inputs = joined(editing, entering, units, f"{follows}/a")
        reads = joined(editing, read, units, f"{follows}/h")
        if inputs and reads:
            cell = GRU(units, initial=first_of(editing, names))
            editing.replace(follows, cell, inputs, (as_one(editing, reads, f"{follows}/h"),))
            return True
        editing.nodes = dict(before)
    return _gru_before(editing, follows, names)


def _gru_before(editing: Editing, follows: str, names: Names) -> bool:
    """tanh of a_g + R_g q, with q = r c."""
    before = dict(editing.nodes)
    (units,) = editing.shape(follows)
    for term in terms(editing, names["s_g"]):
        product = editing.nodes[term.node]
        if not isinstance(product.op, Linear) or len(product.inputs) != 1:
            continue
        (q,) = product.inputs
        for found in matches(editing.nodes, q, RESET, {"h_g": names["c"]}):
            gates = [terms(editing, names[name]) for name in ("s_u", "s_g")]
            inputs = joined(editing, gates, units, f"{follows}/a")
            reset = joined(editing, [terms(editing, found["s_r"])], units, f"{q}/r")
            if inputs and reset:
                editing.replace(q, ResetGate(units), reset, (names["c"],))
                editing.replace(follows, GRU(units, "before", initial=first_of(editing, names)), inputs)
                return True
            editing.nodes = dict(before)
    return False


def _lstm(editing: Editing, follows: str, names: Names) -> bool:
    shown = _shown(editing, follows)
    if len(set(shown.values())) != 1:
        return False
    y, output = next(iter(shown.items()))
    gates = {"i": names["s_i"], "o": output, "f": names["s_f"], "g": names["s_g"]}
    before, (units,) = dict(editing.nodes), editing.shape(follows)
    apart = {gate: _apart(editing, s, follows if gate == "o" else names["c"]) for gate, s in gates.items()}
    inputs = joined(editing, [sums for sums, _ in apart.values()], units, f"{y}/a")
    looks = {gate: weights for gate, (_, weights) in apart.items()}
    if inputs is None or np.any(looks["g"]):
        editing.nodes = before
        return False
    peephole = np.stack([np.broadcast_to(looks[gate], units) for gate in "iof"])
    cell = LSTM(units, peephole if np.any(peephole) else None, initial=first_of(editing, names))
    editing.replace(y, cell, inputs)
    for other in [name for name in shown if name != y]:
        editing.merge(other, y)
    return editing.settled(before, follows, y, names["c"])


def _shown(editing: Editing, follows: str) -> dict[str, str]:
    """The nodes that show a cell through an output gate, with what enters that."""
    found = ((name, matches(editing.nodes, name, SHOWN, {"new": follows})) for name in editing.nodes)
    return {name: names["s_o"] for name, ways in found for names in ways}


def _apart(editing: Editing, name: str, cell: str) -> tuple[Terms, Array]:
    """The terms of a gate without its peephole; and the peephole, by which it sees the cell."""
    kept, weights = [], np.zeros(1, np.float32)
    for term in terms(editing, name):
        ways = matches(editing.nodes, term.node, ("mul", "p", "cell"), {"cell": cell})
        looks = [value for names in ways if (value := constant(editing.nodes[names["p"]])) is not None]
        if looks:
            weights = weights + looks[0]
        else:
            kept.append(term)
    return kept, weights
