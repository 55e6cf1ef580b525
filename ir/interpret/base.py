"""What a kernel is: a pure step of one op over a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..ops import Array

Precision = Literal["float32", "float64"]
State = Mapping[str, Array]


@dataclass(frozen=True)
class Kernel:
    """``initial(batch)`` gives the state before step 0; ``step(state, x)`` the next state and the output.

    Of a node that reads signals beside its input, ``step(state, x, *reads)``. The next state may also hold what the op
    computed on its way (`Op.internals`); no step depends on that.
    """

    initial: Callable[[int], State]
    step: Callable[..., tuple[State, Array]]


def beginning(initial: Array | None, batch: int, shape: tuple[int, ...], dtype: np.typing.DTypeLike) -> Array:
    """What a state of a batch begins with: the values of an op, or zeros."""
    if initial is None:
        return np.zeros((batch, *shape), dtype)
    return np.broadcast_to(initial.astype(dtype), (batch, *shape))


def stateless(function: Callable[..., Array]) -> Kernel:
    """A kernel without state."""
    return Kernel(lambda batch: {}, lambda state, x, *reads: (state, function(x, *reads)))
