"""Relaxed neurons, whose events are the primitive of a surrogate: smooth functions with that surrogate as gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np

import axonc
from axonc import Graph
from axonc.compiler.differentiate import Backward, Parameter
from axonc.ir import Kind, Signal
from axonc.ir.interpret.egru import sigmoid
from axonc.ir.interpret.kernels import KERNELS, Kernel, Precision, State
from axonc.ir.ops import EGRU, Neuron, Surrogate, Triangle

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class RelaxedNeuron(Neuron):
    """A neuron with z = P(m - threshold)."""

    name: ClassVar[str] = "relaxed_neuron"
    surrogate: Surrogate = Triangle()  # noqa: RUF009 - a frozen value

    def output(self, source: Signal | None) -> Signal:
        return Signal(self.shape, Kind.DENSE)


@dataclass(frozen=True, eq=False)
class RelaxedEGRU(EGRU):
    """A cell with o = P(m - threshold)."""

    name: ClassVar[str] = "relaxed_egru"
    surrogate: Surrogate = Triangle()  # noqa: RUF009 - a frozen value


def neuron_kernel(op: RelaxedNeuron, precision: Precision) -> Kernel:
    """The kernel of `RelaxedNeuron`, written out once more."""
    gate, cell = op.gate, op.membrane
    assert gate is not None

    def step(state: State, x: Array) -> tuple[State, Array]:
        seen, synapse = x.astype(precision), op.synapse
        new: dict[str, Array] = {}
        if synapse is not None:
            new["i"] = synapse.decay * state["i"] + synapse.gain * x + synapse.offset
            seen = new["i"] if cell.sees == "new" else state["i"]
        m = cell.leak + cell.decay * (state["v"] - cell.leak) + cell.gain * seen + cell.offset
        z = op.surrogate.primitive(m - gate.threshold)
        v = {"none": m, "value": z * gate.value + (1 - z) * m, "subtract": m - z * gate.threshold}[gate.reset]
        v = v if gate.v_min is None else np.maximum(v, gate.v_min)
        return {**new, "v": v, "m": m}, z

    return Kernel(lambda batch: {name: np.zeros((batch, *op.shape), precision) for name in op.states()}, step)


def egru_kernel(op: RelaxedEGRU, precision: Precision) -> Kernel:
    """The kernel of `RelaxedEGRU`, written out once more."""

    def step(state: State, a: Array, h: Array) -> tuple[State, Array]:
        n = op.units
        u, r = sigmoid(a[:, :n] + h[:, :n]), sigmoid(a[:, n : 2 * n] + h[:, n : 2 * n])
        g = np.tanh(a[:, 2 * n :] + r * h[:, 2 * n :])
        goes_on = 0.0 if op.segment and int(state["k"][0]) % op.segment == 0 else 1.0
        old = state["c"] * goes_on
        m = op.zoneout * old + (1 - op.zoneout) * (u * old + (1 - u) * g)
        u = op.zoneout + (1 - op.zoneout) * u
        o = op.surrogate.primitive(m - op.threshold)
        parts = {"m": m, "o": o, "u": u, "r": r, "g": g, "d": old - g, "e": u * goes_on, "k": state["k"] + 1}
        return {"c": m - o * op.threshold, **parts}, o * m

    return Kernel(lambda batch: {"c": np.zeros((batch, *op.shape), precision), "k": np.zeros(batch)}, step)


KERNELS.update({RelaxedNeuron: neuron_kernel, RelaxedEGRU: egru_kernel})  # type: ignore[attr-defined]


def relaxed(graph: Graph, surrogates: Mapping[str, Surrogate]) -> Graph:
    """``graph`` with relaxed neurons."""
    return graph.with_nodes(
        replace(node, op=_relaxed(node.op, surrogates[node.name])) if node.name in surrogates else node
        for node in graph
    )


def _relaxed(op: Any, surrogate: Surrogate) -> Any:
    kind: Callable[..., Any] = RelaxedEGRU if isinstance(op, EGRU) else RelaxedNeuron
    return kind(**{field.name: getattr(op, field.name) for field in fields(op)}, surrogate=surrogate)


def gradients(
    forward: Graph, backward: Backward, x: Mapping[str, Array], seeds: Mapping[str, Array]
) -> tuple[dict[Parameter, Array], dict[str, Array]]:
    """Gradients by parameter, summed over the batch, and derivatives by input: interpreted, in float64."""
    record = sorted(set(backward.tape.values()))
    run = axonc.interpret(forward, x, record, "float64")
    data = {name: run.recorded[reference][:, ::-1] for name, reference in backward.tape.items()}
    data.update({name: seeds[output][:, ::-1] for output, name in backward.seeds.items()})
    done = axonc.interpret(backward.graph, data, precision="float64").outputs
    found = {parameter: done[name][:, -1].sum(axis=0) for name, parameter in backward.gradients.items()}
    return found, {name: done[output][:, ::-1] for output, name in backward.inputs.items()}
