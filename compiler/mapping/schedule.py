"""When every population runs: start slots from difference constraints.

Step k of population p runs in slot start[p] + P k. An event sent in one slot is received in the next, so that an edge
of delay d needs start(target) + P d - start(source) >= 1. The starts are longest paths under the weights 1 - P d;
P is the smallest number of phases for which no cycle has a positive weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from axonc.ir import Diagnostic, ModelError
from axonc.ir.mapping import Schedule
from axonc.ir.network import Network


@dataclass(frozen=True)
class Edge:
    """Events of ``source`` act on ``target`` ``delay`` steps later."""

    source: str
    target: str
    delay: int


def schedule(names: Sequence[str], edges: Iterable[Edge], outputs: Iterable[str]) -> Schedule:
    """The schedule with the fewest phases, then the earliest starts.

    Args:
        names: the populations.
        edges: between them.
        outputs: the populations whose results are read; the latency is the latest of their starts.

    Raises:
        ModelError: a cycle has no delay at all.
    """
    several = tuple(edges)
    for phases in range(1, len(names) + 2):
        start = _longest_paths(names, several, phases)
        if start is not None:
            return Schedule(phases, start, max((start[name] for name in outputs), default=0))
    limit = "every cycle needs a delay of at least one step"
    raise ModelError(Diagnostic("AX303", names[0], "a cycle of populations has no delay", limit, "add a delay"))


def _longest_paths(names: Sequence[str], edges: Sequence[Edge], phases: int) -> dict[str, int] | None:
    """Bellman-Ford from slot 0; None if starts grow without end, that is on a cycle of positive weight."""
    start = dict.fromkeys(names, 0)
    for _ in range(len(names) + 1):
        changed = False
        for edge in edges:
            earliest = start[edge.source] + 1 - phases * edge.delay
            if earliest > start[edge.target]:
                start[edge.target] = earliest
                changed = True
        if not changed:
            return start
    return None


def schedule_network(network: Network, outputs: Iterable[str]) -> Schedule:
    """The schedule of a network."""
    edges = (Edge(projection.source, projection.target, projection.delay) for projection in network.projections)
    return schedule([population.name for population in network.populations], edges, outputs)


def slack(schedule: Schedule, source: str, target: str, delay: int) -> int:
    """Slots between the receipt of an event and the slot in which it acts."""
    return schedule.start[target] + schedule.phases * delay - schedule.start[source] - 1
