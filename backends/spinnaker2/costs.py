"""What the loops of the runtime cost: the table in ``costs.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RowCost:
    """Cycles of an event's row and of each weight; ``bytewise``: of each where the targets are no multiple of 4."""

    row: float
    weight: float
    bytewise: float = 0.0


TABLE = tomllib.loads((Path(__file__).parent / "costs.toml").read_text())

ROWS: tuple[Mapping[str, RowCost], Mapping[str, RowCost]] = (
    {name: RowCost(**cost) for name, cost in TABLE["spikes"].items()},
    {name: RowCost(**cost) for name, cost in TABLE["graded"].items()},
)
"""Of spikes, and of graded events: by format."""
