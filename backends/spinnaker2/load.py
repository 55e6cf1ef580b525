"""Estimated cycles of a core in one slot, before anything is emitted.

The costs are cycles as the emulator counts them (`engine.cycles`, estimates themselves), measured on cores with one
population and one kind of synapse, with inputs that are not 0. What a core does depends on its events: as many as in
the busiest step of the data that the network was calibrated with; without such data, as `packets` assumes.
"""

from __future__ import annotations

from collections.abc import Mapping

from axonc.ir.mapping import Schedule
from axonc.ir.ops import FixedGated

from .convolution import KernelRows
from .formats import BY_NAME
from .gated import GatedRecords
from .parameters import is_plain, kernel
from .plan import AnyRows, CorePlan, LocalPopulation

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

UNIT: Mapping[str, tuple[int, int, int]] = {
    "gru_after_q16": (245, 315, 375),
    "gru_before_q16": (115, 140, 160),
    "reset_gate_q16": (50, 60, 70),
    "lstm_q16": (225, 270, 310),
}
"""A gated unit, by kernel: where units share the scale of a lane; where sums are shifted up besides; with its own."""

SPIKE = 95
GIVEN = 30
"""A spike that is sent, and a graded event."""

RECORDED_WORD = 8
LISTED = 60

EVENT = 25
"""An event, besides what each projection does with it."""

GRADED_EVENT = 50
"""The same of a graded event."""

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

    def add(population: str, late: int, amount: float, events: float = 0.0) -> None:
        """Fixed cycles, and those of events that all neurons of a population send."""
        slot = (schedule.start[population] + late) % phases
        cycles[slot] += amount + events * plan.active(population)

    for local in plan.populations:
        add(local.part.population, 0, _neurons(local), _sent(local))
    for part in plan.inputs:
        add(part.population, 0, 0.0, LISTED * part.count)
    for source in plan.sources:
        each = GRADED_EVENT if source.population in plan.graded else EVENT
        add(source.population, 1, 0.0, each * source.count)
    for rows in plan.rows:
        add(rows.source.population, 1, 0.0, _all_events(rows, rows.source.population in plan.graded))
    return round(max(cycles))


def _sent(local: LocalPopulation) -> float:
    """Cycles of sending one event of every neuron."""
    if isinstance(local.op, FixedGated):
        return GIVEN * local.part.count if local.most_sent else 0.0
    return SPIKE * local.part.count if local.op.gate is not None else 0.0


def _neurons(local: LocalPopulation) -> float:
    recorded = sum(buffer.row_bytes for buffer in local.record.buffers) / 4
    return local.part.count * _neuron(local) + RECORDED_WORD * recorded


def _neuron(local: LocalPopulation) -> float:
    if isinstance(local.op, FixedGated):
        assert isinstance(local.membrane, GatedRecords)
        shared, shifted, alone = UNIT[kernel(local.op)]
        return alone if local.membrane.own else shifted if local.membrane.shifted else shared
    assert not isinstance(local.membrane, GatedRecords)
    shared, own, full = NEURON[kernel(local.op)]
    records = [local.membrane, *([] if local.synapse is None else [local.synapse])]
    return full if not is_plain(local.op) else shared if all(len(r) == 1 for r in records) else own


def _all_events(rows: AnyRows, graded: bool) -> float:
    """Cycles of one event of every source neuron."""
    if isinstance(rows, KernelRows):
        words = rows.tables.target.extents[0] % 4 == 0
        weight = KERNEL_WEIGHT if words else KERNEL_WEIGHT_BYTEWISE
        events = MISSED * rows.source.count + KERNEL * rows.inside
        return events + PATCH * rows.patches + weight * rows.synapses
    return BY_NAME[rows.format].cycles(rows.form, graded)
