"""Gated units as the runtime sees them: which kernel, the records of their parameters, where their states lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from axonc.ir.ops import Array, FixedGated, FixedGRU, FixedLSTM

from .memory import round_up
from .schema import ALIGN, GATED, SCALE

Table = np.ndarray[Any, Any]

WORD_SHIFT = 33
"""``AXONC_WORD_SHIFT`` of the runtime: from this shift on, words do to requantise a sum."""


def gated_kernel(op: FixedGated) -> str:
    """The runtime's kernel for gated units, without its prefix."""
    if isinstance(op, FixedGRU):
        return f"gru_{op.reset}_q16"
    return "lstm_q16" if isinstance(op, FixedLSTM) else "reset_gate_q16"


def has_cell_of_its_own(op: FixedGated) -> bool:
    """Whether a unit keeps something else than what it gives: then it has two arrays of states, else one."""
    return isinstance(op, FixedLSTM) or threshold(op) is not None


def threshold(op: FixedGated) -> Array | None:
    """The thresholds of event-based units."""
    return op.threshold if isinstance(op, FixedGRU) else None


@dataclass(frozen=True, eq=False)
class GatedRecords:
    """The parameters of a slice: axonc_scale_t and int16 [lanes, units or 1], int16 [units or 1] or nothing."""

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
    def plain(self) -> bool:
        """Whether words do for every sum."""
        return bool(np.all(self.scales["shift"] >= WORD_SHIFT))

    def record(self, scales_at: int, biases_at: int, thresholds_at: int) -> Table:
        """The record that points at the tables."""
        record = np.zeros(1, GATED.dtype)
        values: dict[str, Any] = {
            "scales_at": scales_at,
            "scale_stride": int(self.scales.shape[1] > 1),
            "biases_at": biases_at,
            "bias_stride": int(self.biases.shape[1] > 1),
            "thresholds_at": thresholds_at if self.thresholds.size else 0,
            "threshold_stride": int(self.thresholds.size > 1),
            "frac": self.op.state.frac,
            "cell_frac": self.op.cell.frac if isinstance(self.op, FixedLSTM) else self.op.state.frac,
            "zoneout": self.op.zoneout if isinstance(self.op, FixedGRU) else 0,
            "plain": self.plain,
        }
        for name, value in values.items():
            record[name] = value
        return record


def gated_records(op: FixedGated, neurons: Array) -> GatedRecords:
    """The parameters of the units ``neurons``; one value a lane where all units share it."""
    multiplier, shift, bias = (
        _of_units(part, neurons) for part in (op.gates.multiplier, op.gates.shift, op.gates.bias)
    )
    lanes, units = np.broadcast_shapes(multiplier.shape, shift.shape)
    scales = np.zeros((lanes, units), SCALE.dtype)
    scales["multiplier"] = multiplier
    scales["shift"] = np.where(multiplier == 0, WORD_SHIFT, shift)  # a product of 0 is 0 at any shift
    limits = threshold(op)
    chosen = np.zeros((1, 0)) if limits is None else _of_units(np.asarray(limits).reshape(1, -1), neurons)
    return GatedRecords(op, scales, bias.astype("<i2"), chosen[0].astype("<i2"))


def _of_units(values: Array, neurons: Array) -> Array:
    """[lanes, units or 1]: what the units have, one value a lane where it is the same for all."""
    chosen = np.asarray(values) if values.shape[1] == 1 else np.asarray(values)[:, neurons]
    return chosen[:, :1] if np.all(chosen == chosen[:, :1]) else chosen
