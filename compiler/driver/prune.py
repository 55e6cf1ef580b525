"""Pruning from Python: `axonc.prune`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from axonc.ir import Diagnostic, Graph, ModelError
from axonc.ir.interpret.run import Data

from ..passes import Prune
from ..passes.prune import Scope
from .pruning.methods import Given, parse_pruning
from .pruning.stages import prune_stages


def prune(
    graph: Graph,
    how: Given | Sequence[Given],
    scope: Scope | None = None,
    *,
    calibrate: Data | str | Path | None = None,
) -> Graph:
    """Set linear weights to 0, in float.

    Args:
        graph: a graph in steps before it is quantised.
        how: the share of the weights that is 0 afterwards, from 0 to 1: those of smallest magnitude. Or another
            method, ``METHOD,field=value,...``, a table with ``method``, or a pass of `axonc.compiler.passes`, whose
            fields they are: ``weights`` (`Prune`), ``groups`` (`PruneGroups`), ``masks`` (`PruneMasks`). Several run
            one after the other.
        scope: of a share, what is ranked together: the weights of a ``layer`` (the default), those of each ``gate`` of
            an EGRU, or all (``global``).
        calibrate: input data as `Program.run` takes them, or a file of them, for scores by activity.

    Returns:
        The graph, with its matrices sparse where that takes fewer bytes. ``train(graph, data, prune=0.0)`` trains what
        is left.

    Raises:
        ModelError: the options do not exist (AX403), do not fit the graph (AX411) or need data (AX407); the data do
            not fit the inputs (AX701).
    """
    if scope is not None:
        if not isinstance(how, (int, float)):
            found = f"scope={scope} beside {how!r}"
            raise ModelError(Diagnostic("AX403", "", found, "scope goes with a share alone", "say it in the method"))
        how = Prune(how, scope)
    stages = prune_stages(graph, parse_pruning(how), calibrate)
    return stages[-1][1] if stages else graph
