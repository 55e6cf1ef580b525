"""Finding in a graph of tensor operations what has an op of its own: weights, convolutions, neurons, gated cells.

Only what means the same, to the rounding of sums, is replaced; everything else stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable

from axonc.ir import Graph

from .editing import Editing
from .egru import with_egrus
from .gated import with_gated
from .maps import with_maps
from .neurons import with_neurons
from .shapes import into_maps, into_sums, parts_first, states_last, without_detours

__all__ = ["recognise"]

STEPS: tuple[Callable[[Editing], None], ...] = (
    *(without_detours, with_maps, parts_first, with_egrus, with_gated),
    *(states_last, with_neurons, into_maps, into_sums),
)
"""What is looked for, one after the other."""


def recognise(graph: Graph) -> tuple[Graph, str]:
    """The graph with such ops; and the outputs that are states of them now: ``output=node:state``, comma between."""
    editing = Editing(graph)
    for step in STEPS:
        step(editing)
    states = ", ".join(f"{name}={state}" for name, state in editing.states.items())
    return editing.graph(), states
