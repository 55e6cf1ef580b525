"""The sections about a run: traffic, load of the cores, rates, rasters, values over time."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from axonc.ir import Graph, Kind
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.mapping import Slice
from axonc.ir.ops import Array
from axonc.ir.walk import Deliveries

from ..show import CYCLES
from ..units import has_graded
from .charts import line_chart
from .facts import Activity, Facts
from .figure import Figure, Section, Table, number
from .heat import heat_map, matrix

SMALL = 14
"""Up to so many cores a matrix shows its numbers."""
SQUARE = 460.0
"""The side of a matrix of more cores."""

SHOWN_VALUES = 6
"""The most neurons whose values are drawn in one chart: those that vary most."""


def traffic(facts: Facts) -> Section:
    """Events from core to core, counted in the run; without one, the neurons whose events go there."""
    assert facts.mapping is not None
    counts = traffic_matrix(facts.mapping, facts.activity)
    names = [*(str(core) for core in range(facts.mapping.cores))]
    what = "neurons whose events go" if facts.activity is None else "events that went"
    graded = facts.activity is not None and has_graded(facts.graph)
    line = f"Rows: {what} from a core (or from the host) to the cores in the columns."
    line += " An event is a spike, or a value other than 0; a packet may carry several values." * graded
    rows = ["host", *(f"core {name}" for name in names)]
    if facts.mapping.cores <= SMALL:
        return Section("Traffic", [line], [matrix("Traffic between cores", counts, rows, names, "")])
    figures = [
        heat_map("Traffic between cores", counts[1:], "to core", "from core", size=(SQUARE, SQUARE)),
        heat_map("Traffic from the host", counts[:1], "to core", "host", size=(SQUARE, 30.0)),
    ]
    return Section("Traffic", [line], figures)


def traffic_matrix(mapping: CoreMapping, activity: Activity | None) -> Array:
    """[1 + cores, cores]: row 0 is the host. Events of all samples, or neurons if nothing ran."""
    deliveries = Deliveries.of(mapping)
    parts, sizes = deliveries.parts, np.diff(deliveries.starts)
    amounts = np.concatenate([np.zeros(0, np.int64), *(_sent(part, activity) for part in parts)])
    senders = np.repeat(np.array([0 if part.core is None else 1 + part.core for part in parts], np.int64), sizes)
    sent = sparse.csr_array((amounts, (senders, np.arange(len(amounts)))), shape=(1 + mapping.cores, len(amounts)))
    return np.asarray((sent @ deliveries.delivered).toarray())


def _sent(part: Slice, activity: Activity | None) -> Array:
    """The events of every neuron of a slice in all samples; 1 if nothing ran."""
    seen = None if activity is None else activity.events.get(part.population)
    return np.ones(part.count, np.int64) if seen is None else seen[:, :, part.neurons].sum(axis=(0, 1), dtype=np.int64)


def load(facts: Facts, activity: Activity) -> Section:
    """Instructions and estimated cycles of every core in every slot of the first sample."""
    cycles, instructions = activity.result.stats["cycles"], activity.result.stats["instructions"]
    peak, budget = int(cycles.max()), facts.manifest.get("tick_cycles")
    over = ": the tick is overrun" if budget and peak > budget else ""
    share = f", {peak / budget:.2%} of a tick ({number(budget)} cycles){over}" if budget else ""
    lines = [f"Busiest core and slot: {number(peak)} cycles{share}.", CYCLES[0].upper() + CYCLES[1:] + "."]
    series = {"busiest core": cycles[0].max(axis=1)}
    if cycles.shape[2] > 1:
        series["mean of the cores"] = cycles[0].mean(axis=1)
    figures = [line_chart("Estimated cycles in each slot", series, "slot", "cycles", budget)]
    if cycles.shape[2] > 1:
        title = "Estimated cycles of each core in each slot"
        figures.append(heat_map(title, cycles[0].T, "slot", "core", how="max", unit=" cycles"))
    return Section("Instructions and cycles", lines, figures, [_load_table(activity, instructions, cycles)])


def _load_table(activity: Activity, instructions: Array, cycles: Array) -> Table:
    stats = activity.result.stats
    rows = [
        [
            str(core),
            *(number(round(float(measure[:, :, core].mean()))) for measure in (instructions, cycles)),
            *(number(int(measure[:, :, core].max())) for measure in (instructions, cycles)),
            *(number(int(stats[key][:, :, core].sum())) for key in ("events_received", "events_sent")),
            *(number(int(stats[key][:, core].sum())) for key in ("saturations", "dropped")),
        ]
        for core in range(cycles.shape[2])
    ]
    columns = (
        "core",
        "instr. mean",
        "cycles mean",
        "instr. max",
        "cycles max",
        "packets in",
        "out",
        "clipped",
        "dropped",
    )
    return Table(columns, rows, "Each core, a slot, over all samples", folded=len(rows) > 24)


def rates(facts: Facts, activity: Activity) -> Section:
    """Events and rates of every population."""
    graph = facts.graph
    rows = [_rate_row(name, graph, events) for name, events in activity.events.items()]
    hertz = ("Hz",) if graph.dt else ()
    columns = ("population", "kind", "neurons", "events", "per neuron and step", *hertz, "active", "busiest neuron")
    samples, steps, _ = next(iter(activity.events.values())).shape
    several = f"{samples} samples of " if samples > 1 else ""
    line = f"{several}{steps} steps. Active: neurons with at least one event."
    line += " A graded event is a value other than 0." * has_graded(graph)
    return Section("Activity", [line], tables=[Table(columns, rows)])


def rasters(activity: Activity) -> Section:
    """Events of every population over time, in the first sample."""
    samples = next(iter(activity.events.values())).shape[0]
    return Section("Rasters", ["The first sample."] if samples > 1 else [], _rasters(activity))


def _rate_row(name: str, graph: Graph, events: Array) -> list[str]:
    neurons = events.shape[2]
    total, each = int(events.sum()), events.sum(axis=(0, 1))
    rate = total / max(events.size, 1)
    busiest = f"{int(each.argmax())} ({number(int(each.max()))})" if total else "-"
    active = f"{np.count_nonzero(each) / max(neurons, 1):.0%}"
    kind = "spikes" if graph.signals[name].kind is Kind.EVENT else "graded"
    hertz = [number(rate / graph.dt)] if graph.dt else []
    return [name, kind, number(neurons), number(total), f"{rate:.4f}", *hertz, active, busiest]


def _rasters(activity: Activity) -> list[Figure]:
    return [
        heat_map(f"Events of {name}", events[0].T, "step", "neuron", caption=name)
        for name, events in activity.events.items()
    ]


def values(activity: Activity) -> Section:
    """Dense outputs and recorded states over time, in the model's units."""
    figures = [
        line_chart(f"{name} over time", _most_varying(trace[0]), "step", "value", caption=name)
        for name, trace in activity.values.items()
    ]
    return Section("Values over time", [f"At most {SHOWN_VALUES} neurons, those that vary most."], figures)


def _most_varying(trace: Array) -> dict[str, Array]:
    order = np.argsort(-trace.std(axis=0), kind="stable")[:SHOWN_VALUES]
    return {f"neuron {index}": trace[:, index] for index in sorted(order.tolist())}
