"""The store of a program: weights and parameters, in the order in which its first part asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from axonc.ir.ops import Array, Input

from .layout import Layout
from .lower.units import unit_of
from .plan import Plan, matrix

ALIGNMENT = 8
"""Everything begins at a multiple of so many bytes."""


def pack(plan: Plan) -> bytes:
    """``weights.bin``: parameters of the populations, then what the form of each projection stores."""
    return b"".join(_padded(np.ascontiguousarray(part).tobytes()) for part in _parts(plan))


def _parts(plan: Plan) -> Iterator[Array]:
    for population in plan.network.populations:
        if not isinstance(population.op, Input):
            unit, layout = unit_of(population.op), plan.layouts[population.name]
            yield np.tile(unit.parameters[0], layout.tiles) if unit.shared else unit.parameters
    for projection, form in zip(plan.network.projections, plan.forms, strict=True):
        target = plan.network.by_name[projection.target]
        yield from form.pack(matrix(projection), plan.layouts[target.name], target.lanes)
        if projection.bias is not None:
            yield _on_tiles(projection.bias, plan.layouts[target.name], target.lanes)


def _on_tiles(values: Array, layout: Layout, lanes: int) -> Array:
    """A value for every accumulator: tile after tile, on each lane after lane."""
    ends = np.cumsum(layout.counts)[:-1]
    return np.concatenate([part.ravel() for part in np.split(values.reshape(lanes, layout.neurons), ends, axis=1)])


def _padded(stored: bytes) -> bytes:
    return stored + bytes(-len(stored) % ALIGNMENT)
