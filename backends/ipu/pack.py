"""The store of a program: weights and parameters, in the order in which its first part asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from axonc.ir.ops import Array

from .facts import is_given, lanes_of
from .layout import Layout
from .lower.units import unit_of
from .operations.operation import Stored
from .plan import Plan

ALIGNMENT = 8
"""Everything begins at a multiple of so many bytes."""


def pack(plan: Plan) -> bytes:
    """``weights.bin``: parameters of the populations, then what the form of each projection stores."""
    return b"".join(_padded(np.ascontiguousarray(part).tobytes()) for part in _parts(plan))


def _parts(plan: Plan) -> Iterator[Array]:
    for population in plan.network.populations:
        if isinstance(population.op, Stored):
            yield population.op.value
    for population in plan.network.populations:
        if not is_given(population.op):
            unit, layout = unit_of(population.op), plan.layouts[population.name]
            yield np.tile(unit.parameters[0], layout.tiles) if unit.shared else unit.parameters
            if plan.shifted(population.name):
                yield _shifts(plan, population.name)
            yield np.tile(unit.levels, layout.tiles)
    for projection, form in zip(plan.network.projections, plan.forms, strict=True):
        target = plan.network.by_name[projection.target]
        layout, lanes = plan.layouts[target.name], lanes_of(target)
        yield from form.pack(projection.weight, layout, lanes)
        if projection.bias is not None:
            yield _on_tiles(projection.bias, layout, lanes)


def _shifts(plan: Plan, name: str) -> Array:
    """The shift of every sum of every neuron: on each tile projection after projection."""
    layout, projections = plan.layouts[name], plan.network.fan_in[name]
    none = np.zeros(layout.neurons, np.int64)
    shifts = np.concatenate([none if p.shift is None else p.shift for p in projections])
    return _on_tiles(shifts.astype("u1"), layout, len(projections))


def _on_tiles(values: Array, layout: Layout, lanes: int) -> Array:
    """A value for every accumulator: tile after tile, on each lane after lane."""
    ends = np.cumsum(layout.counts)[:-1]
    return np.concatenate([part.ravel() for part in np.split(values.reshape(lanes, layout.neurons), ends, axis=1)])


def _padded(stored: bytes) -> bytes:
    return stored + bytes(-len(stored) % ALIGNMENT)
