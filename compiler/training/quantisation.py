"""Training for few bits: weights and states are rounded in the forward run, gradients pass straight through.

The rounded value stands where the exact one would; its derivative is taken as 1 (Bengio et al., 2013; Jacob et al.,
CVPR 2018). Masks of pruned weights stay for the whole training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from axonc.ir import Graph
from axonc.ir.ops import Array, Neuron

from ..differentiate import Parameter
from .cells import Grid


@dataclass(frozen=True)
class FakeQuantisation:
    """``weights``: bits of symmetric integers, 2^(bits-1) - 1 the largest, or None; one scale for each matrix
    (``scope`` tensor) or for each of its rows or output channels (channel). ``states``: bits of the fixed-point v and
    i of neurons, whose range is ``reach`` times the largest threshold (of neurons without gate: ``reach``), or None.
    """

    weights: int | None = None
    scope: Literal["tensor", "channel"] = "tensor"
    states: int | None = None
    reach: float = 4.0

    def weight(self, value: Array) -> Array:
        """The nearest values that ``bits`` can hold."""
        if self.weights is None or value.size == 0:
            return value
        limit = value.dtype.type(2 ** (self.weights - 1) - 1)
        axes = tuple(range(1, value.ndim)) if self.scope == "channel" and value.ndim > 1 else None
        largest = np.max(np.abs(value), axis=axes, keepdims=True)
        scale = np.where(largest > 0, largest, 1) / limit
        return np.asarray(np.rint(value / scale) * scale, value.dtype)

    def grids(self, graph: Graph) -> dict[str, Grid]:
        """The grid of every neuron's states."""
        if self.states is None:
            return {}
        limit = 2 ** (self.states - 1) - 1
        return {node.name: Grid(self._range(node.op) / limit, limit) for node in graph if isinstance(node.op, Neuron)}

    def _range(self, op: Neuron) -> float:
        level = 1.0 if op.gate is None else float(np.max(np.abs(op.gate.threshold), initial=0.0))
        return self.reach * (level or 1.0)


EXACT = FakeQuantisation()
"""No rounding."""


def pruning_masks(values: Mapping[Parameter, Array], share: float | None) -> dict[Parameter, Array]:
    """A mask of every weight: what is 0 stays 0, and of the others the smallest, so that ``share`` of all are 0.

    ``share`` None: no masks; 0.0: keep the zeros that are there.
    """
    if share is None:
        return {}
    return {
        parameter: _mask(np.abs(value), share) for parameter, value in values.items() if parameter.kind == "weights"
    }


def _mask(magnitude: Array, share: float) -> Array:
    mask = magnitude > 0
    drop = int(share * magnitude.size)
    mask.reshape(-1)[np.argsort(magnitude, axis=None, kind="stable")[:drop]] = False
    return mask
