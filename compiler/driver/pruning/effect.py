"""What pruning did to a graph: its costs and its outputs over the user's data, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from axonc.ir import Graph, Kind, Node
from axonc.ir.interpret.run import Data, interpret
from axonc.ir.ops import Array

from ..evaluate.counts import in_order
from ..evaluate.dataset import DataSet, class_output, data_set
from ..evaluate.measure import decisions
from ..evaluate.stages import Sqnr
from .costs import MatrixCost, matrix_costs

CHUNK = 16
"""Samples that run at a time."""


@dataclass(frozen=True)
class OutputEffect:
    """An output before and after: the share of ``equal`` values, and for one that is no spikes the SQNR."""

    name: str
    equal: float
    sqnr: Sqnr | None

    def __str__(self) -> str:
        return f"{self.name}: {self.equal:.4%} of values equal{f', SQNR {self.sqnr}' if self.sqnr else ''}"


@dataclass(frozen=True)
class Effect:
    """``agreement``: the share of samples of the same class as before; ``accuracy``: before and after, where there are
    labels."""

    samples: int
    agreement: float | None
    accuracy: tuple[float, float] | None
    outputs: Sequence[OutputEffect]
    before: Sequence[MatrixCost]
    after: Sequence[MatrixCost]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "samples": self.samples,
            "agreement": self.agreement,
            "accuracy": None if self.accuracy is None else list(self.accuracy),
            "outputs": {
                o.name: {"equal": o.equal, "decibels": None if o.sqnr is None else o.sqnr.decibels}
                for o in self.outputs
            },
            "before": [cost.to_dict() for cost in self.before],
            "after": [cost.to_dict() for cost in self.after],
        }


def effect(
    before: Graph, after: Graph, x: Data, y: npt.ArrayLike | None = None, output: str | None = None, decide: str = "sum"
) -> Effect:
    """Run both graphs over data and compare what comes out.

    ``y``: the class of every sample, or None; ``output``: whose largest element is the class; None: the only one, and
    no classes where there are several; ``decide``: as `evaluate` takes it.

    Raises:
        ModelError: the data, the labels or the output do not fit the graph.
    """
    several = output is None and len(before.outputs) > 1 and y is None
    shown = before.outputs[0] if several else class_output(before, output)
    data = data_set(before, x, y, shown)
    sums: dict[str, Array] = {node.name: np.zeros((0, 4)) for node in before.outputs}
    classes: list[Array] = []
    for _, chunk in data.chunks(CHUNK):
        runs = [interpret(graph, chunk) for graph in (before, after)]
        classes.append(np.array([decisions(run, shown.name, decide) for run in runs]))
        for name in sums:
            sums[name] = np.concatenate([sums[name], _sums(runs[0].outputs[name], runs[1].outputs[name])])
    decided = np.concatenate(classes, axis=1)
    return Effect(
        data.samples,
        None if several else float(np.mean(decided[0] == decided[1])),
        _accuracy(decided, data),
        [_output_effect(node, before, in_order(sums[node.name])) for node in before.outputs],
        matrix_costs(before, data.x),
        matrix_costs(after, data.x),
    )


def _accuracy(decided: Array, data: DataSet) -> tuple[float, float] | None:
    if data.y is None:
        return None
    first, second = np.mean(decided == data.y, axis=1).tolist()
    return first, second


def _sums(before: Array, after: Array) -> Array:
    """[samples, 4]: equal values and all, the squares of the values and of the differences."""
    old, new = (run.reshape(len(run), -1).astype(np.float64) for run in (before, after))
    equal = np.sum(old == new, axis=1)
    return np.column_stack(
        [equal, np.full(len(old), old.shape[1]), np.sum(old**2, axis=1), np.sum((new - old) ** 2, axis=1)]
    )


def _output_effect(node: Node, graph: Graph, sums: Array) -> OutputEffect:
    equal, count, signal, noise = sums.tolist()
    spikes = graph.signals[node.name].kind is Kind.EVENT
    return OutputEffect(node.name, equal / count if count else 1.0, None if spikes else Sqnr(signal, noise))
