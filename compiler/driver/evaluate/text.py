"""Stages and comparisons as text."""

from __future__ import annotations

from collections.abc import Iterator

from .stages import Comparison, StageResult

STAGE_COLUMNS = ("stage", "runs on", "accuracy", "correct", "events", "synaptic operations", "neuron updates")
SIZE_COLUMNS = ("weight bytes", "cores", "core bytes")
LAYER_COLUMNS = ("stage", "against", "layer", "events", "before", "equal bins", "first difference")
SQNR_COLUMNS = ("stage", "against", "signal", "SQNR")


def stage_row(stage: StageResult) -> list[str]:
    """The cells of ``STAGE_COLUMNS`` and ``SIZE_COLUMNS``."""
    accuracy = "-" if stage.accuracy is None else f"{stage.accuracy:.2%}"
    correct = "-" if stage.correct is None else f"{stage.correct}"
    operations = "-" if stage.synaptic_operations is None else str(stage.synaptic_operations)
    size = stage.size
    cores = ("-", "-") if size.cores is None else (str(size.cores), str(sum(size.core_bytes.values())))
    events = str(sum(stage.events.values()))
    counts = [events, operations, str(stage.updates), str(size.weights)]
    return [stage.name, stage.runs_on, accuracy, correct, *counts, *cores]


def layer_rows(found: Comparison) -> Iterator[list[str]]:
    """The cells of ``LAYER_COLUMNS``, a row for each spiking layer."""
    for layer in found.layers:
        first = layer.first
        place = "none" if first is None else f"step {first.step}, sample {first.sample}, neuron {first.neuron}"
        counts = [str(layer.events), str(layer.events_before), f"{layer.agreement:.4%}"]
        yield [found.stage, found.before, layer.name, *counts, place]


def sqnr_rows(found: Comparison) -> Iterator[list[str]]:
    """The cells of ``SQNR_COLUMNS``, a row for each state and dense output."""
    for name, sqnr in found.sqnr.items():
        yield [found.stage, found.before, name, str(sqnr)]


def verdict(found: Comparison) -> str:
    """Whether a stage differs from the one before it, and where first."""
    if not found.layers and not found.equal:
        return f"{found.stage} against {found.before}: no layer of events has the same neurons in both"
    if found.equal:
        return f"{found.stage} against {found.before}: every event, state and output is equal"
    if found.first is None:
        return f"{found.stage} against {found.before}: no event is missing or new"
    return f"{found.stage} against {found.before}: the first layer that differs is {found.first}"
