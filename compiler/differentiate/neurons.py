"""The rule of neurons in steps: gate and membrane, then the synapse, each as nodes of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from axonc.ir import Node, Shape
from axonc.ir.ops import ONE, ZERO, Array, Membrane, Neuron, NeuronAdjoint, Op, Scale, Surrogate, ThresholdAdjoint

from .adjoint import Make
from .draft import Draft, of_input
from .parameters import Parameter


def neuron(draft: Draft, node: Node, into: Sequence[str]) -> None:
    """With v̄ and ī the derivatives with respect to v before the reset and to i, and gains g_v, g_i::

    v̄[k] = decay v̄[k+1] + v̄'s output part        x̄ = g_v v̄, without a synapse
    ī[k] = decay ī[k+1] + g_v v̄[k]                x̄ = g_i ī, with one; v̄[k+1] where v sees the old i
    decay's gradient: the sum of v̄[k] (v[k-1] - leak), or of ī[k] i[k-1]
    """
    op, shape = node.op, draft.enters(node)
    assert isinstance(op, Neuron)
    membrane = draft.add(f"d({node.name}:v)", node, _membrane(draft, node), into, _taped(draft, node))
    if op.synapse is None:
        draft.add(of_input(node), node, _gain("membrane", shape), (membrane,))
        current = ""
    else:
        seen = membrane if op.membrane.sees == "new" else draft.late(membrane)
        current = draft.add(f"d({node.name}:i)", node, _current, (seen,))
        draft.add(of_input(node), node, _gain("synapse", shape), (current,))
    for parameter in draft.wanted.get(node.name, ()):
        _gradient(draft, node, parameter, into, current if parameter.field == "synapse.decay" else membrane)


def _taped(draft: Draft, node: Node) -> tuple[str, ...]:
    """What the membrane's adjoint reads."""
    assert isinstance(node.op, Neuron)
    if node.op.gate is None:
        return ()
    reads = draft.read(f"{node.name}:m")
    needed = node.op.gate.reset == "value" or node.op.gate.v_min is not None
    return (reads, draft.read(node.name)) if needed else (reads,)


def _membrane(draft: Draft, node: Node) -> Make:
    surrogate, attached = draft.surrogates.get(node.name), draft.attached

    def make(op: Any) -> Op:
        if op.gate is None:
            return _leaky(op.shape, op.membrane.decay, ONE)
        assert surrogate is not None
        return NeuronAdjoint(op.shape, op.membrane.decay, op.gate, surrogate, attached)

    return make


def _current(op: Any) -> Op:
    return _leaky(op.shape, op.synapse.decay, op.membrane.gain)


def _leaky(shape: Shape, decay: Array, gain: Array) -> Op:
    """y[k] = decay y[k-1] + gain x[k]."""
    return Neuron(shape, None, Membrane(decay, gain, ZERO, ZERO), None)


def _gain(part: str, shape: Shape) -> Make:
    return lambda op: Scale(np.broadcast_to(getattr(op, part).gain, shape))


def _gradient(draft: Draft, node: Node, parameter: Parameter, into: Sequence[str], state: str) -> None:
    if parameter.kind == "thresholds":
        _threshold(draft, node, parameter, into, state)
        return
    shape, letter = draft.enters(node), "i" if parameter.field == "synapse.decay" else "v"
    stored = draft.read(f"{node.name}:{letter}")
    totals = [draft.total(parameter, (draft.late(state),), shape, (stored,))]
    assert isinstance(node.op, Neuron)
    if letter == "v" and np.any(node.op.membrane.leak):
        to_leak = f"d({node.name}:leak)"

        def leak(op: Any) -> Op:
            return Scale(-np.broadcast_to(op.membrane.leak, shape))

        draft.add(to_leak, node, leak, (state,))
        totals.append(draft.total(parameter, (to_leak,), shape))
    draft.gradient(parameter, *totals)


def _threshold(draft: Draft, node: Node, parameter: Parameter, into: Sequence[str], membrane: str) -> None:
    surrogate, attached, shape = draft.surrogates[node.name], draft.attached, draft.enters(node)
    assert isinstance(surrogate, Surrogate)

    def make(op: Any) -> Op:
        return ThresholdAdjoint(op.shape, op.membrane.decay, op.gate, surrogate, attached)

    reads = (draft.read(f"{node.name}:m"), draft.read(node.name), draft.late(membrane))
    step = draft.add(f"d({parameter})", node, make, into, reads)
    draft.gradient(parameter, draft.total(parameter, (step,), shape))
