"""What the parts of the runtime take: the table ``costs.toml``, fitted to exact counts of emulated cores.

``python -m benchmarks.calibrate --write`` makes it (from ``tests``); a test holds it equal to what that fits.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Costs:
    """Instructions, and cycles as the emulator estimates them (`engine.cycles`)."""

    instructions: float
    cycles: float


FILE = Path(__file__).parent / "costs.toml"
_TABLE = tomllib.loads(FILE.read_text())

COSTS: Mapping[str, Costs] = {name: Costs(*pair) for name, pair in _TABLE["costs"].items()}
"""What each part takes once, by its name in `work`."""

FREE = Costs(0.0, 0.0)
"""What a part takes that the table does not have yet; tests find such parts."""

ERROR = Costs(**_TABLE["error"])
"""The largest relative error of the total of a workload that the table was fitted to."""


def instructions(work: Mapping[str, Array]) -> Array:
    """Instructions of some work, slot by slot."""
    return np.asarray(sum(COSTS.get(name, FREE).instructions * amount for name, amount in work.items()))


def cycles(work: Mapping[str, Array]) -> Array:
    """Cycles of some work, slot by slot."""
    return np.asarray(sum(COSTS.get(name, FREE).cycles * amount for name, amount in work.items()))
