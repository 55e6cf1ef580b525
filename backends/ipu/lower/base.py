"""What lowering a population of neurons means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from axonc.ir.ops import Array
from axonc.ir.signal import Shape

POPLAR = {"i1": "SIGNED_CHAR", "i4": "INT", "f4": "FLOAT", "u1": "UNSIGNED_CHAR"}
"""Types of numpy as Poplar names them."""


@dataclass(frozen=True)
class Unit:
    """How the neurons of an op run on tiles.

    ``sums``, ``state``, ``sent``: numpy types of accumulators of integer weights, of what a neuron keeps and of what it
    sends (None: it sends nothing); ``parameters``: a record for each neuron [N, F], in the order in which the codelet
    reads it;
    ``states``: how many there are, voltage (or cell) before current; ``update``: the statement of the program that adds
    its vertices, given the C++ names of compute set and population; ``vertex_bytes``: of a vertex with its pointers.
    """

    sums: str
    state: str
    sent: str | None
    parameters: Array
    states: int
    update: Callable[[str, str], str]
    vertex_bytes: int

    @property
    def shared(self) -> bool:
        """Whether one record serves all neurons."""
        return bool(np.all(self.parameters == self.parameters[0]))


def records(fields: tuple[Any, ...], shape: Shape, dtype: str) -> Array:
    """Fields of shape () or ``shape`` as records [N, F]."""
    count = int(np.prod(shape))
    columns = [np.broadcast_to(np.asarray(field), shape).reshape(count) for field in fields]
    return np.stack(columns, axis=1).astype(dtype)


def flag(value: bool) -> str:
    """A truth value in C++."""
    return "true" if value else "false"


def real(value: float) -> str:
    """A float32 in C++, exactly."""
    return f"{float(np.float32(value)).hex()}F"
