"""Mapping a network to a machine: schedule, partition, keys, routes; each a pure function."""

from .candidates import CHOICES
from .map import MapOptions, map_network
from .partition import partition
from .routing import allocate_keys, route
from .schedule import Edge, schedule, schedule_network
from .strategies import STRATEGIES
from .traffic import traffic

__all__ = [
    "CHOICES",
    "STRATEGIES",
    "Edge",
    "MapOptions",
    "allocate_keys",
    "map_network",
    "partition",
    "route",
    "schedule",
    "schedule_network",
    "traffic",
]
