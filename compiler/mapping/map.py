"""The whole mapping of a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from math import inf

from axonc.ir import Diagnostic, raise_if_any
from axonc.ir.machine import Machine, Place
from axonc.ir.mapping import Mapping, Schedule, Slice
from axonc.ir.network import Network
from axonc.ir.progress import stage
from axonc.ir.target import CostModel

from .candidates import AUTO, chosen
from .fit import tick_share
from .hops import expected_hops
from .links import Links, busy, packet_cycles, stated
from .partition import Sizes
from .placement import place
from .reach import senders
from .routing import allocate_keys, route
from .schedule import schedule_network
from .strategies import STRATEGIES, Partition


@dataclass(frozen=True)
class MapOptions:
    """``slice_size``: the most neurons in a slice, for all populations or by name; ``strategy``: ``fewest-cores``
    packs several slices on a core, ``spread`` gives each its own, ``least-latency`` uses as many cores as make the
    busiest less busy, ``least-traffic`` packs so that the fewest packets leave their cores; ``partitioner``: which
    one may put any neurons together (`chosen`); ``place_inputs``: cores send the input events; ``timed``: slots are
    ticks of the machine, in which cores must be done, else a slot lasts as long as the busiest core needs."""

    slice_size: Sizes = None
    strategy: str = "fewest-cores"
    partitioner: str = AUTO
    place_inputs: bool = False
    timed: bool = True


def map_network(
    network: Network, outputs: Iterable[str], machine: Machine, cost: CostModel, options: MapOptions
) -> Mapping:
    """The mapping; `ModelError` with every overfull resource."""
    shown = tuple(outputs)
    schedule = schedule_network(network, shown)
    how = Partition(network, schedule, machine, cost, options.slice_size, options.place_inputs)
    cycles = tick_share(machine) if options.timed else inf
    with stage("partition"):
        (slices, problems), partitioner = chosen(how, STRATEGIES[options.strategy], options.partitioner, cycles)
    mapping, more = connected(network, slices, schedule, shown, machine, cost)
    raise_if_any([*problems, *more])
    return replace(mapping, partitioner=partitioner)


def connected(
    network: Network,
    slices: Sequence[Slice],
    schedule: Schedule,
    outputs: Sequence[str],
    machine: Machine,
    cost: CostModel,
) -> tuple[Mapping, list[Diagnostic]]:
    """The mapping of slices that have their cores: with keys, places and routes; and what is too much."""
    with stage("keys"):
        keyed, keys, problems = allocate_keys(network, slices, machine)
    cores = 1 + max((part.core for part in keyed if part.core is not None), default=-1)
    with stage("listeners"):
        sending = senders(network, keyed, cores, cost)
    with stage("place"):
        places = place(sending, outputs, machine, cores) if cores <= machine.cores else _anywhere(machine, cores)
    with stage("route"):
        routes, crossing, more = route(sending, keys, places, machine)
    board = machine.board
    links = Links(crossing, sending, packet_cycles(network, keyed, cores, cost), machine)
    loads, waiting = links.loads, links.waiting(schedule)
    mapping = Mapping(cores, keyed, keys, routes, schedule, places, board.neighbours, board.host, stated(loads))
    hops = float(f"{expected_hops(sending, places, machine.grid):.6g}")
    mapping = replace(mapping, hops=hops, packet_cycles=links.cycles, link_waiting=stated(waiting))
    return mapping, [*problems, *more, *busy(loads, waiting, machine)]


def _anywhere(machine: Machine, cores: int) -> tuple[Place, ...]:
    """Stand-ins for places that the machine does not have, so that later stages can tell what they lack."""
    return tuple(islice(cycle(machine.places or [Place(machine.board.host, 1, 1, 0)]), cores))
