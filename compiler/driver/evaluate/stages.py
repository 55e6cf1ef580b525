"""What an evaluation found of one stage, and of one against another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from axonc.ir.ops import Array

from ..pruning.costs import MatrixCost


@dataclass(frozen=True)
class Size:
    """``weights``: bytes of the weights alone; ``cores`` and their bytes by kind where the stage is mapped."""

    weights: int
    cores: int | None = None
    core_bytes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class StageResult:
    """One stage over all samples.

    ``runs_on``: what executed it; ``decisions``: the class of every sample; ``correct``: how many are the label;
    ``events``: of every layer; ``by_step``: the same by step; ``matrices``: what each connection costs, None where the
    graph is no network of events; ``updates``: of neurons; ``counters``: the machine's.
    """

    name: str
    runs_on: str
    decisions: Array
    correct: int | None
    events: Mapping[str, int]
    by_step: Mapping[str, Array]
    matrices: Sequence[MatrixCost] | None
    updates: int
    size: Size
    counters: Mapping[str, int]

    @property
    def synaptic_operations(self) -> int | None:
        """Events times the synapses of their neuron; None where the graph is no network of events."""
        return None if self.matrices is None else sum(cost.operations for cost in self.matrices)

    @property
    def accuracy(self) -> float | None:
        """The share of correct samples; None without labels."""
        return None if self.correct is None else self.correct / len(self.decisions)


@dataclass(frozen=True)
class Divergence:
    """The earliest bin of a layer that differs."""

    layer: str
    step: int
    sample: int
    neuron: int

    def __str__(self) -> str:
        return f"{self.layer} at step {self.step} (sample {self.sample}, neuron {self.neuron})"


@dataclass(frozen=True)
class Sqnr:
    """``signal``: the sum of squares of the earlier stage's values; ``noise``: that of the differences."""

    signal: float
    noise: float

    @property
    def decibels(self) -> float | None:
        """10 log10(signal / noise); None where it is not finite: no noise, no signal, or values that are not."""
        finite = all(math.isfinite(part) and part > 0 for part in (self.signal, self.noise))
        return 10 * math.log10(self.signal / self.noise) if finite else None

    def __str__(self) -> str:
        if self.noise == 0:
            return "exact"
        return "-" if self.decibels is None else f"{self.decibels:.1f} dB"


@dataclass(frozen=True)
class LayerComparison:
    """A layer of events in two stages: ``bins`` (samples x steps x neurons), those with ``equal`` counts (of graded
    events: 1 for a value other than 0, whatever it is), the events of both stages, and the first bin that differs."""

    name: str
    bins: int
    equal: int
    events: int
    events_before: int
    first: Divergence | None

    @property
    def agreement(self) -> float:
        """The share of equal bins."""
        return self.equal / self.bins


@dataclass(frozen=True)
class Comparison:
    """A stage against the one before it: its layers of events in graph order, and the SQNR of graded events, states
    and outputs that are no spikes."""

    stage: str
    before: str
    layers: Sequence[LayerComparison]
    sqnr: Mapping[str, Sqnr]

    @property
    def first(self) -> Divergence | None:
        """Where the first layer that differs, in the order of the graph, does so first."""
        return next((layer.first for layer in self.layers if layer.first is not None), None)

    @property
    def equal(self) -> bool:
        """Whether no event, state or output differs."""
        return self.first is None and all(sqnr.noise == 0 for sqnr in self.sqnr.values())

    @property
    def agreement(self) -> float | None:
        """The share of equal bins of all spiking layers; None if there are none."""
        bins = sum(layer.bins for layer in self.layers)
        return sum(layer.equal for layer in self.layers) / bins if bins else None


def stage_dict(stage: StageResult) -> dict[str, Any]:
    """The JSON form of a stage."""
    return {
        "runs_on": stage.runs_on,
        "accuracy": stage.accuracy,
        "correct": stage.correct,
        "decisions": stage.decisions.tolist(),
        "synaptic_operations": stage.synaptic_operations,
        "matrices": None if stage.matrices is None else [cost.to_dict() for cost in stage.matrices],
        "neuron_updates": stage.updates,
        "weight_bytes": stage.size.weights,
        "cores": stage.size.cores,
        "core_bytes": dict(stage.size.core_bytes),
        "events": dict(stage.events),
        "events_by_step": {name: counts.tolist() for name, counts in stage.by_step.items()},
        "counters": dict(stage.counters),
    }


def comparison_dict(found: Comparison) -> dict[str, Any]:
    """The JSON form of a comparison."""
    return {
        "stage": found.stage,
        "before": found.before,
        "equal": found.equal,
        "agreement": found.agreement,
        "first_divergence": _place(found.first),
        "layers": [_layer(layer) for layer in found.layers],
        "sqnr": {
            name: {"decibels": sqnr.decibels, "signal": _finite(sqnr.signal), "noise": _finite(sqnr.noise)}
            for name, sqnr in found.sqnr.items()
        },
    }


def _layer(layer: LayerComparison) -> dict[str, Any]:
    return {
        "layer": layer.name,
        "bins": layer.bins,
        "equal": layer.equal,
        "agreement": layer.agreement,
        "events": layer.events,
        "events_before": layer.events_before,
        "first": _place(layer.first),
    }


def _place(place: Divergence | None) -> dict[str, Any] | None:
    return None if place is None else dict(vars(place))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
