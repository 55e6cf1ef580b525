"""Mapping a network to a machine: schedule, partition, keys, places, routes; each a pure function."""

from .candidates import CHOICES
from .map import MapOptions, connected, map_network
from .partition import partition
from .reach import traffic
from .schedule import Edge, schedule, schedule_network
from .strategies import STRATEGIES

__all__ = [
    "CHOICES",
    "STRATEGIES",
    "Edge",
    "MapOptions",
    "connected",
    "map_network",
    "partition",
    "schedule",
    "schedule_network",
    "traffic",
]
