"""The sections about the build: summary, network, memory, placement."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from axonc.ir.mapping import Slice
from axonc.ir.ops import Array
from axonc.ir.precision import decibels, precision

from ..evaluate.costs import connection_costs, synapses
from ..placement import Placed
from ..pruning.costs import COLUMNS, cost_rows
from ..show import KINDS, holds, predicted, worst_first
from ..units import called, counted
from .charts import stacked_bars
from .facts import Facts
from .figure import WIDTH, Box, Figure, Section, Shape, Table, Text, number, shortened
from .network_figure import network_figure

LEFT, RIGHT = 130.0, 150.0
OPEN_ROWS = 24
"""Longer tables are folded."""


def summary(facts: Facts) -> list[tuple[str, str]]:
    """What was compiled, and how: names and values."""
    manifest = facts.manifest
    rows = [
        ("target", f"{manifest['target']}" + (f" ({manifest['machine']})" if manifest.get("machine") else "")),
        ("semantics", manifest.get("semantics") or "-"),
        *((f"semantics of {name}", text) for name, text in manifest.get("node_semantics", {}).items()),
        ("passes", (manifest.get("pipeline") or "-").replace("; ", " → ")),
        ("model", f"SHA-256 {manifest.get('source_sha256') or 'unknown'}"),
        ("compiler", f"axonc {manifest['axonc']}"),
    ]
    if facts.mapping is not None:
        schedule = facts.mapping.schedule
        start = ", ".join(f"{name} {slot}" for name, slot in schedule.start.items())
        rows.append(("schedule", f"{schedule.phases} slot(s) a step, latency {schedule.latency}; first slots: {start}"))
    rows += [("placed", str(Placed(**placed))) for placed in manifest.get("placement", [])]
    rows += [("repaired", line) for line in manifest.get("repairs", [])]
    return rows + [("note", note) for note in manifest.get("notes", [])]


def tiles(facts: Facts) -> Iterator[tuple[str, str]]:
    """The numbers at the top: value and what it is."""
    if facts.mapping is None:
        yield number(counted(facts.graph)), called(facts.graph)
        yield number(len(facts.graph.nodes)), "nodes of the graph"
    else:
        used = [sum(core["bytes"].values()) / core["sram_bytes"] for core in facts.cores]
        placed = sum(part.count for part in facts.mapping.slices if part.core is not None)
        yield number(placed), called(facts.graph)
        yield number(sum(sum(core["synapses"].values()) for core in facts.cores)), "synapses"
        yield number(facts.mapping.cores), "cores" if facts.mapping.cores > 1 else "core"
        yield f"{max(used):.1%}", "memory of the fullest core"
        yield number(facts.mapping.schedule.latency), "slots of latency"
        yield number(len(facts.mapping.routes)), "routing entries"


def network(facts: Facts) -> Section:
    """The graph."""
    return Section("Network", figures=[network_figure(facts.graph)])


def connections(facts: Facts) -> Section | None:
    """Density and activity of every connection, and what events cost; without a run, the densities alone. None where
    the graph is not made of populations that are joined by weights."""
    found = connection_costs(facts.graph, _sent(facts), _steps(facts))
    if not found:
        return None
    line = "Operations: a weight that is not 0 for each event, counted event by event; d x a is what they would be if "
    line += "density and activity had nothing to do with each other."
    table = Table(COLUMNS, list(cost_rows(found)), "Each connection", folded=len(found) > OPEN_ROWS)
    return Section("Sparsity", [line], [], [table])


def _sent(facts: Facts) -> dict[str, Array]:
    """The events of every neuron over the run, by population; 0 where nothing ran."""
    if facts.activity is not None:
        return {name: events.sum(axis=(0, 1), dtype=np.int64) for name, events in facts.activity.events.items()}
    return {name: np.zeros_like(counts) for name, counts in (synapses(facts.graph) or {}).items()}


def _steps(facts: Facts) -> int:
    """Steps of all samples of the run."""
    if facts.activity is None or not facts.activity.events:
        return 0
    samples, steps, _ = next(iter(facts.activity.events.values())).shape
    return int(samples * steps)


def quantisation(facts: Facts) -> Section:
    """What integers cost: the weights of each node, each state."""
    said = precision(facts.graph)
    weights = [[name, w["format"], str(w["scales"]), decibels(w["sqnr_db"])] for name, w in said["weights"].items()]
    states = [
        [name, s["format"], _small(s["decay_error"]), _small(s["steady_error"])] for name, s in said["states"].items()
    ]
    tables = [Table(("weights", "format", "scales", "signal to noise"), weights, "Weights of each node")]
    if states:
        columns = ("state", "format", "time constant off by", "steady state off by up to")
        tables.append(Table(columns, states, "Each state in fixed point"))
    line = "Noise is the difference between weights and what their integers mean; a time constant's error is relative."
    return Section("Quantisation", [line], [], tables)


def _small(error: float | None) -> str:
    return "-" if error is None else f"{error:.2g}"


def memory(facts: Facts) -> Section:
    """Bytes of every core by kind."""
    cores = worst_first(facts.cores, facts.manifest.get("tick_cycles"))
    rows = [(f"core {core['core']}", {kind: core["bytes"][kind] for kind in KINDS}) for core in cores]
    limit = facts.cores[0]["sram_bytes"]
    figure = stacked_bars(
        "Memory of each core by kind", rows, limit, "bytes", "Bytes, worst first; the line marks a core's SRAM."
    )
    untimed = facts.cores[0]["cycles"] is None
    lines = [] if untimed else [f"In the table: {predicted(facts.cores)}."]
    return Section("Memory", lines, [figure], [_memory_table(facts)])


def _memory_table(facts: Facts) -> Table:
    assert facts.mapping is not None
    kinds = [kind for kind in KINDS if any(core["bytes"][kind] for core in facts.cores)]
    rows = [
        [
            str(core["core"]),
            *(number(core["bytes"][kind]) for kind in kinds),
            f"{sum(core['bytes'].values()) / core['sram_bytes']:.1%}",
            "-" if core["cycles"] is None else number(core["cycles"]),
            holds(facts.mapping, core["core"]),
        ]
        for core in worst_first(facts.cores, facts.manifest.get("tick_cycles"))
    ]
    columns = ("core", *kinds, "used", "cycles", "holds")
    return Table(columns, rows, "Bytes of each core", folded=len(rows) > OPEN_ROWS)


def formats(facts: Facts) -> Section:
    """The rows between every two populations, and where another format would cost less."""
    rows = [
        [
            f"{joined['source']} to {joined['target']}",
            ", ".join(f"{name} ({number(count)})" for name, count in joined["rows"].items()),
            f"{joined['density']:.1%}",
            "-" if joined["break_even"] is None else f"{joined['break_even']:.1%}",
            number(joined["bytes"]),
        ]
        for joined in facts.fit["rows"]
    ]
    line = "Dense rows cost less, by bytes and cycles at the machine's prices, where more weights than the "
    line += "break-even density are not 0."
    columns = ("projection", "rows", "not 0", "break-even", "bytes")
    return Section("Synapses", [line], [], [Table(columns, rows, "Formats of rows", folded=len(rows) > OPEN_ROWS)])


def placement(facts: Facts) -> Section:
    """Which neurons are where: a strip a population, cut into slices."""
    assert facts.mapping is not None
    names = list(dict.fromkeys(part.population for part in facts.mapping.slices if part.core is not None))
    shapes: list[Shape] = []
    for index, name in enumerate(names):
        shapes += _strip(name, facts.mapping.of(name), 4 + index * 32.0)
    figure = Figure("Slices of each population", WIDTH, 4 + len(names) * 32.0, shapes)
    line = "A strip is a population, one slice after the other; the numbers are cores."
    return Section("Placement", [line], [figure])


def _strip(name: str, parts: tuple[Slice, ...], y: float) -> Iterator[Shape]:
    total = sum(part.count for part in parts)
    yield Text(LEFT - 10, y + 16, shortened(name, 16), "name", "end", name)
    scale = (WIDTH - LEFT - RIGHT) / total
    for index, part in enumerate(parts):
        x, width = LEFT + sum(before.count for before in parts[:index]) * scale, part.count * scale
        tip = f"{part} on core {part.core}"
        yield Box(x + 0.5, y, max(width - 1, 0.5), 24, f"p{(part.core or 0) % 2}", tip)
        if width > 12 + 6 * len(str(part.core)):
            yield Text(x + width / 2, y + 16, str(part.core), "cell dark", "middle", tip)
    cores = [part.core for part in parts]
    where = f"core {cores[0]}" if len(cores) == 1 else f"cores {cores[0]} to {cores[-1]}"
    yield Text(WIDTH - RIGHT + 10, y + 16, f"{number(total)} on {where}", "tick")
