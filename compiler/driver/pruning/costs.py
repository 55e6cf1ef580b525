"""What matrices cost: density, activity, their product, and the operations that events really cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from axonc.ir import Graph, Node
from axonc.ir.interpret.run import Data
from axonc.ir.ops import Array, Linear, QuantLinear, is_sparse

from .activity import Counts, counts


@dataclass(frozen=True)
class MatrixCost:
    """A matrix, and what ``steps`` steps of data make of it.

    ``weights``: rows times columns; ``nonzeros`` of them are not 0. ``events``: those that reach it; of graded events
    and dense values, those that are not 0. ``operations``: a weight that is not 0 for each of them, added up over the
    events of every source and the nonzeros in its column: what a core with sparse rows counts.
    """

    name: str
    weights: int
    nonzeros: int
    sources: int
    steps: int
    events: int
    operations: int

    @property
    def density(self) -> float:
        """The share d of weights that are not 0."""
        return self.nonzeros / self.weights if self.weights else 0.0

    @property
    def activity(self) -> float:
        """The mean number a of events of a source in a step."""
        return self.events / (self.sources * self.steps) if self.sources * self.steps else 0.0

    @property
    def product(self) -> float:
        """d a: the share of a dense matrix's operations, if density and activity had nothing to do with each other."""
        return self.density * self.activity

    @property
    def weighted(self) -> float:
        """The share that it really is: operations over weights and steps."""
        return self.operations / (self.weights * self.steps) if self.weights * self.steps else 0.0

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        shares = {name: getattr(self, name) for name in ("density", "activity", "product", "weighted")}
        return {**asdict(self), **shares}


def matrix_costs(graph: Graph, data: Data | str | Path | None) -> list[MatrixCost]:
    """The cost of every matrix of a graph, quantised or not; without data, of no step."""
    nodes = [node for node in graph if isinstance(node.op, (Linear, QuantLinear))]
    seen = None if data is None else counts(graph, dict.fromkeys(name for n in nodes for name in n.inputs), data)
    return [_cost(node, seen) for node in nodes]


def _cost(node: Node, seen: Counts | None) -> MatrixCost:
    assert isinstance(node.op, (Linear, QuantLinear))
    columns = column_nonzeros(node.op)
    events = np.zeros_like(columns) if seen is None else np.sum([seen.of[name] for name in node.inputs], axis=0)
    rows = int(node.op.weight.shape[0])
    return MatrixCost(
        node.name,
        rows * len(columns),
        int(columns.sum()),
        len(columns),
        0 if seen is None else seen.steps,
        int(events.sum()),
        int(events @ columns),
    )


def column_nonzeros(op: Linear | QuantLinear) -> Array:
    """How many weights of each source are not 0: int64."""
    if is_sparse(op.weight):
        return np.asarray(op.weight.astype(bool).sum(axis=0), np.int64).reshape(-1)
    return np.asarray(np.count_nonzero(np.asarray(op.weight), axis=0), np.int64)


def total(costs: Sequence[MatrixCost]) -> MatrixCost:
    """All matrices as one."""
    fields = ("weights", "nonzeros", "sources", "events", "operations")
    sums = {name: sum(getattr(cost, name) for cost in costs) for name in fields}
    return MatrixCost("all", steps=max((cost.steps for cost in costs), default=0), **sums)


COLUMNS = ("matrix", "weights", "nonzero", "density d", "activity a", "d x a", "operations a step", "of dense")
"""The cells of `cost_rows`."""


def cost_rows(costs: Sequence[MatrixCost]) -> Iterator[list[str]]:
    """A row for every matrix, and one for all."""
    for cost in (*costs, *([total(costs)] if len(costs) > 1 else [])):
        steps = max(cost.steps, 1)
        shares = [f"{share:.2%}" for share in (cost.density, cost.activity, cost.product)]
        shown = [*shares[1:], f"{cost.operations / steps:.1f}", f"{cost.weighted:.2%}"] if cost.steps else ["-"] * 4
        yield [cost.name, str(cost.weights), str(cost.nonzeros), shares[0], *shown]
