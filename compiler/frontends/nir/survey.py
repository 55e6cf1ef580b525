"""The nodes of a model, whether or not it can be read as a graph."""

from __future__ import annotations

from .flatten import flatten
from .report import Report
from .tree import Tree


def survey(tree: Tree) -> dict[str, str]:
    """The type of every node of the flattened graph, by name."""
    return {name: node.type for name, node in flatten(tree, Report()).nodes.items()}
