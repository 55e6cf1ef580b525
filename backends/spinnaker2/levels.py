"""Voltages that take the values of a table, as the runtime sees them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from axonc.ir.ops import LevelNeuron

from .memory import round_up
from .schema import ALIGN, LEVELS

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LevelTable:
    """The table of a population: codes of ``bits`` bits count from the level ``first``, the nearest to 0, modulo
    2^bits. ``values``: float32 [2^bits], by code. ``edges``: float32 [2^bits - 1], ascending: level k is the nearest to
    voltages up to edge k."""

    bits: int
    first: int
    values: Float32
    edges: Float32

    @property
    def data_bytes(self) -> int:
        """Bytes of the record and of both tables."""
        tables = (self.values, self.edges)
        return round_up(LEVELS.dtype.itemsize, ALIGN) + sum(round_up(table.nbytes, ALIGN) for table in tables)

    def codes(self, voltages: Float32) -> npt.NDArray[np.uint8]:
        """The codes of the levels nearest to some voltages."""
        below = np.searchsorted(self.edges, voltages.astype(np.float32))
        return ((below - self.first) & ((1 << self.bits) - 1)).astype(np.uint8)


@lru_cache(maxsize=64)
def level_table(op: LevelNeuron) -> LevelTable:
    """The table of ``op``. Where there are fewer levels than codes, no voltage lies beyond the last one's edge."""
    levels = op.levels.astype(np.float32)
    bits = int(len(levels) - 1).bit_length()
    unused = (1 << bits) - len(levels)
    edges = np.concatenate([edges_between(levels), np.full(unused, np.inf, np.float32)])
    first = int(np.searchsorted(edges, np.float32(0)))
    values = np.concatenate([levels, np.full(unused, levels[-1])])
    return LevelTable(bits, first, np.roll(values, -first), edges)


def edges_between(levels: Float32) -> Float32:
    """Of every two neighbouring levels, the largest float32 v with |low - v| <= |high - v| in float32: the lower one is
    nearest up to there. Both sides are monotonic in v, so that halving the interval finds it."""
    low, high = levels[:-1], levels[1:]
    below, above = _ordered(low), _ordered(high)
    while np.any(below < above):
        middle = below + (above - below + 1) // 2
        v = _float(middle)
        nearer = np.abs(low - v) <= np.abs(high - v)
        below, above = np.where(nearer, middle, below), np.where(nearer, above, middle - 1)
    return _float(below)


def _ordered(values: Float32) -> npt.NDArray[np.int64]:
    """Numbers in the order of the floats, one for each."""
    bits = values.view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def _float(ordered: npt.NDArray[np.int64]) -> Float32:
    bits = np.where(ordered < 0, -ordered | 0x80000000, ordered)
    return bits.astype(np.uint32).view(np.float32)
