"""Neurons whose spikes fall within a step: what `Discretise` makes of them under ``spike_time=substep``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from axonc.ir import Diagnostic, Node
from axonc.ir.ops import IF, LI, LIF, ZERO, CubaLI, CubaLIF, ExactNeuron, Gate, I

from ..semantics import Semantics

NEEDED = {
    "integrator": ("exponential",),
    "gain": ("model",),
    "test": ("new",),
    "reset": ("v_reset", "zero", "subtract"),
    "v_min": ("none",),
}
"""The values of other fields that go with spike times within a step."""


def exact_leaky(op: LI | LIF, semantics: Semantics, gate: Gate | None) -> ExactNeuron:
    """A pulse is a current r x that lasts a step; a Dirac impulse is a jump by r x / tau at its beginning."""
    assert semantics.dt is not None
    r = op.r if semantics.leaky_r == "model" else np.ones_like(op.r)
    pulse = semantics.leaky_event == "pulse"
    jump, drive = (ZERO, r) if pulse else (r / op.tau, ZERO)
    return ExactNeuron(op.shape, semantics.dt / op.tau, jump, drive, op.v_leak, gate)


def exact_integrator(op: I | IF, semantics: Semantics, gate: Gate | None) -> ExactNeuron:
    """A Dirac impulse is a jump by r x, a pulse a slope of r x dt a step."""
    r = op.r if semantics.leaky_r == "model" else np.ones_like(op.r)
    jump, drive = (r, ZERO) if semantics.if_event == "dirac" else (ZERO, r * (semantics.dt or 0.0))
    return ExactNeuron(op.shape, ZERO, jump, drive, ZERO, gate)


def exact_problems(node: Node, semantics: Semantics) -> Iterator[Diagnostic]:
    """What ``spike_time=substep`` cannot do: combinations without a meaning, and neurons with a synaptic current."""
    if semantics.spike_time != "substep" or not isinstance(node.op, (I, IF, LI, LIF, CubaLI, CubaLIF)):
        return
    if isinstance(node.op, (CubaLI, CubaLIF)):
        found, limit = f"spike_time=substep for {node.op.name}", "its crossing of the threshold has no closed form"
        yield Diagnostic("AX206", node.name, found, limit, "choose spike_time=step for it")
    for name, values in NEEDED.items():
        value = getattr(semantics, name)
        if value not in values:
            found = f"spike_time=substep with {name}={value}"
            yield Diagnostic("AX206", node.name, found, f"it goes with {name}={' or '.join(values)}", "choose that")
