"""How many weights cores add, or multiply and add, for given events: exact, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.ops import Array
from axonc.ir.walk import Deliveries

from .convolution import KernelRows
from .plan import AnyRows, CorePlan

WORD = 0xFFFFFFFF


def row_lengths(rows: AnyRows) -> Array:
    """The weights that an event of each neuron of the source slice adds, in machine order: int64."""
    if isinstance(rows, KernelRows):
        return rows.reached
    return rows.added


def predicted_macs(plans: Sequence[CorePlan], events: Mapping[str, Array], mapping: CoreMapping) -> Array:
    """What the status word ``macs`` of every core will say, before it wraps: uint64 [cores].

    Args:
        plans: of every core.
        events: how many events each neuron of every population (and input) sends that are received: values other
            than 0 where events are graded.
        mapping: by whose routes they travel: a core need not get all events of a slice.
    """
    deliveries = Deliveries.of(mapping)
    totals = [
        sum(int((row_lengths(rows) * deliveries.to(rows.source, core)) @ _of(events, rows)) for rows in plan.rows)
        for core, plan in enumerate(plans)
    ]
    return np.array(totals, np.uint64)


def predicted_fetches(plans: Sequence[CorePlan], events: Mapping[str, Array]) -> tuple[Array, Array]:
    """What the status words ``fetches`` and ``fetched`` of every core will say, before they wrap: uint64 [cores] each;
    ``events`` as in `predicted_macs`."""
    rows = [sum(int((rows.fetched > 0) @ _of(events, rows)) for rows in plan.away) for plan in plans]
    bytes_of_them = [sum(int(rows.fetched @ _of(events, rows)) for rows in plan.away) for plan in plans]
    return np.array(rows, np.uint64), np.array(bytes_of_them, np.uint64)


def _of(events: Mapping[str, Array], rows: AnyRows) -> Array:
    counts: Array = np.asarray(events[rows.source.population]).reshape(-1)[rows.source.neurons]
    return counts.astype(np.int64)


def received_events(mapping: CoreMapping, traces: Mapping[str, Array], graded: frozenset[str]) -> dict[str, Array]:
    """The events of a run of one sample that are received in it: int64 [neurons] by population.

    ``traces``: [steps, *shape] of every population. What is sent in the last slot waits in vain.
    """
    schedule = mapping.schedule
    slots = schedule.slots(len(next(iter(traces.values()))))
    received = {}
    for name, trace in traces.items():
        sent = schedule.start[name] + schedule.phases * np.arange(len(trace))
        counts = (trace != 0) if name in graded else trace
        received[name] = np.asarray(counts, np.int64).reshape(len(trace), -1)[sent + 1 < slots].sum(axis=0)
    return received
