"""Structural pruning with loss: units that the user's data leave silent are removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, prod
from typing import ClassVar

from axonc.ir import Diagnostic, Graph, Node, raise_if_any
from axonc.ir.ops import EGRU, Neuron

from .base import Pass
from .remove_units import removed
from .scores import NO_RATES, Rates


@dataclass(frozen=True)
class RemoveSilent(Pass):
    """Removes units that sent at most ``rate`` events a step over the user's data, as if they never sent any.

    1. Such a unit of a `Neuron` with a gate, or of an EGRU, is taken to be silent; then units go as `RemoveUnits` has
       it. What other inputs would make of them is lost, so a note says how many went; for a rate of 0, nothing changes
       for the data themselves.

    ``rates``: of every unit that can send events.
    """

    name: ClassVar[str] = "remove_silent"
    requires: ClassVar[str] = "stage steps, neurons in float"
    ensures: ClassVar[str] = "layers of at most as many units"
    rate: float = 0.0
    rates: Rates = NO_RATES

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        raise_if_any(self._problems(graph))
        silent = {node.name: self.rates.of[node.name] <= self.rate for node in spiking(graph)}
        exact, _ = removed(graph, {})
        lossy, changed = removed(graph, silent)
        return lossy.with_notes(self._lost(graph, exact, lossy)), changed

    def _problems(self, graph: Graph) -> Iterator[Diagnostic]:
        if not 0 <= self.rate < inf:
            yield Diagnostic("AX403", "", f"rate={self.rate}", "a number from 0 on", "give events a step")
        if {node.name for node in spiking(graph)} - self.rates.of.keys():
            found, limit = "removal of silent units without data", "it needs the rates of all units"
            yield Diagnostic("AX407", "", found, limit, "give data: --calibrate X.npz")

    def _lost(self, before: Graph, exact: Graph, lossy: Graph) -> Iterator[Diagnostic]:
        """A note for every population that lost units which are not proved to do nothing."""
        rate = f"at most {self.rate:g} events a step" if self.rate else "no event"
        for node in spiking(before):
            whole, proved, left = (prod(graph.signals[node.name].shape) for graph in (before, exact, lossy))
            if left < proved:
                found = f"{proved - left} of {whole} units were removed since they send {rate} over the given data"
                limit = "other inputs may need them"
                yield Diagnostic("AX412", node.name, found, limit, "evaluate the result on data of its own")


def spiking(graph: Graph) -> list[Node]:
    """The nodes in float that send events of their own."""
    return [node for node in graph if isinstance(node.op, EGRU) or (isinstance(node.op, Neuron) and node.op.gate)]
