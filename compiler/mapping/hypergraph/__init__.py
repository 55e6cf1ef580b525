"""Partitioning of hypergraphs: the built-in partitioner, and others behind the same function."""

from .graph import Hypergraph, evenly
from .others import PARTITIONERS, Partitioner
from .recursive import partition, quick_partition

__all__ = ["PARTITIONERS", "Hypergraph", "Partitioner", "evenly", "partition", "quick_partition"]
