"""Gated units as the runtime sees them: which kernel, the records of their parameters, where their states lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from axonc.ir.arithmetic import MAX_SHIFT
from axonc.ir.ops import Array, FixedGated, FixedGRU, FixedLSTM, FixedResetGate, PartialSums

from .memory import round_up
from .schema import ALIGN, GATED, SCALE

Table = np.ndarray[Any, Any]

WORD_SHIFT = 33
"""``AXONC_WORD_SHIFT`` of the runtime: from this shift on, words do to requantise a sum."""

MOST_UP = 31
"""Sums are shifted up so far at most: any but 0 is clipped then."""


OTHERS: Mapping[type[FixedGated], str] = {
    FixedLSTM: "lstm_q16",
    FixedResetGate: "reset_gate_q16",
    PartialSums: "partial_sums_q16",
}
"""The kernels of units that have one each."""


def gated_kernel(op: FixedGated) -> str:
    """The runtime's kernel for gated units, without its prefix."""
    if isinstance(op, FixedGRU):
        return f"gru_{op.reset}_q16"
    return OTHERS[type(op)]


def has_cell_of_its_own(op: FixedGated) -> bool:
    """Whether a unit keeps something else than what it gives: then it has two arrays of states, else one."""
    return isinstance(op, FixedLSTM) or threshold(op) is not None


def threshold(op: FixedGated) -> Array | None:
    """The thresholds of event-based units."""
    return op.threshold if isinstance(op, FixedGRU) else None


@dataclass(frozen=True, eq=False)
class GatedRecords:
    """The parameters of a slice: axonc_scale_t [lanes, units or 1], int16 [lanes, units], int16 [units or 1] or
    nothing."""

    op: FixedGated
    scales: Table
    biases: Table
    thresholds: Table

    @property
    def data_bytes(self) -> int:
        """Bytes of all of it."""
        tables = (self.scales, self.biases, self.thresholds)
        return round_up(GATED.dtype.itemsize, ALIGN) + sum(round_up(table.nbytes, ALIGN) for table in tables)

    @property
    def own(self) -> bool:
        """Whether every unit has scales of its own."""
        return bool(self.scales.shape[1] > 1)

    @property
    def shifted(self) -> bool:
        """Whether sums are shifted up: that costs some cycles."""
        return bool(np.any(self.scales["up"]))

    def record(self, scales_at: int, biases_at: int, thresholds_at: int) -> Table:
        """The record that points at the tables."""
        record = np.zeros(1, GATED.dtype)
        values: dict[str, Any] = {
            "scales_at": scales_at,
            "scale_stride": int(self.own),
            "biases_at": biases_at,
            "thresholds_at": thresholds_at if self.thresholds.size else 0,
            "threshold_stride": int(self.thresholds.size > 1),
            "frac": self.op.state.frac,
            "cell_frac": self.op.cell.frac if isinstance(self.op, FixedLSTM) else self.op.state.frac,
            "zoneout": self.op.zoneout if isinstance(self.op, FixedGRU) else 0,
        }
        for name, value in values.items():
            record[name] = value
        return record


def gated_records(op: FixedGated, neurons: Array) -> GatedRecords:
    """The parameters of the units ``neurons``; one scale a lane, one threshold, where all units share it."""
    lanes, units = len(op.gates.multiplier), op.units
    bias = np.broadcast_to(op.gates.bias, (lanes, units))[:, neurons]
    scales = _shared(_scales(op)[:, neurons])
    limits = threshold(op)
    if limits is None:
        return GatedRecords(op, scales, bias.astype("<i2"), np.zeros(0, "<i2"))
    chosen = _shared(np.broadcast_to(limits, (1, units))[:, neurons])
    return GatedRecords(op, scales, bias.astype("<i2"), chosen[0].astype("<i2"))


def _scales(op: FixedGated) -> Table:
    """axonc_scale_t [lanes, units]: the same ratios, with multipliers as large and shifts as high as they can be."""
    shape = (len(op.gates.multiplier), op.units)
    multiplier, shift = (
        np.broadcast_to(part, shape).astype(np.int64) for part in (op.gates.multiplier, op.gates.shift)
    )
    shift = np.where(multiplier == 0, MAX_SHIFT, shift)  # a product of 0 is 0 at any shift
    room = 31 - np.frexp(np.abs(multiplier).astype(np.float64))[1]
    more = np.where(multiplier == 0, 0, np.minimum(room, MAX_SHIFT - shift))
    scales = np.zeros(shape, SCALE.dtype)
    scales["multiplier"] = multiplier << more
    scales["up"] = np.clip(WORD_SHIFT - (shift + more), 0, MOST_UP)
    scales["shift"] = np.maximum(shift + more, WORD_SHIFT)
    return scales


def _shared(values: Table) -> Table:
    """[lanes, units], or [lanes, 1] where it is the same for all units."""
    return values[:, :1] if np.all(values == values[:, :1]) else values
