"""Partitioning of hypergraphs: the built-in partitioner, and others behind the same function."""

from .arrays import distinct, evenly
from .graph import Hypergraph
from .multilevel import partition, quick_partition
from .others import PARTITIONERS, Partitioner

__all__ = ["PARTITIONERS", "Hypergraph", "Partitioner", "distinct", "evenly", "partition", "quick_partition"]
