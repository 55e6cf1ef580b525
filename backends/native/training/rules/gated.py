"""GRU and LSTM cells, and their adjoints; what belongs to gates has a part for each, in the order of the op."""

from __future__ import annotations

from axonc.ir import Node
from axonc.ir.ops import GRU, LSTM

from ..draft import Draft, Side, grouped, loop, sum_of
from .cells import cell_of, places
from .maps import parameter_of


def gru(draft: Draft, side: Side, node: Node) -> None:
    """The cell of `GRU`, its reset before or after the matrix."""
    op = node.op
    assert isinstance(op, GRU)
    y, cell = draft.output(side, node), cell_of(draft, side, node, op.units)
    a, read = side.signals(node.inputs), side.signals(node.reads)
    if op.reset == "after":
        update, reset, candidate = places(op.units, 3)
        (h,) = read
        gates = [
            f"const float r = axonc_sigmoidf({grouped(a, reset)} + {h.at(reset)});",
            f"const float u = axonc_sigmoidf({grouped(a, update)} + {h.at(update)});",
            f"const float g = axonc_tanhf({grouped(a, candidate)} + r * {h.at(candidate)});",
        ]
    else:
        update, candidate = places(op.units, 2)
        gates = [
            f"const float u = axonc_sigmoidf({sum_of(a, update)});",
            f"const float g = axonc_tanhf({sum_of(a, candidate)});",
        ]
    lines = [
        *gates,
        f"const float old = {cell.at()}, d = old - g;",
        f"{cell.at()} = u * old + (1.0f - u) * g;",
        f"{y.at()} = {cell.at()};",
    ]
    lines += draft.recorded(side, node, op.units, {name: name for name in "urgd"})
    side.emit(node, loop(op.units, lines))


def gru_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivative of the cell."""
    y = draft.output(side, node)
    later = draft.array(f"{node.name} later", "f4", y.width, side.running)
    (u,) = side.signals(node.reads)
    lines = [f"{y.at()} = {grouped(side.signals(node.inputs))} + {later.at()};", f"{later.at()} = {u.at()} * {y.at()};"]
    side.emit(node, loop(y.width, lines))


def gru_gates_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivatives of what enters update gate and candidate."""
    y = draft.output(side, node)
    u, g, d = side.signals(node.reads)
    update, candidate = places(u.width, 2)
    lines = [
        f"const float c = {sum_of(side.signals(node.inputs))}, u = {u.at()}, g = {g.at()};",
        f"{y.at(update)} = c * {d.at()} * (u * (1.0f - u));",
        f"{y.at(candidate)} = c * (1.0f - u) * (1.0f - g * g);",
    ]
    side.emit(node, loop(u.width, lines))


def reset_gate(draft: Draft, side: Side, node: Node) -> None:
    """q = r y."""
    q = draft.output(side, node)
    (y,) = side.signals(node.reads)
    lines = [f"const float r = axonc_sigmoidf({sum_of(side.signals(node.inputs))});", f"{q.at()} = r * {y.at()};"]
    side.emit(node, loop(q.width, [*lines, *draft.recorded(side, node, q.width, {"r": "r"})]))


def reset_gate_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivative of what enters the gate."""
    r, y = side.signals(node.reads)
    lines = [f"const float q = {sum_of(side.signals(node.inputs))}, r = {r.at()};"]
    to = draft.output(side, node)
    side.emit(node, loop(to.width, [*lines, f"{to.at()} = q * {y.at()} * (r * (1.0f - r));"]))


def reset_gate_read_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivative of what it reads."""
    (r,) = side.signals(node.reads)
    to = draft.output(side, node)
    side.emit(node, loop(to.width, [f"{to.at()} = {grouped(side.signals(node.inputs))} * {r.at()};"]))


def lstm(draft: Draft, side: Side, node: Node) -> None:
    """The cell of `LSTM`."""
    op = node.op
    assert isinstance(op, LSTM)
    y, cell = draft.output(side, node), cell_of(draft, side, node, op.units)
    a, (i, o, f, g) = side.signals(node.inputs), places(op.units, 4)
    if op.peephole is not None:
        parameter_of(draft, node, "peephole", draft.task.parameters.get((node.name, "peephole"), op.peephole))
    p_i, p_o, p_f = _peepholes(draft, node.name, op.units)
    lines = [
        f"const float last = {cell.at()};",
        f"const float i = axonc_sigmoidf({grouped(a, i)}{_times(p_i, 'last')});",
        f"const float f = axonc_sigmoidf({grouped(a, f)}{_times(p_f, 'last')});",
        f"const float g = axonc_tanhf({sum_of(a, g)});",
        "const float c = f * last + i * g;",
        f"const float o = axonc_sigmoidf({grouped(a, o)}{_times(p_o, 'c')}), t = axonc_tanhf(c);",
        f"{cell.at()} = c;",
        f"{y.at()} = o * t;",
    ]
    lines += draft.recorded(side, node, op.units, {name: name for name in (*"iofgtc", "last")})
    side.emit(node, loop(op.units, lines))


def _peepholes(draft: Draft, node: str, units: int) -> tuple[str, ...]:
    """Those of input, output and forget gate; nothing where there are none."""
    held = draft.parameters.get((node, "peephole"))
    return tuple("" if held is None else f"{held.text}[{gate * units} + n]" for gate in range(3))


def _times(peephole: str, value: str) -> str:
    return f" + {peephole} * {value}" if peephole else ""


def lstm_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivatives of what enters the gates."""
    y = draft.output(side, node)
    i, o, f, g, t, last = side.signals(node.reads)
    units = i.width
    later = draft.array(f"{node.name} later", "f4", units, side.running)
    p_i, p_o, p_f = _peepholes(draft, draft.task.origins[node.name], units)
    to = dict(zip("iofg", places(units, 4), strict=True))
    lines = [
        f"const float sent = {sum_of(side.signals(node.inputs))}, i = {i.at()}, o = {o.at()}, f = {f.at()};",
        f"const float g = {g.at()}, t = {t.at()}, a_o = sent * t * (o * (1.0f - o));",
        f"const float c = sent * o * (1.0f - t * t){_times(p_o, 'a_o')} + {later.at()};",
        f"const float a_i = c * g * (i * (1.0f - i)), a_f = c * {last.at()} * (f * (1.0f - f));",
        f"{later.at()} = f * c{_times(p_i, 'a_i')}{_times(p_f, 'a_f')};",
        *(f"{y.at(to[gate])} = a_{gate};" for gate in "iof"),
        f"{y.at(to['g'])} = c * i * (1.0f - g * g);",
    ]
    side.emit(node, loop(units, lines))


def peephole_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """What a step adds to the gradient of the peepholes."""
    y = draft.output(side, node)
    last, c = side.signals(node.reads)
    a, units = side.signals(node.inputs), last.width
    to, (i, o, f, _) = places(units, 3), places(units, 4)
    lines = [
        f"{y.at(to[0])} = {grouped(a, i)} * {last.at()};",
        f"{y.at(to[1])} = {grouped(a, o)} * {c.at()};",
        f"{y.at(to[2])} = {grouped(a, f)} * {last.at()};",
    ]
    side.emit(node, loop(units, lines))
