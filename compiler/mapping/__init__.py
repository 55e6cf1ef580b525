"""Mapping a network to a machine: schedule, partition, keys, routes; each a pure function."""

from .map import MapOptions, map_network
from .partition import partition
from .routing import allocate_keys, route
from .schedule import Edge, schedule, schedule_network
from .strategies import STRATEGIES

__all__ = [
    "STRATEGIES",
    "Edge",
    "MapOptions",
    "allocate_keys",
    "map_network",
    "partition",
    "route",
    "schedule",
    "schedule_network",
]
