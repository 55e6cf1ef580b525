"""Neurons in float, and the adjoint of their membrane."""

from __future__ import annotations

from typing import Any

from axonc.ir import Node
from axonc.ir.ops import Neuron, NeuronAdjoint
from axonc.ir.ops.neuron import RESETS

from ...lower.float_neuron import float_neuron
from ..draft import Draft, Side, changed, fields, nothing, outputs
from ..pieces import Number, Vertices
from .lists import mark
from .surrogates import surrogate_numbers

NEURON, ADJOINT = 60, 40
"""Instructions for the update of a neuron, and for its adjoint."""


def neuron(draft: Draft, side: Side, node: Node) -> None:
    """The parts of `Neuron`; without a gate the output is the voltage."""
    op, place = node.op, draft.place(side, node)
    assert isinstance(op, Neuron)
    y, gate = draft.signal(side, node), op.gate
    voltage = draft.state(side, draft.like(place, f"{y.name}/v"))
    current = None if op.synapse is None else draft.state(side, draft.like(place, f"{y.name}/i"))
    wanted = f"{node.name}:m" in draft.task.tape.values() and side is draft.forward
    before = draft.like(place, f"{y.name}/m") if wanted else None
    columns = float_neuron(op).parameters
    parameters = draft.records(f"{y.name}/parameters", place, *columns.T)
    parts = (
        *fields(inputs=side.sources(node), parameters=parameters),
        *changed(voltage=voltage, current=current),
        *outputs(before=before, y=y),
    )
    numbers: dict[str, Number] = {
        "batch": draft.task.batch,
        "reset": 0 if gate is None else RESETS.index(gate.reset),
        "gated": gate is not None,
        "seesOld": op.membrane.sees == "old",
    }
    codelet = f"axonc::Neurons<{'float' if y.dtype == 'f4' else 'unsigned char'}>"
    side.give(node, y, Vertices(codelet, place.layout, parts, numbers, NEURON * draft.busiest(y)))
    if before is not None:
        side.values[f"{node.name}:m"] = before
    mark(draft, node)


def neuron_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivative of the membrane, which is also its state."""
    op: Any = node.op
    assert isinstance(op, NeuronAdjoint)
    place, y = draft.place(side, node), draft.signal(side, node, "f4")
    draft.state(side, y)
    before, *events = side.reads(node)
    parameters = draft.records(f"{y.name}/parameters", place, op.decay, op.gate.threshold, op.gate.value)
    parts = (
        *fields(inputs=side.sources(node), parameters=parameters, before=before),
        *(fields(events=events[0]) if events else (nothing("events", "u1"),)),
        *changed(y=y),
    )
    numbers = {
        "batch": draft.task.batch,
        "reset": RESETS.index(op.gate.reset),
        "attached": op.attached,
        **surrogate_numbers(op.surrogate),
    }
    side.give(node, y, Vertices("axonc::NeuronsBack", place.layout, parts, numbers, ADJOINT * draft.busiest(y)))
