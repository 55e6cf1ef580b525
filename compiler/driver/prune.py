"""Pruning from Python: `axonc.prune`."""

from __future__ import annotations

from axonc.ir import Graph

from ..passes import Prune, run_pipeline
from ..passes.prune import Scope


def prune(graph: Graph, sparsity: float, scope: Scope = "layer") -> Graph:
    """Set the linear weights of smallest magnitude to 0, in float; see `axonc.compiler.passes.Prune`.

    Args:
        graph: a graph before it is quantised.
        sparsity: the share of the weights that is 0 afterwards, from 0 to below 1.
        scope: what is ranked together: the weights of a ``layer``, those of each ``gate`` of an EGRU, or all
            (``global``).

    Returns:
        The graph, with its matrices sparse where that takes fewer bytes. ``train(graph, data, prune=0.0)`` trains what
        is left.

    Raises:
        ModelError: the options do not fit (AX403).
    """
    return run_pipeline(graph, [Prune(sparsity, scope)])[-1][1]
