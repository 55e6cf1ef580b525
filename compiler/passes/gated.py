"""Gated units in fixed point: their matrices become lanes of integer weights, their gates read tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from axonc.ir import Diagnostic, Fixed, Node
from axonc.ir.arithmetic import UNIT, multiplier_and_shift
from axonc.ir.network import matrices_behind
from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
    Array,
    FixedGated,
    FixedGRU,
    FixedLanes,
    FixedLSTM,
    FixedResetGate,
    Linear,
    Matrix,
    QuantLinear,
    ResetGate,
    is_sparse,
)

from .fidelity import mean_error, restored, sqnr_db
from .host import GATED
from .observed import Observed
from .payloads import Sources
from .weight_formats import WeightFormat, WeightRules
from .weights import ACCUMULATOR, accumulator_bound, fan_in_scale, overflow, per_row

GATE_FORMAT = Fixed(16, 12)
"""The format of a gate's argument."""

CELL = Fixed(16, 12)
"""The format of an LSTM's cell: it saturates at 8."""

Gated = EGRU | GRU | LSTM | ResetGate
SPARSE_BELOW = 0.4
"""Density below which integer weights are held sparse."""


@dataclass(frozen=True)
class GatedUnits:
    """What quantises gated units whose weights have the format ``number``."""

    sources: Sources
    rules: WeightRules
    number: WeightFormat
    observed: Observed

    def quantised(self, node: Node) -> tuple[list[Node], list[Diagnostic], dict[str, dict[str, Any]]]:
        """The node and its matrices, in integers: each matrix W has one scale a gate, over all that enter the gate
        together, or one a row (``scope`` channel). The problems are sums that no int32 holds, and what has no integer
        form. The last are what `ir.precision` says of the matrices."""
        op = node.op
        assert isinstance(op, GATED)
        problems = list(_unsupported(node, op))
        if problems:
            return [], problems, {}
        groups = [_Group(self, node, matrices, first) for matrices, first in self._groups(node)]
        done = [part for group in groups for part in group.nodes(_lanes(op))]
        worst = max(float(np.max(group.bound)) for group in groups)
        if worst > ACCUMULATOR.limit:
            return [], [overflow(node.name, worst, self.number.bits)], {}
        said = {name: text for group in groups for name, text in group.said}
        names = tuple(part.name for part in done)
        if isinstance(op, ResetGate):
            done.append(self._carried(node))
            names = (*names, done[-1].name)
        number = self.sources.formats[node.name]
        lanes = FixedLanes(*(np.concatenate(parts) for parts in zip(*(group.lanes for group in groups), strict=True)))
        return [*done, replace(node, op=_fixed(op, lanes, number), inputs=names, reads=())], [], said

    def _groups(self, node: Node) -> Iterator[tuple[list[Node], int]]:
        """The matrices that add up to some lanes, and the first of these."""
        graph = self.sources.graph
        yield [graph[name] for name in node.inputs], 0
        if isinstance(node.op, EGRU) or (isinstance(node.op, GRU) and node.reads):
            yield matrices_behind(graph, node.reads[0]), 3

    def _carried(self, node: Node) -> Node:
        """What a reset gate multiplies comes as it is: weights of 1 into its second lane."""
        (count,) = node.op.accepts() or (0,)
        scale = np.full(2 * count, self.sources.formats[node.name].scale)
        rows = sparse.csr_array(sparse.eye_array(2 * count, count, k=-count, dtype=np.int8))
        return Node(f"{node.name}.y", QuantLinear(rows, scale), node.reads, node.origin)


