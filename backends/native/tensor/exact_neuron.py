"""Neurons integrated exactly: crossing after crossing within a step."""

from __future__ import annotations

from axonc.ir import Node
from axonc.ir.ops import ExactNeuron, Gate

from .emission import Emission, converted
from .loops import indented
from .neurons import Parameters, loop
from .types import F32, I64
from .values import Value


def exact_neuron(op: ExactNeuron, node: Node, e: Emission) -> Value:
    """One loop over the neurons, and one over a neuron's spikes."""
    (x,) = e.operands(node)
    values = {"x": x}
    for state in op.states():
        values[state] = e.values[f"{node.name}:{state}"] = e.state(f"{node.name}_{state}", op.shape, F32)
    values["y"] = result = e.new(node.name, op.shape, F32 if op.gate is None else I64)
    parameters = Parameters(node, e)
    rate, jump, drive, leak = (parameters(name, getattr(op, name)) for name in ("rate", "jump", "drive", "leak"))
    lines = [
        f"const float x = {converted('{x}', x.dtype, F32)};",
        f"const float rate = {rate};",
        f"const float slope = {drive} * x;",
        f"const float target = {leak} + slope;",
        f"float v = {{v}} + {jump} * x;",
        "float left = 1.0f;",
        *([] if op.gate is None else _crossings(op.gate, parameters)),
        "v = rate > 0 ? target + (v - target) * axonc_expf(-rate * left) : v + slope * left;",
        "{v} = v;",
        "{y} = v;" if op.gate is None else "{y} = events;",
    ]
    loop(values | parameters.values, lines, op.shape, e)
    return result


def _crossings(gate: Gate, parameters: Parameters) -> list[str]:
    """Up to ``gate.spikes`` times: how long until v passes the threshold, and the reset if that is in the step."""
    sign, in_time = (">", "<") if gate.compare == "gt" else (">=", "<=")
    reset = "(v > threshold ? v : threshold) - threshold" if gate.reset == "subtract" else "value"
    value = [] if gate.reset == "subtract" else [f"const float value = {parameters('value', gate.value)};"]
    return [
        f"const float threshold = {parameters('threshold', gate.threshold)};",
        *value,
        "int64_t events = 0;",
        f"while (events < {gate.spikes}) {{",
        *indented(
            [
                f"const float wait = v {sign} threshold ? 0.0f : axonc_crossing(v, threshold, rate, target, slope);",
                f"if (!(wait {in_time} left)) {{",
                "    break;",
                "}",
                f"v = {reset};",
                "left = left - wait;",
                "{t} = 1 - left;",
                "events = events + 1;",
            ]
        ),
        "}",
    ]
