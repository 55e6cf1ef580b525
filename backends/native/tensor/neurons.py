"""Delays and neurons: what has a state."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from axonc.ir import Node
from axonc.ir.ops import Array, Delay, Gate, Neuron

from .emission import Emission, converted
from .loops import indented, nest
from .types import F32, I64
from .values import Value

SUBTRACTING = ("subtract", "subtract_guarded")


def delay(op: Delay, node: Node, e: Emission) -> Value:
    """What went in ``op.steps`` ago, out of a ring, at the beginning of a step."""
    shape, dtype = e.graph.signals[node.name].shape, e.held[node.name]
    ring = e.values[f"{node.name}:line"] = e.state(f"{node.name}_ring", (op.steps, *shape), dtype)
    result = e.new(node.name, shape, dtype)
    if result.size:
        e.emit([f"memcpy({result.pointer}, {_slot(ring)}, {result.size * result.dtype.itemsize});"])
    return result


def delay_taken(node: Node, e: Emission) -> None:
    """What comes out after as many steps, put into the ring at the end of a step."""
    ring = e.values[f"{node.name}:line"]
    value = e.laid_out(e.sum(node), e.held[node.name], f"{node.name}_next")
    if value.size:
        e.emit([f"memcpy({_slot(ring)}, {value.pointer}, {value.size * value.dtype.itemsize});"])


def _slot(ring: Value) -> str:
    steps, size = ring.shape[0], ring.size // ring.shape[0]
    return ring.pointer if steps == 1 else f"&m->{ring.buffer.name}[call->step % {steps} * {size}]"


def neuron(op: Neuron, node: Node, e: Emission) -> Value:
    """One loop: synapse, membrane, gate."""
    (x,) = e.operands(node)
    v = e.state(f"{node.name}_v", op.shape, F32)
    e.values[f"{node.name}:v"] = v
    parameters = Parameters(node, e)
    values, lines = {"x": x, "v": v}, []
    lines.append(f"const float x = {converted('{x}', x.dtype, F32)};")
    if op.synapse is not None:
        values["i"] = e.values[f"{node.name}:i"] = e.state(f"{node.name}_i", op.shape, F32)
        decay, gain, offset = (
            parameters(f"i_{name}", getattr(op.synapse, name)) for name in ("decay", "gain", "offset")
        )
        lines.append(f"const float i = ({decay} * {{i}} + {gain} * x) + {offset};")
    seen = "x" if op.synapse is None else "i" if op.membrane.sees == "new" else "{i}"
    decay, gain = parameters("decay", op.membrane.decay), parameters("gain", op.membrane.gain)
    lines.append(f"float v = ({decay} * {{v}} + {gain} * {seen}) + {parameters('constant', op.membrane.constant)};")
    if op.synapse is not None:
        lines.append("{i} = i;")
    if op.gate is None:
        result = e.new(node.name, op.shape, F32)
        lines += ["{v} = v;", "{y} = v;"]
    else:
        result = e.new(node.name, op.shape, I64)
        lines += [*_gate(op.gate, parameters), "{v} = v;", "{y} = events;"]
    values["y"] = result
    loop(values | parameters.values, lines, op.shape, e)
    return result


class Parameters:
    """Numbers of a population: in the text where they are one for all, else in the constants."""

    def __init__(self, node: Node, e: Emission) -> None:
        self._node, self._e = node, e
        self.values: dict[str, Value] = {}

    def __call__(self, name: str, array: Array) -> str:
        """How a line names one."""
        key = f"p_{name}"
        self.values[key] = self._e.constant(f"{self._node.name}_{name}", np.asarray(array), F32)
        return f"{{{key}}}"


def loop(values: dict[str, Value], lines: list[str], shape: tuple[int, ...], e: Emission) -> None:
    """Lines in which {name} is the element of a value."""
    names = list(values)

    def body(*elements: str) -> list[str]:
        at = dict(zip(names, elements, strict=True))
        return [_filled(line, at) for line in lines]

    e.emit(nest(shape, list(values.values()), body))


def _filled(line: str, at: dict[str, str]) -> str:
    for name, element in at.items():
        line = line.replace(f"{{{name}}}", element)
    return line


def _gate(gate: Gate, parameters: Callable[[str, Array], str]) -> list[str]:
    """Test and reset of ``v``; ``events`` counts."""
    sign = ">" if gate.compare == "gt" else ">="
    threshold = parameters("threshold", gate.threshold)
    lines, tested = [f"const float threshold = {threshold};"], "v"
    if gate.reset.endswith(("guarded", "next")):
        lines.append(f"const float pending = {{v}} {sign} threshold ? threshold : 0.0f;")
    if gate.reset == "subtract_next":
        lines.append("v = v - pending;")
    if gate.reset == "subtract_guarded":
        tested = "v - pending"
    reset = _reset(gate, parameters)
    lines += ["int64_t events = 0;", f"if ({tested} {sign} threshold) {{", "    events = 1;", *indented(reset), "}"]
    if gate.spikes > 1:
        lines.append(f"while (events != 0 && events < {gate.spikes} && v {sign} threshold) {{")
        lines += ["    events = events + 1;", *indented(reset), "}"]
    if gate.v_min is not None:
        lowest = parameters("v_min", gate.v_min)
        lines += [f"const float lowest = {lowest};", "v = v > lowest || v != v ? v : lowest;"]
    return lines


def _reset(gate: Gate, parameters: Callable[[str, Array], str]) -> list[str]:
    if gate.reset == "value":
        return [f"v = {parameters('value', gate.value)};"]
    return ["v = v - threshold;"] if gate.reset in SUBTRACTING else []
