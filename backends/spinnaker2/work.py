"""What a core does in every slot: how often each part of the runtime runs, under the names of the cost table.

The amounts follow the loops of the C runtime; what one of each takes is measured (`costs`), not written here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np

from axonc.ir.mapping import Slice
from axonc.ir.network import Network, Population, Units
from axonc.ir.ops import Array, FixedGated, Input, LevelNeuron

from .convolution import KernelRows
from .formats import BY_NAME
from .gated import GatedRecords
from .packets import BATCH, packet_words
from .parameters import equations, is_plain, kernel
from .plan import AnyRows, CorePlan, LocalPopulation
from .rows import Rows
from .traffic import Traffic

Work = dict[str, Array]
"""How often each part runs in every slot: float64 [slots], by the name of its cost."""

Part = tuple[str, Array]


def core_work(plan: CorePlan, traffic: Traffic) -> Work:
    """What a core does in every slot of the traffic."""
    work: Work = defaultdict(lambda: np.zeros(traffic.slots))
    for name, amount in _parts(plan, traffic):
        work[name] = work[name] + amount
    return dict(work)


def _parts(plan: CorePlan, traffic: Traffic) -> Iterator[Part]:
    yield "slot", np.ones(traffic.slots)
    yield from _taken(plan, traffic)
    for index, local in enumerate(plan.populations):
        yield "population", np.ones(traffic.slots)
        yield from _stepped(plan, index, local, traffic)
        yield from _sent(plan, local, traffic)
    for part in plan.inputs:
        yield "listed", _packets(plan, part, traffic, 0)
    for rows, times in traffic.alike(plan.rows):
        yield from _repeated(times, _added(plan, rows, traffic))


def _repeated(times: int, parts: Iterator[Part]) -> Iterator[Part]:
    """Parts that run so many times."""
    return ((name, times * amount) for name, amount in parts)


def _packets(plan: CorePlan, part: Slice, traffic: Traffic, late: int) -> Array:
    """Packets that carry the events of a slice."""
    if part.population not in plan.graded:
        return traffic.events(part, late)
    full, rest = traffic.groups(part, late, plan.packet_words - 1)
    return full + rest


def _taken(plan: CorePlan, traffic: Traffic) -> Iterator[Part]:
    """Receiving: packets, and batches of events of one source."""
    for source, times in traffic.alike(plan.sources):
        yield from _repeated(times, _taken_from(plan, source, traffic))


def _taken_from(plan: CorePlan, source: Slice, traffic: Traffic) -> Iterator[Part]:
    graded = source.population in plan.graded
    kind = "graded" if graded else "spikes" if plan.packet_words == 1 else "spikes_among_graded"
    full, rest = traffic.groups(source, 1, BATCH)
    yield f"{kind}.event", traffic.events(source, 1)
    yield f"{kind}.batch", full + rest
    if graded:
        packets = _packets(plan, source, traffic, 1)
        yield "graded.packet", packets
        yield "graded.word", packets * (plan.packet_words - 1)


def _stepped(plan: CorePlan, index: int, local: LocalPopulation, traffic: Traffic) -> Iterator[Part]:
    """A step of a population: its neurons, those with an input besides, and what is copied to be recorded."""
    due = traffic.due(local.part.population)
    name = f"neuron.{kernel(local.op)}.{variant(local)}"
    yield f"step.{kernel(local.op)}", due
    yield name, due * local.part.count
    if kernel(local.op).endswith(("lif_q16", "lif_q32")):
        yield f"{name}.driven", due * local.part.count * (1 - _silent(plan, index, local, traffic))
    if local.shifts:
        yield "joined", due * len(local.shifts) * local.part.count
    words = sum(buffer.row_bytes for buffer in local.record.buffers if buffer.field != "spikes_record_at") / 4
    if words:
        yield "recorded.word", due * words


def variant(local: LocalPopulation) -> str:
    """Which loop a population runs: its neurons or units share parameters, have their own, or need all tests."""
    if isinstance(local.membrane, GatedRecords):
        return "own" if local.membrane.own else "shifted" if local.membrane.shifted else "shared"
    assert not isinstance(local.op, FixedGated)
    records = [local.membrane, *([] if local.synapse is None else [local.synapse])]
    return (
        "full"
        if isinstance(local.op, LevelNeuron) or not is_plain(local.op)
        else "shared"
        if all(len(r) == 1 for r in records)
        else "own"
    )


def _silent(plan: CorePlan, index: int, local: LocalPopulation, traffic: Traffic) -> Array:
    """The part of the neurons that no event reaches in a slot, where rows are taken to be independent of each other."""
    logarithm = np.zeros(traffic.slots)
    for rows, times in traffic.alike(rows for rows in plan.rows if rows.population == index):
        share = rows.synapses / max(1, rows.source.count * local.accumulators // (1 + len(local.shifts)))
        logarithm += times * traffic.events(rows.source, 1) * np.log1p(-min(share, 1 - 1e-9))
    return np.exp(logarithm)


def _sent(plan: CorePlan, local: LocalPopulation, traffic: Traffic) -> Iterator[Part]:
    """The events that a population gives."""
    if isinstance(local.op, FixedGated):
        if local.most_sent:
            yield "given.value", traffic.events(local.part, 0)
            yield "given.packet", _packets(plan, local.part, traffic, 0)
    elif equations(local.op).gate is not None:
        events = traffic.events(local.part, 0)
        yield _spike(local.op), events
        if any(buffer.field == "spikes_record_at" for buffer in local.record.buffers):
            yield "recorded.spike", events


def _spike(op: Units) -> str:
    """What gives a spike."""
    full = isinstance(op, LevelNeuron) or (not isinstance(op, FixedGated) and not is_plain(op))
    return f"spike.{kernel(op).rsplit('_', 1)[1]}.{'full' if full else 'plain'}"


def packet_parts(network: Network, population: Population) -> Mapping[str, float]:
    """What a core does from a packet of a population to the next at least: it gives a spike, the values of a packet, or
    takes it from a list."""
    if isinstance(population.op, Input):
        return {"listed": 1.0}
    if isinstance(population.op, FixedGated):
        return {"given.packet": 1.0, "given.value": packet_words(network) - 1.0}
    return {_spike(population.op): 1.0}


def _added(plan: CorePlan, rows: AnyRows, traffic: Traffic) -> Iterator[Part]:
    """The weights that the events of a source slice add."""
    graded = rows.source.population in plan.graded
    if isinstance(rows, KernelRows):
        return _convolved(rows, graded, traffic)
    return _matrix(rows, graded, traffic)


def _matrix(rows: Rows, graded: bool, traffic: Traffic) -> Iterator[Part]:
    """Rows of a matrix, and what is fetched of them from DRAM."""
    events, groups = traffic.events(rows.source, 1), partial(traffic.groups, rows.source, 1)
    yield from BY_NAME[rows.format].work(rows.targets, graded, events, groups, partial(traffic.blocks, rows))
    if rows.dram:
        yield "fetched.row", traffic.events(rows.source, 1, rows.fetched > 0)
        yield "fetched.word", traffic.events(rows.source, 1, rows.fetched / 4)


def _convolved(rows: KernelRows, graded: bool, traffic: Traffic) -> Iterator[Part]:
    """Events of a convolution: those that reach something, its runs of places, lines of runs, and weights."""
    full, rest = traffic.groups(rows.source, 1, BATCH)
    form = f"{'graded' if graded else 'spikes'}.{rows.format}"
    yield f"{form}.call", full + rest
    yield f"{form}.event", traffic.events(rows.source, 1)
    for name, axes in rows.visited():
        yield f"{form}.{name}", traffic.events(rows.source, 1, *axes)
