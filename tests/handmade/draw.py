"""Random populations and weights for cores built by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from axonc.backends.spinnaker2 import schema
from axonc.backends.spinnaker2.engine import Probe

from .cores import Layout, Population


def fixed_rows(rng: np.random.Generator, rows: int, record: Any) -> npt.NDArray[np.void]:
    """Parameters that make neurons spike now and then, and clip at times."""
    values = np.zeros(rows, record.dtype)
    values["decay"] = rng.integers(0, (1 << 30) + 1, rows)
    values["multiplier"] = rng.integers(1 << 30, 1 << 31, rows) * rng.choice([-1, 1, 1, 1], rows)
    values["shift"] = rng.integers(23, 31, rows)
    values["offset"] = rng.integers(-50, 60, rows)
    if record is schema.MEMBRANE_FIXED:
        values["leak"] = rng.integers(-300, 300, rows)
        values["threshold"] = rng.integers(-100, 3000, rows)
        values["reset"] = rng.integers(-200, 3000, rows)
    return values


def float_rows(rng: np.random.Generator, rows: int, record: Any) -> npt.NDArray[np.void]:
    """The same in float."""
    values = np.zeros(rows, record.dtype)
    values["decay"], values["gain"] = rng.random(rows), rng.normal(0.04, 0.02, rows)
    values["constant"] = rng.normal(0, 0.01, rows)
    if record is schema.MEMBRANE_FLOAT:
        values["threshold"], values["reset"] = rng.uniform(-0.1, 0.6, rows), rng.uniform(-0.1, 1, rows)
    return values


def population(rng: np.random.Generator, count: int, block: int, storage: str, cuba: bool, **more: Any) -> Population:
    """A population with random parameters, of its own for each neuron or shared."""
    draw = float_rows if storage == "f32" else fixed_rows
    membrane = schema.MEMBRANE_FLOAT if storage == "f32" else schema.MEMBRANE_FIXED
    synapse = schema.SYNAPSE_FLOAT if storage == "f32" else schema.SYNAPSE_FIXED
    rows = count if rng.random() < 0.6 else 1
    synapses, membranes = draw(rng, rows, synapse) if cuba else None, draw(rng, rows, membrane)
    lowest = rng.normal(0, 0.2, rows) if storage == "f32" else rng.integers(-200, 200, rows)
    unbounded = -np.inf if storage == "f32" else -(2**31)
    membranes["lowest"] = lowest if more.get("bounded") else unbounded
    return Population(count, block, storage, membranes, synapses, **more)


def weights(rng: np.random.Generator, rows: int, targets: int, density: float) -> npt.NDArray[np.int8]:
    """Random weights, a row a source."""
    drawn = rng.integers(-127, 128, (rows, targets))
    return np.where(rng.random((rows, targets)) < density, drawn, 0).astype(np.int8)


def state_probes(layouts: list[Layout]) -> list[Probe]:
    """Voltages and currents of all populations, in order."""
    places = [(i, place) for i, item in enumerate(layouts) for place in (*item.voltages, *item.currents)]
    return [Probe(core, offset, size) for core, (offset, size) in places]
