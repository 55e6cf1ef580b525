"""Estimated cycles of a core in one slot, before anything is emitted.

The costs are cycles as the emulator counts them (`engine.cycles`, estimates themselves), measured on cores with one
population and one kind of synapse, with inputs that are not 0. What a core does depends on its events: this stands for
a network in which `ACTIVITY` of the sources send in a slot.
"""

from __future__ import annotations

from collections.abc import Mapping

from axonc.ir.mapping import Schedule

from .convolution import KernelRows
from .parameters import is_plain, kernel
from .plan import AnyRows, CorePlan, LocalPopulation
from .rows import Rows

ACTIVITY = 0.05
"""The part of the sources that send an event in a slot."""

SLOT = 250
"""A slot in which nothing happens."""

POPULATION = 250
"""What a population takes besides its neurons."""

NEURON: Mapping[str, tuple[int, int, int]] = {
    "lif_q16": (65, 92, 115),
    "lif_q32": (62, 83, 110),
    "lif_f32": (28, 37, 66),
    "cuba_lif_q16": (115, 164, 178),
    "cuba_lif_q32": (111, 158, 174),
    "cuba_lif_f32": (39, 52, 87),
}
"""A neuron, by kernel: with the parameters of all others; with its own; with a reset or spikes that are not plain."""

SPIKE = 95
RECORDED_WORD = 8
LISTED = 60

EVENT = 25
"""An event, besides what each projection does with it."""

ROW = 70
DENSE_WEIGHT = 3.8
SPARSE_WEIGHT = 7.1
"""A row of a matrix, and each of its weights."""

MISSED = 90
KERNEL = 125
PATCH = 35
KERNEL_WEIGHT = 4.75
KERNEL_WEIGHT_BYTEWISE = 7.0
"""An event of a convolution that reaches nothing, what it takes more inside the tables, each line and run of places
that it reaches, and each weight: by words, where the channels of the targets are a multiple of 4."""


def slot_cycles(plan: CorePlan, schedule: Schedule) -> int:
    """Cycles of the busiest slot: what is due at the same time depends on the phases of the schedule."""
    phases = schedule.phases
    cycles = [float(SLOT + POPULATION * len(plan.populations))] * phases
    for local in plan.populations:
        cycles[schedule.start[local.part.population] % phases] += _neurons(local)
    for part in plan.inputs:
        cycles[schedule.start[part.population] % phases] += LISTED * ACTIVITY * part.count
    for source in plan.sources:
        cycles[(schedule.start[source.population] + 1) % phases] += EVENT * ACTIVITY * source.count
    for rows in plan.rows:
        cycles[(schedule.start[rows.source.population] + 1) % phases] += ACTIVITY * _all_events(rows)
    return round(max(cycles))


def _neurons(local: LocalPopulation) -> float:
    shared, own, full = NEURON[kernel(local.op)]
    records = [local.membrane, *([] if local.synapse is None else [local.synapse])]
    each = full if not is_plain(local.op) else shared if all(len(r) == 1 for r in records) else own
    spikes = SPIKE * ACTIVITY if local.op.gate is not None else 0.0
    recorded = sum(buffer.row_bytes for buffer in local.record.buffers) / 4
    return local.part.count * (each + spikes) + RECORDED_WORD * recorded


def _all_events(rows: AnyRows) -> float:
    """Cycles of one event of every source neuron."""
    if isinstance(rows, KernelRows):
        words = rows.tables.target.extents[0] % 4 == 0
        weight = KERNEL_WEIGHT if words else KERNEL_WEIGHT_BYTEWISE
        events = MISSED * rows.source.count + KERNEL * rows.inside
        return events + PATCH * rows.patches + weight * rows.synapses
    return ROW * rows.source.count + _weights(rows)


def _weights(rows: Rows) -> float:
    if rows.format == "dense":
        return DENSE_WEIGHT * rows.source.count * rows.targets
    return SPARSE_WEIGHT * rows.synapses