@dataclass(frozen=True)
class _Group:
    """Matrices that add up to some lanes of a node, from the lane ``first`` on."""

    how: GatedUnits
    node: Node
    matrices: list[Node]
    first: int

    @property
    def ops(self) -> list[Linear]:
        return [part.op for part in self.matrices if isinstance(part.op, Linear)]

    @property
    def rows(self) -> int:
        return int(self.ops[0].weight.shape[0])

    @property
    def gates(self) -> int:
        assert isinstance(self.node.op, GATED)
        return self.rows // self.node.op.units

    @property
    def units(self) -> list[float]:
        return [self.how.sources.unit(part.inputs[0]) for part in self.matrices]

    @cached_property
    def scale(self) -> Array:
        """What one unit of each sum is worth: (gates,), or one a row."""
        how = self.how
        gates = ([_gate(op.weight, gate, self.gates) for op in self.ops] for gate in range(self.gates))
        scales = [fan_in_scale(parts, self.units, how.rules, how.number) for parts in gates]
        if any(scale.ndim for scale in scales):  # a gate of several scales makes all gates have one a row
            scales = [np.broadcast_to(scale, self.rows // self.gates) for scale in scales]
        return np.concatenate([np.atleast_1d(scale) for scale in scales])

    @cached_property
    def integers(self) -> list[Matrix]:
        scale = per_row(self.scale, self.rows)
        parts = zip(self.matrices, self.ops, self.units, strict=True)
        rules, number = self.how.rules, self.how.number
        return [rules.integers(part.name, op.weight, scale / unit, number) for part, op, unit in parts]

    @cached_property
    def held(self) -> list[Matrix]:
        """What the integers stand for."""
        scale = per_row(self.scale, self.rows)
        return [restored(weight, scale / unit) for weight, unit in zip(self.integers, self.units, strict=True)]

    @property
    def said(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What `ir.precision` says of each matrix."""
        for part, op, held in zip(self.matrices, self.ops, self.held, strict=True):
            sqnr = sqnr_db(op.weight, held)
            yield part.name, {"format": self.how.number.name, "scales": self.scale.size, "sqnr_db": sqnr}

    @property
    def bias(self) -> Array:
        """The biases of the matrices, and what their integers lose on average."""
        bias = sum((op.bias for op in self.ops if op.bias is not None), np.zeros(self.rows))
        for part, op, held in zip(self.matrices, self.ops, self.held, strict=True):
            mean = self.how.observed.means.get(part.name)
            bias = bias if mean is None else bias + mean_error(op, held, mean)
        return np.asarray(bias)

    @property
    def bound(self) -> Array:
        """The most that each sum may reach."""
        most = [self.how.sources.most(part.inputs[0]) for part in self.matrices]
        sums = [QuantLinear(weight, np.ones(()), self.how.number.bits) for weight in self.integers]
        parts = [accumulator_bound(op, peak, self.rows) for op, peak in zip(sums, most, strict=True)]
        return np.asarray(np.sum(parts, axis=0))

    @property
    def lanes(self) -> tuple[Array, Array, Array]:
        """Multipliers, shifts and biases that bring the sums to `GATE_FORMAT`."""
        multiplier, shift = multiplier_and_shift(self.scale.reshape(self.gates, -1) / GATE_FORMAT.scale)
        units = np.rint(self.bias / GATE_FORMAT.scale).reshape(self.gates, -1)
        return multiplier, shift, np.clip(units, -GATE_FORMAT.limit, GATE_FORMAT.limit).astype(np.int64)

    def nodes(self, lanes: int) -> Iterator[Node]:
        """The matrices as integers, in all lanes of the node."""
        units = self.rows // self.gates
        scale = np.ones(lanes * units)
        scale[self.first * units :][: self.rows] = per_row(self.scale, self.rows)
        for part, op, weight in zip(self.matrices, self.ops, self.integers, strict=True):
            wide = _in_lanes(weight, self.first * units, lanes * units)
            yield replace(part, op=QuantLinear(wide, scale, self.how.number.bits, op.takes))


def _gate(weight: Matrix, gate: int, gates: int) -> Matrix:
    """The rows of one gate."""
    units = weight.shape[0] // gates
    return weight[gate * units : (gate + 1) * units]


def _in_lanes(weight: Matrix, first: int, rows: int) -> Matrix:
    """A matrix as some of the ``rows`` of a larger one."""
    if not is_sparse(weight) and np.count_nonzero(dense := np.asarray(weight)) >= SPARSE_BELOW * weight.size:
        wide = np.zeros((rows, weight.shape[1]), dense.dtype)
        wide[first : first + len(dense)] = dense
        return wide
    part = sparse.csr_array(weight)
    starts = np.concatenate([np.zeros(first, part.indptr.dtype), part.indptr])
    behind = np.full(rows + 1 - len(starts), starts[-1])
    return sparse.csr_array((part.data, part.indices, np.concatenate([starts, behind])), shape=(rows, weight.shape[1]))


def _lanes(op: Gated) -> int:
    if isinstance(op, LSTM):
        return 4
    return 6 if isinstance(op, EGRU) or (isinstance(op, GRU) and op.reset == "after") else 2


def _unsupported(node: Node, op: Gated) -> Iterator[Diagnostic]:
    if isinstance(op, LSTM) and op.peephole is not None:
        limit = "in integers, an LSTM has none"
        yield Diagnostic("AX601", node.name, "peepholes", limit, "train without them, or use --weights float32")
    if isinstance(op, LSTM) and op.initial is not None and np.abs(op.initial).max() > CELL.limit * CELL.scale:
        found, limit = f"a cell that begins with {float(np.abs(op.initial).max()):g}", "in integers it is below 8"
        yield Diagnostic("AX402", node.name, found, limit, "begin with less, or use --weights float32")


def _fixed(op: Gated, lanes: FixedLanes, number: Fixed) -> FixedGated:
    if isinstance(op, LSTM):
        return FixedLSTM(op.units, lanes, number, CELL, in_units(op.initial, CELL))
    if isinstance(op, ResetGate):
        return FixedResetGate(op.units, lanes, number)
    if isinstance(op, GRU):
        return FixedGRU(op.units, lanes, number, reset=op.reset, initial=in_units(op.initial, number))
    threshold = np.floor(op.threshold / number.scale).astype(np.int64)
    zoneout = round(op.zoneout * UNIT)
    first = in_units(op.initial, number)
    return FixedGRU(op.units, lanes, number, np.asarray(threshold), "after", zoneout, op.segment, first)


def in_units(values: Array | None, number: Fixed) -> Array | None:
    """Values that something begins with as integers of a format, the nearest."""
    if values is None:
        return None
    return np.clip(np.rint(values / number.scale), -number.limit, number.limit).astype(np.int64)
