"""What a run gives back, the same type from the interpreter and from every target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .ops import Array
from .signal import Fixed, Format


@dataclass(frozen=True)
class Result:
    """Outputs and recorded signals of a run, each [T, *shape] or [B, T, *shape].

    ``outputs`` by output node; ``recorded`` by what was asked: ``node`` its output, ``node:v`` or ``node:i`` a state.
    Values are those that the program holds: 0/1 or counts for events, stored integers for fixed point; ``formats``
    says which, and `value` converts. ``stats`` holds counters of the target (events, instructions, saturations).
    """

    outputs: dict[str, Array]
    recorded: dict[str, Array]
    formats: Mapping[str, Format] = field(default_factory=dict)
    stats: Mapping[str, Any] = field(default_factory=dict)

    def value(self, name: str) -> Array:
        """A recorded signal or an output in the model's units (float64)."""
        stored = self.recorded[name] if name in self.recorded else self.outputs[name]
        number = self.formats.get(name)
        return stored.astype(np.float64) * (number.scale if isinstance(number, Fixed) else 1.0)
