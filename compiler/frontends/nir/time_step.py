"""The time step that exporters leave in a model's parameters.

NIR has none, but snnTorch writes r = tau / dt and w_in = tau_syn / dt, so that an event adds its weight; Rockpool
writes r = tau / dt exp(-dt / tau).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from axonc.ir import Graph
from axonc.ir.ops import LI, LIF, Array, CubaLI, CubaLIF

AGREE = 1e-4
"""Relative difference up to which two time steps are one: single precision and some arithmetic of the exporter."""

ROUND = 1e-5
"""Relative distance up to which a time step counts as a number of one digit, which no accident gives."""


@dataclass(frozen=True)
class Stage:
    """A leaky stage of a population: its time constant, its gain and what they are called."""

    node: str
    names: tuple[str, str]
    tau: Array
    gain: Array

    def plain(self) -> Array:
        """dt of gain = tau / dt."""
        return np.asarray(self.tau / self.gain)

    def decayed(self) -> Array:
        """dt of gain = tau / dt exp(-dt / tau): with h = dt / tau, h exp(h) = 1 / gain."""
        h = np.log1p(1.0 / self.gain)
        for _ in range(8):  # Newton's method: every round doubles the digits
            h = h - (h - np.exp(-h) / self.gain) / (1.0 + h)
        return np.asarray(self.tau * h)


def recovered_dt(graph: Graph) -> tuple[float, str] | None:
    """The time step in which all leaky neurons agree, and why; None where they do not, or where it may be chance.

    r = tau / dt holds for any r and some dt: two time constants must give the same one. r = tau / dt exp(-dt / tau)
    of a single time constant is taken if it gives a number of one digit.
    """
    stages = list(_stages(graph))
    if not stages or any(np.min(stage.gain) < 1 - AGREE or np.min(stage.tau) <= 0 for stage in stages):
        return None
    several = _spread([stage.tau for stage in stages]) > 10 * AGREE
    plain = [stage.plain() for stage in stages]
    if several and _spread(plain) <= AGREE:
        return _mean(plain), _why(stages, "{1} = {0} / dt")
    decayed = [stage.decayed() for stage in stages]
    if _spread(decayed) <= AGREE and (several or _is_round(_mean(decayed))):
        return _mean(decayed), _why(stages, "{1} = {0} / dt exp(-dt / {0})")
    return None


def seen_time_steps(graph: Graph) -> str:
    """What tau / r and tau_syn / w_in are where they differ, for the user who must choose; empty where they do not."""
    stages = [stage for stage in _stages(graph) if not np.all(stage.gain == 1) and np.all(stage.gain > 0)]
    if len(stages) < 2 or _spread([stage.plain() for stage in stages]) <= AGREE:
        return ""
    return ", ".join(f"{stage.node} {stage.names[0]} / {stage.names[1]} = {_range(stage.plain())}" for stage in stages)


def _stages(graph: Graph) -> Iterator[Stage]:
    for node in graph:
        op = node.op
        if isinstance(op, (LI, LIF)):
            yield Stage(node.name, ("tau", "r"), op.tau, op.r)
        elif isinstance(op, (CubaLI, CubaLIF)):
            yield Stage(node.name, ("tau_mem", "r"), op.tau_mem, op.r)
            yield Stage(node.name, ("tau_syn", "w_in"), op.tau_syn, op.w_in)


def _spread(values: list[Array]) -> float:
    """The relative difference between the smallest and the largest of all values."""
    low, high = min(float(value.min()) for value in values), max(float(value.max()) for value in values)
    return (high - low) / high


def _mean(values: list[Array]) -> float:
    """The mean, without the digits that single precision does not have."""
    return float(f"{float(np.mean([value.mean() for value in values])):.5g}")


def _is_round(dt: float) -> bool:
    return abs(float(f"{dt:.0e}") - dt) <= ROUND * dt


def _why(stages: list[Stage], form: str) -> str:
    forms = " and ".join(dict.fromkeys(form.format(*stage.names) for stage in stages))
    nodes = list(dict.fromkeys(stage.node for stage in stages))
    return f"{forms} in {', '.join(nodes[:5])}{' and others' if len(nodes) > 5 else ''}"


def _range(values: Array) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:.4g}" if high - low <= AGREE * high else f"{low:.4g} to {high:.4g}"
