"""Inputs and populations of neurons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from ..ops import (
    EGRU,
    GRU,
    LSTM,
    Array,
    FixedGated,
    FixedGRU,
    FixedNeuron,
    Input,
    LevelNeuron,
    Neuron,
    Op,
    Pool,
    ResetGate,
)
from ..ops.egru import GATES
from ..ops.gated import LSTM_GATES
from ..signal import Shape

FLOAT_LANES: Mapping[type[Op], int] = {EGRU: 2 * GATES, GRU: 2 * GATES, LSTM: LSTM_GATES, ResetGate: 2}
"""Gated units in float, and how many accumulators each has: of its inputs, then of what it reads; of a GRU that reads
nothing two."""

Units = Neuron | FixedNeuron | LevelNeuron | FixedGated
"""The ops whose nodes are populations on cores, beside inputs."""

POPULATIONS = (Input, Neuron, FixedNeuron, LevelNeuron, FixedGated)


@dataclass(frozen=True)
class Population:
    """An input or a population of neurons.

    ``shape``: that of its signal; where a convolution feeds it and none reads it, that of the convolution's maps, of
    as many elements in the same order. Populations are cut along its axes.
    """

    name: str
    op: Input | Units
    """In float also a gated unit of `FLOAT_LANES`, or a pool, which targets with cores never see."""
    shape: Shape
    peak: int
    """The most events that one of its neurons sends in a step; 0 if it sends none."""
    activity: float | None = None
    """The events of its busiest step in the data that the graph was calibrated with, over its neurons."""
    limit: int | None = None
    """How many of its neurons' events in a step have an effect; None: all (`Limit`)."""
    room: int | None = None
    """How many a list of them has to hold, if the options say so; more are an error."""
    graded: bool = False
    """Whether its events carry a value: an int16, by which a receiver multiplies its weights."""
    shifts: tuple[Array, ...] = ()
    """Of neurons with several sums: by how much each but the first is shifted before all are added; int64 [count]."""

    @property
    def lanes(self) -> int:
        """The accumulators of each of its neurons. Of gated units, accumulator l of unit n is row l * count + n of the
        weights; of other neurons `Projection.lane` says which."""
        return gated_lanes(self.op) or 1 + len(self.shifts)

    @property
    def count(self) -> int:
        """Neurons; they are numbered in C order of the shape."""
        return prod(self.shape)

    @property
    def rate(self) -> float:
        """The part of its neurons that sends in a step: as measured, else as `usual_activity` assumes."""
        return usual_activity(self) if self.activity is None else self.activity


ACTIVITY = 0.05
"""Spikes of a source in a slot where nothing was measured."""

ACTIVITY_GATED = 0.15
"""Graded events of an event-based unit in a slot where nothing was measured; without a threshold all send."""


def usual_activity(population: Population) -> float:
    """The part of a population's neurons that is taken to send in a slot where nothing was measured."""
    if isinstance(population.op, Pool):
        return min(1.0, ACTIVITY * population.op.taps)
    if not population.graded:
        return ACTIVITY
    tested = isinstance(population.op, EGRU) or (
        isinstance(population.op, FixedGRU) and population.op.threshold is not None
    )
    return ACTIVITY_GATED if tested else 1.0


def gated_lanes(op: Op) -> int:
    """The accumulators of a gated unit; 0 if an op is none."""
    if isinstance(op, FixedGated):
        return op.lanes
    return GATES - 1 if isinstance(op, GRU) and op.reset == "before" else FLOAT_LANES.get(type(op), 0)
