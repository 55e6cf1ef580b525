"""Gated units: one loop over the units of a cell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from axonc.ir import Node
from axonc.ir.ops import EGRU, GRU, LSTM, ResetGate

from .emission import Emission, converted
from .neurons import Parameters, loop
from .types import F32, I64
from .values import Value


def egru(op: EGRU, node: Node, e: Emission) -> Value:
    """Gates, cell, event, reset."""
    a, h = e.operands(node)
    cell = _cell(op, node, e)
    result = e.new(node.name, op.shape, F32)
    parts, number = _gates(op.units, {"a": (a, "urg"), "h": (h, "urg")})
    parameters = Parameters(node, e)
    k = None if op.segment is None else _counted(node, e)
    old = "{c}" if k is None else f"{k} == 0 ? 0.0f : {{c}}"
    lines = [
        f"const float gate = axonc_sigmoidf({number['a_u']} + {number['h_u']});",
        f"const float u = {_update(op, parameters)};",
        f"const float r = axonc_sigmoidf({number['a_r']} + {number['h_r']});",
        f"const float g = axonc_tanhf({number['a_g']} + r * {number['h_g']});",
        f"const float old = {old};",
        "const float cell = u * old + (1 - u) * g;",
        f"const float threshold = {parameters('threshold', op.threshold)};",
        "const float event = cell > threshold ? 1.0f : 0.0f;",
        "{c} = cell - event * threshold;",
        "{y} = event * cell;",
    ]
    loop({"c": cell, "y": result, **parts} | parameters.values, lines, op.shape, e)
    if k is not None:
        e.emit([f"{k} = ({k} + 1) % {op.segment};"])
    return result


def _counted(node: Node, e: Emission) -> str:
    """The number of the present step within its segment."""
    e.values[f"{node.name}:k"] = count = e.state(f"{node.name}_k", (), I64)
    return count.at("0")


def _update(op: EGRU, parameters: Parameters) -> str:
    if not op.zoneout:
        return "gate"
    zoneout = parameters("zoneout", np.asarray(op.zoneout))
    return f"{zoneout} + (1 - {zoneout}) * gate"


def gru(op: GRU, node: Node, e: Emission) -> Value:
    """Gates and cell, whose state is the output."""
    after = op.reset == "after"
    operands = dict(zip("ah", e.operands(node), strict=False))
    cell = _cell(op, node, e)
    result = e.new(node.name, op.shape, F32)
    gates = "urg" if after else "ug"
    parts, number = _gates(op.units, {of: (value, gates) for of, value in operands.items()})
    update, candidate = number["a_u"], number["a_g"]
    lines = []
    if after:
        lines.append(f"const float r = axonc_sigmoidf({number['a_r']} + {number['h_r']});")
        update, candidate = f"{update} + {number['h_u']}", f"{candidate} + r * {number['h_g']}"
    lines += [
        f"const float u = axonc_sigmoidf({update});",
        f"const float g = axonc_tanhf({candidate});",
        "{c} = u * {c} + (1 - u) * g;",
        "{y} = {c};",
    ]
    loop({"c": cell, "y": result, **parts}, lines, op.shape, e)
    return result


def reset_gate(op: ResetGate, node: Node, e: Emission) -> Value:
    """What passes the gate."""
    a, y = e.operands(node)
    result = e.new(node.name, op.shape, F32)
    lines = [
        f"const float r = axonc_sigmoidf({converted('{a}', a.dtype, F32)});",
        f"{{q}} = r * {converted('{y}', y.dtype, F32)};",
    ]
    loop({"q": result, "a": a, "y": y}, lines, op.shape, e)
    return result


def lstm(op: LSTM, node: Node, e: Emission) -> Value:
    """Gates, cell, output; peepholes where there are some."""
    (a,) = e.operands(node)
    cell = _cell(op, node, e)
    result = e.new(node.name, op.shape, F32)
    parts, number = _gates(op.units, {"a": (a, "iofg")})
    parameters = Parameters(node, e)
    held = {} if op.peephole is None else dict(zip("iof", op.peephole, strict=True))
    look = {gate: f" + {parameters(f'peephole_{gate}', value)} * {{c}}" for gate, value in held.items()}
    lines = [
        f"const float i = axonc_sigmoidf({number['a_i']}{look.get('i', '')});",
        f"const float f = axonc_sigmoidf({number['a_f']}{look.get('f', '')});",
        f"const float g = axonc_tanhf({number['a_g']});",
        "{c} = f * {c} + i * g;",
        f"const float o = axonc_sigmoidf({number['a_o']}{look.get('o', '')});",
        "{y} = o * axonc_tanhf({c});",
    ]
    loop({"c": cell, "y": result, **parts} | parameters.values, lines, op.shape, e)
    return result


def _cell(op: EGRU | GRU | LSTM, node: Node, e: Emission) -> Value:
    cell = e.state(f"{node.name}_c", op.shape, F32)
    e.values[f"{node.name}:c"] = cell
    return cell


def _gates(units: int, operands: Mapping[str, tuple[Value, str]]) -> tuple[dict[str, Value], dict[str, str]]:
    """The gates of each operand by name (``a_u``), as values, and as float expressions of a loop."""
    parts = {
        f"{of}_{gate}": value.part([(place * units, units, 1)])
        for of, (value, gates) in operands.items()
        for place, gate in enumerate(gates)
    }
    return parts, {name: converted(f"{{{name}}}", value.dtype, F32) for name, value in parts.items()}
