"""The whole mapping of a network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from axonc.ir import raise_if_any
from axonc.ir.machine import Machine
from axonc.ir.mapping import Mapping
from axonc.ir.network import Network
from axonc.ir.target import CostModel

from .candidates import AUTO, chosen
from .partition import Sizes, tick_share
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
    schedule = schedule_network(network, outputs)
    how = Partition(network, schedule, machine, cost, options.slice_size, options.place_inputs)
    cycles = tick_share(machine) if options.timed else inf
    (slices, problems), partitioner = chosen(how, STRATEGIES[options.strategy], options.partitioner, cycles)
    keyed, keys, key_problems = allocate_keys(network, slices, machine)
    routes, route_problems = route(network, keyed, keys, machine)
    raise_if_any([*problems, *key_problems, *route_problems])
    cores = 1 + max((part.core for part in keyed if part.core is not None), default=-1)
    return Mapping(cores, keyed, keys, routes, schedule, partitioner)
