"""From continuous time to steps, by the choices of a `Semantics`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar

import numpy as np

from axonc.ir import Diagnostic, Graph, Node, raise_if_any
from axonc.ir.ops import (
    IF,
    LI,
    LIF,
    ONE,
    ZERO,
    Array,
    ContinuousNeuron,
    Conv,
    CubaLI,
    CubaLIF,
    ExactNeuron,
    Flatten,
    Gate,
    I,
    Linear,
    Membrane,
    Neuron,
    Synapse,
    Threshold,
)

from ..node_semantics import NodeChoice, as_property, semantics_by_node, unmatched
from ..semantics import Semantics
from .base import Pass
from .delays import Transport, dt_missing, in_steps, insert_delays
from .exact import exact_integrator, exact_leaky, exact_problems

SUBTRACTIVE_UNTIL = "1.0.5"
"""Up to this version NIR documented a subtractive reset and stored no v_reset."""


@dataclass(frozen=True)
class Discretise(Pass):
    """Makes the delays explicit, then replaces every continuous neuron by a `Neuron` in steps.

    ``nodes``: what single neurons have of their own instead of ``semantics``; later choices win.

    1. Time delays become whole steps, halves rounded up; elements of different delays are split (`in_steps`).
    2. Feedback edges get a delay, and forward edges if the semantics give them one (`insert_delays`).
    3. With h = dt / tau: decay 1 - h (euler) or exp(-h); the input gain is (1 - decay) r for a pulse, r dt / tau for
       a Dirac impulse; v_leak is kept as the membrane's leak.
    4. A neuron without leak: decay 1, gain r (Dirac) or r dt (pulse).
    5. A threshold: a membrane with decay 0 and a gate that resets nothing.
    6. ``spike_time=substep``: neurons without synapse become `ExactNeuron`; rate dt / tau (0 without leak).
    7. ``bias=offset``: the bias of a linear map or convolution that feeds a synapse becomes v's offset, at its steady
       state.
    """

    name: ClassVar[str] = "discretise"
    requires: ClassVar[str] = "stage model"
    ensures: ClassVar[str] = "stage steps"
    semantics: Semantics
    nodes: tuple[NodeChoice, ...] = ()

    def __str__(self) -> str:
        if not self.nodes:
            return f"{self.name}{{semantics={self.semantics}}}"
        return f"{self.name}{{semantics={self.semantics},nodes=[{'; '.join(map(str, self.nodes))}]}}"

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        chosen = semantics_by_node(graph, self.semantics, self.nodes)
        own = {node.name: chosen.get(node.name, self.semantics) for node in graph}
        problems = [problem for node in graph for problem in _problems(node, own[node.name])]
        raise_if_any(unmatched(graph, self.nodes) + problems)
        late = frozenset(name for name, semantics in own.items() if semantics.test == "old")
        transport = Transport(self.semantics.forward_delay, self.semantics.feedback, late)
        delayed = insert_delays(in_steps(graph, self.semantics.dt), transport)
        stepped = delayed.with_nodes(
            replace(node, op=_in_steps(node, own.get(node.name, self.semantics))) for node in delayed
        )
        if self.semantics.bias == "offset":
            stepped = stepped.with_nodes(_bias_to_offset(stepped))
        discrete = stepped.with_nodes(stepped, stage="steps", dt=self.semantics.dt)
        return discrete.with_properties(semantics=str(self.semantics), **as_property(self.semantics, chosen)), True


def _in_steps(node: Node, semantics: Semantics) -> Any:
    maker = _MAKERS.get(type(node.op))
    return node.op if maker is None else maker(node.op, semantics)


def _leaky(tau: Array, gain: Array, semantics: Semantics) -> tuple[Array, Array]:
    """Decay and input gain of tau dy/dt = -y + gain x."""
    assert semantics.dt is not None
    h = semantics.dt / tau
    decay = 1.0 - h if semantics.integrator == "euler" else np.exp(-h)
    if semantics.gain != "model":
        return decay, np.ones_like(decay)
    return decay, (h if semantics.integrator == "exponential_euler" else 1.0 - decay) * gain


def _event_gain(tau: Array, gain: Array, semantics: Semantics) -> tuple[Array, Array]:
    """`_leaky` for the stage that events enter, where a Dirac impulse jumps by gain / tau."""
    decay, pulse = _leaky(tau, gain, semantics)
    if semantics.gain == "decayed":
        return decay, decay
    return decay, pulse if semantics.leaky_event == "pulse" or semantics.gain == "unit" else gain / tau


def _threshold(op: Threshold, semantics: Semantics) -> Neuron:
    gate = Gate(op.threshold, "none", ZERO, semantics.compare)
    return Neuron(op.shape, None, Membrane(ZERO, ONE, ZERO, ZERO), gate)


def _integrator(op: I | IF, semantics: Semantics) -> Neuron | ExactNeuron:
    if semantics.spike_time == "substep":
        return exact_integrator(op, semantics, _gate(op, semantics))
    gain = op.r if semantics.if_event == "dirac" else op.r * (semantics.dt or 0.0)
    gain = gain if semantics.gain == "model" and semantics.leaky_r == "model" else np.ones_like(gain)
    return Neuron(op.shape, None, Membrane(ONE, gain, ZERO, ZERO), _gate(op, semantics))


def _leaky_integrator(op: LI | LIF, semantics: Semantics) -> Neuron | ExactNeuron:
    if semantics.spike_time == "substep":
        return exact_leaky(op, semantics, _gate(op, semantics))
    resistance = op.r if semantics.leaky_r == "model" else np.ones_like(op.r)
    decay, gain = _event_gain(op.tau, resistance, semantics)
    return Neuron(op.shape, None, Membrane(decay, gain, op.v_leak, ZERO), _gate(op, semantics))


def _cuba(op: CubaLI | CubaLIF, semantics: Semantics) -> Neuron:
    kept, entering = _event_gain(op.tau_syn, op.w_in, semantics)
    rest = ZERO if semantics.current_leak == "zero" else (1.0 - kept) * op.v_leak
    synapse = Synapse(kept, entering, rest)
    decay, gain = _leaky(op.tau_mem, op.r, semantics)
    membrane = Membrane(decay, gain, op.v_leak, ZERO, semantics.sees)
    return Neuron(op.shape, synapse, membrane, _gate(op, semantics))


def _gate(op: ContinuousNeuron, semantics: Semantics) -> Gate | None:
    if not isinstance(op, (IF, LIF, CubaLIF)):
        return None
    names = {"v_reset": "value", "zero": "value"}
    if semantics.test == "old" and not isinstance(op, CubaLIF):
        names["subtract"] = "subtract_next"
    reset = names.get(semantics.reset, semantics.reset)
    value = op.v_reset if semantics.reset == "v_reset" and op.v_reset is not None else ZERO
    lowest = {"none": None, "zero": np.zeros_like(op.v_threshold), "threshold": -op.v_threshold}[semantics.v_min]
    bounded = lowest if semantics.v_min != "threshold" or isinstance(op, IF) else None
    return Gate(op.v_threshold, reset, value, semantics.compare, semantics.spikes, bounded)


_MAKERS: Mapping[type, Callable[[Any, Semantics], Neuron | ExactNeuron]] = {
    Threshold: _threshold,
    I: _integrator,
    IF: _integrator,
    LI: _leaky_integrator,
    LIF: _leaky_integrator,
    CubaLI: _cuba,
    CubaLIF: _cuba,
}


def _problems(node: Node, semantics: Semantics) -> Iterator[Diagnostic]:
    op = node.op
    if isinstance(op, (IF, LIF, CubaLIF)):
        yield from _gate_problems(node.name, semantics)
    if isinstance(op, (IF, LIF, CubaLIF)) and op.v_reset is None and semantics.reset == "v_reset":
        yield Diagnostic(
            "AX205",
            node.name,
            "the file holds no v_reset",
            f"files of NIR up to {SUBTRACTIVE_UNTIL} meant a subtractive reset, later readers assume zero",
            "choose: reset=subtract or reset=zero in the semantics",
        )
    if not isinstance(op, ContinuousNeuron):
        return
    yield from exact_problems(node, semantics)
    if semantics.dt is None and _needs_dt(op, semantics):
        yield dt_missing(node)
    elif semantics.integrator == "euler":
        yield from _euler_problems(node.name, op, semantics)


def _gate_problems(name: str, semantics: Semantics) -> Iterator[Diagnostic]:
    if semantics.spike_time == "substep":
        return
    if semantics.test == "old" and semantics.reset not in ("subtract", "none"):
        found, limit = f"test=old with reset={semantics.reset}", "testing the old v goes with reset=subtract or none"
        yield Diagnostic("AX206", name, found, limit, "choose one of them")
    if semantics.spikes > 1 and (semantics.reset != "subtract" or semantics.test == "old"):
        found, limit = f"spikes={semantics.spikes} with reset={semantics.reset}, test={semantics.test}", ""
        yield Diagnostic("AX206", name, found, "several spikes need reset=subtract, test=new", "or spikes=1")


def _needs_dt(op: ContinuousNeuron, semantics: Semantics) -> bool:
    return bool(op.positive) or (isinstance(op, (I, IF)) and semantics.if_event == "pulse")


def _euler_problems(name: str, op: ContinuousNeuron, semantics: Semantics) -> Iterator[Diagnostic]:
    for constant in op.positive:
        tau = float(np.min(getattr(op, constant)))
        if semantics.dt is not None and semantics.dt > tau:
            yield Diagnostic(
                "AX203",
                name,
                f"dt = {semantics.dt:g} is larger than {constant} = {tau:g}",
                "forward Euler needs dt <= tau",
                "choose a smaller dt, or integrator=exponential",
            )


def _bias_to_offset(graph: Graph) -> tuple[Node, ...]:
    """i's steady state under a constant bias b is gain b / (1 - decay): v gets that times its own gain."""
    offsets: dict[str, Array] = {}
    moved: set[str] = set()
    for node in graph:
        readers = list(_readers(graph, node))
        if isinstance(node.op, (Linear, Conv)) and node.op.bias is not None and readers and all(map(_synapse, readers)):
            moved.add(node.name)
            elements = prod(graph.signals[node.name].shape)
            bias = np.repeat(node.op.bias, elements // len(node.op.bias))  # one a row, or one a channel
            for reader in readers:
                offsets[reader.name] = offsets.get(reader.name, ZERO) + _steady_share(reader, bias)
    return tuple(_with_offset(node, moved, offsets) for node in graph)


def _readers(graph: Graph, node: Node) -> Iterator[Node]:
    """What a node feeds, behind any flattening."""
    for reader in graph.consumers[node.name]:
        if isinstance(reader.op, Flatten):
            yield from _readers(graph, reader)
        else:
            yield reader


def _steady_share(node: Node, bias: Array) -> Array:
    """What a constant ``bias``, flat, adds to v in each step once i is in its steady state."""
    synapse = _synapse(node)
    assert synapse is not None
    assert isinstance(node.op, Neuron)
    return np.asarray(node.op.membrane.gain * (synapse.gain / (1.0 - synapse.decay) * bias.reshape(node.op.shape)))


def _synapse(node: Node) -> Synapse | None:
    return node.op.synapse if isinstance(node.op, Neuron) else None


def _with_offset(node: Node, moved: set[str], offsets: Mapping[str, Array]) -> Node:
    if node.name in moved and isinstance(node.op, (Linear, Conv)):
        return replace(node, op=replace(node.op, bias=None))
    if node.name in offsets and isinstance(node.op, Neuron):
        membrane = replace(node.op.membrane, offset=node.op.membrane.offset + offsets[node.name])
        return replace(node, op=replace(node.op, membrane=membrane))
    return node
