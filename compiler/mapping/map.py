"""The whole mapping of a network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from axonc.ir import raise_if_any
from axonc.ir.machine import Machine
from axonc.ir.mapping import Mapping
from axonc.ir.network import Network
from axonc.ir.target import CostModel

from .partition import Sizes, partition
from .routing import allocate_keys, route
from .schedule import schedule_network


@dataclass(frozen=True)
class MapOptions:
    """``slice_size``: the most neurons in a slice, for all populations or by name; ``strategy``: ``fewest-cores``
    packs several slices on a core, ``spread`` gives each its own; ``place_inputs``: cores send the input events."""

    slice_size: Sizes = None
    strategy: str = "fewest-cores"
    place_inputs: bool = False


def map_network(
    network: Network, outputs: Iterable[str], machine: Machine, cost: CostModel, options: MapOptions
) -> Mapping:
    """The mapping; `ModelError` with every overfull resource."""
    schedule = schedule_network(network, outputs)
    pack = options.strategy == "fewest-cores"
    slices, problems = partition(network, schedule, machine, cost, options.slice_size, pack, options.place_inputs)
    keyed, keys, key_problems = allocate_keys(network, slices, machine)
    routes, route_problems = route(network, keyed, keys, machine)
    raise_if_any([*problems, *key_problems, *route_problems])
    cores = 1 + max((part.core for part in keyed if part.core is not None), default=-1)
    return Mapping(cores, keyed, keys, routes, schedule)
