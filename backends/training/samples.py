"""What a training program takes and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from axonc.ir.ops import Array


@dataclass(frozen=True)
class Samples:
    """What one step of training takes: inputs [T, B, *shape] by name, labels or targets [B, ...], the numbers of
    ``hyper``."""

    x: Mapping[str, Array]
    target: Array
    hyper: Array


@dataclass(frozen=True)
class Learned:
    """What a run gives: of every step of training the loss, and the output reduced over the steps, [B, *shape]; the
    parameters in the end; the accounts of what ran it; of every signal that came in lists the longest one."""

    losses: Array
    pooled: Array
    parameters: Mapping[tuple[str, str], Array]
    accounts: Mapping[str, Any]
    longest: Mapping[str, int] = field(default_factory=dict)
