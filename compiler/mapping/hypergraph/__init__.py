"""Partitioning of hypergraphs: the built-in partitioner, and others behind the same function."""

from .graph import Hypergraph
from .others import PARTITIONERS, Partitioner
from .recursive import partition

__all__ = ["PARTITIONERS", "Hypergraph", "Partitioner", "partition"]
