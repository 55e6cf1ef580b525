"""Operators outside the standard that have one meaning here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..call import Call, Made


def _egru_cell(call: Call) -> Made:
    """(x, y, c, W, R, b, b', threshold) -> (y', c'): the step of `axonc.ir.ops.EGRU`, row vectors, gates u, r, g."""
    draft, (x, y, c, weight, recurrent, bias, after, threshold) = call.draft, call.tensors
    a = draft.map("add", draft.matmul(x, weight), bias)
    h = draft.map("add", draft.matmul(y, recurrent), after)
    units, axis = c.shape[-1], a.rank - 1
    a_u, a_r, a_g = (draft.slice(a, axis, at * units, units) for at in range(3))
    h_u, h_r, h_g = (draft.slice(h, axis, at * units, units) for at in range(3))
    u = draft.map("sigmoid", draft.map("add", a_u, h_u))
    r = draft.map("sigmoid", draft.map("add", a_r, h_r))
    g = draft.map("tanh", draft.map("add", a_g, draft.map("mul", r, h_g)))
    kept = draft.map("mul", draft.map("sub", call.number(1, u), u), g)
    m = draft.map("add", draft.map("mul", u, c), kept)
    o = draft.cast(draft.map("greater", m, threshold), m.signal.format)
    return [draft.map("mul", o, m), draft.map("sub", m, draft.map("mul", o, threshold))]


CUSTOM: Mapping[str, Callable[[Call], Made]] = {"neuro::EGRUCell": _egru_cell}
"""By domain and operator. A function of the model with the same name comes first."""
