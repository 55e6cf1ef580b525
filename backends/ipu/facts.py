"""What follows from populations and projections alone, whatever tiles they get."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from axonc.ir.elements import dtype_of as dtype_of_format
from axonc.ir.network import Network, Population, Projection, SharedKernel, gated_lanes
from axonc.ir.ops import Input
from axonc.ir.signal import Element

from .lower.kernels import is_narrow, synapses
from .lower.units import unit_of
from .operations.operation import Stored


def narrow(net: Network) -> Network:
    """The network with every kernel that is too large for the tables of one as matrices."""
    parts = [
        [replace(projection, weight=matrix) for matrix in projection.weight.matrices()]
        if isinstance(projection.weight, SharedKernel) and not is_narrow(projection.weight)
        else [projection]
        for projection in net.projections
    ]
    return Network(net.populations, tuple(one for part in parts for one in part))


def dtype_of(projection: Projection) -> np.dtype[Any]:
    """The type of a projection's weights."""
    held = projection.weight.weight if isinstance(projection.weight, SharedKernel) else projection.weight
    return np.dtype(held.dtype)


def lanes_of(population: Population) -> int:
    """The accumulators of a neuron from each projection; of gated units several."""
    return gated_lanes(population.op) or 1


def in_float(net: Network, name: str) -> bool:
    """Whether the projections from or to a population have weights in float32."""
    return any(name in (p.source, p.target) and dtype_of(p).kind == "f" for p in net.projections)


def synapses_of(projection: Projection) -> int:
    """How many synapses a projection has."""
    return synapses(projection.weight) if isinstance(projection.weight, SharedKernel) else int(projection.weight.nnz)


def value_bytes(population: Population) -> int:
    """Bytes of what an input or a neuron sends in a step, as a value."""
    if isinstance(population.op, Stored):
        return int(population.op.value.itemsize)
    if isinstance(population.op, Input):
        element = isinstance(population.op.signal.format, Element)
        plain = dtype_of_format(population.op.signal.format).itemsize if element else 4
        return plain if population.graded or population.peak > 255 else 1
    sent = unit_of(population.op).sent
    return 0 if sent is None else np.dtype(sent).itemsize


def is_given(op: Any) -> bool:
    """Whether values come from outside: of an input, or a constant."""
    return isinstance(op, (Input, Stored))
