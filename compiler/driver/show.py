"""What the command line prints: tables of memory, cores, runs."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from axonc.ir import Result
from axonc.ir.mapping import Mapping as CoreMapping

CYCLES = (
    "cycles: instruction costs of the Cortex-M4 manual, zero-wait memory, no contention, 2 cycles a taken branch; "
    "not measured on silicon"
)
"""What the estimates of cycles assume."""

MOST_ROWS = 40
"""Cores that a table of a terminal shows."""

KINDS = ("code", "tables", "weights", "padding", "state", "fetching", "recording", "lists", "queues", "stack")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """A plain table; columns of numbers stand to the right. Cells are text: nothing in them is markup."""
    shown = Table(title=title or None, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, column in enumerate(columns):
        numbers = all(_is_number(row[index]) for row in rows)
        shown.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(str(cell)) for cell in row))
    return shown


def _is_number(cell: object) -> bool:
    return str(cell).rstrip("%").replace(".", "", 1).isdecimal()


def print_parts(console: Console, parts: Iterable[str | Table]) -> None:
    """Lines, in which nothing is markup, and tables."""
    for part in parts:
        if isinstance(part, str):
            console.print(part, markup=False, highlight=False)
        else:
            console.print(part)


def plain(parts: Iterable[str | Table]) -> str:
    """Lines and tables as text without colour."""
    written = io.StringIO()
    print_parts(Console(file=written, emoji=False, soft_wrap=True, width=200), parts)
    return written.getvalue().rstrip("\n")


def memory_table(cores: Sequence[Mapping[str, Any]], mapping: CoreMapping, tick: int | None = None) -> Table:
    """Bytes by kind of every core, its estimated cycles and what it holds, the fullest or busiest first; of many only
    the first `MOST_ROWS`."""
    untimed = any(core["cycles"] is None for core in cores)
    ordered = worst_first(cores, tick)
    rows = [
        (
            core["core"],
            *(core["bytes"][kind] for kind in KINDS),
            f"{sum(core['bytes'].values()) / core['sram_bytes']:.1%}",
            *([] if untimed else [core["cycles"]]),
            holds(mapping, core["core"]),
        )
        for core in ordered[:MOST_ROWS]
    ]
    limit = f" of {cores[0]['sram_bytes']}" if cores else ""
    few = f", the first {MOST_ROWS} of {len(cores)}" if len(cores) > MOST_ROWS else ""
    title = f"memory of each core (bytes{limit}), worst first{few}" + ("" if untimed else f"; {predicted(cores)}")
    return table(title, ("core", *KINDS, "used", *([] if untimed else ["cycles"]), "holds"), rows)


def worst_first(cores: Sequence[Mapping[str, Any]], tick: int | None = None) -> list[Mapping[str, Any]]:
    """The cores by what they use most of, memory or tick (None: only memory counts), the largest share first."""
    return sorted(cores, key=lambda core: -load(core, tick))


def load(core: Mapping[str, Any], tick: int | None) -> float:
    """The larger of the shares of its memory and of a tick that a core uses."""
    memory = float(sum(core["bytes"].values()) / core["sram_bytes"])
    return max(memory, (core["cycles"] or 0) / tick) if tick else memory


def predicted(cores: Sequence[Mapping[str, Any]]) -> str:
    """What the cycles in a fit are."""
    return f"cycles of its busiest slot (estimated, {activity_text(cores)})"


def activity_text(cores: Sequence[Mapping[str, Any]]) -> str:
    """How active the sources of the cores are taken to be."""
    assumed = cores[0]["activity"]
    return "as active as calibrated" if assumed is None else f"{assumed:.0%} of its sources active"


def holds(mapping: CoreMapping, core: int) -> str:
    """The slices of a core."""
    return ", ".join(map(str, mapping.on_core(core)))


def queue_lines(cores: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Cores whose event queues are smaller than the worst case, and the activity that they hold."""
    for core in cores:
        if core["safe_activity"] < 1:
            yield (
                f"core {core['core']}: its queue holds {core['queue_packets']} of the {core['most_packets']} packets "
                f"that can arrive in a slot; safe up to {core['safe_activity']:.1%} of its sources at once"
            )


def load_lines(fit: Mapping[str, Any]) -> Iterator[str]:
    """How many cores a model takes and, where time counts, how much of a tick its busiest core."""
    cores = fit["cores"]
    yield f"cores: {len(cores)} of {fit['usable_cores']}"
    busiest = max(cores, key=lambda core: core["cycles"] or 0, default={"cycles": None})
    if busiest["cycles"] is not None:
        tick = fit["tick_cycles"]
        share = f"tick, {busiest['cycles'] / tick:.1%} of it" if tick else "slot, which lasts as long as it needs"
        yield f"time: core {busiest['core']} is estimated to take {busiest['cycles']} cycles a {share}"


def step_lines(fit: Mapping[str, Any]) -> Iterator[str]:
    """What all cores are expected to take for a step, and the energy of it by where it goes."""
    step = fit.get("step")
    if step is None:
        return
    waiting = f" (at most {step['waiting']:.3g} wait for one)"
    crossings = f", {step['crossings']:g} over links between chips{waiting}" if step["crossings"] else ""
    yield (
        f"a step: {step['instructions']} instructions, {step['cycles']} cycles, {step['events']:g} events received, "
        f"{step['packets']:g} packets sent by all cores{crossings}; {1e3 * step['seconds']:g} ms, latency "
        f"{1e3 * step['latency_s']:g} ms (estimated)"
    )
    yield f"energy of a step, estimated: {energy_text(step['joules'])}"


def energy_text(joules: Mapping[str, float]) -> str:
    """Energy in microjoules, and its parts."""
    parts = ", ".join(f"{name} {1e6 * value:.3g}" for name, value in joules.items())
    return f"{1e6 * sum(joules.values()):.3g} uJ ({parts})"


def format_lines(fit: Mapping[str, Any]) -> Iterator[str]:
    """The format of the rows between every two populations, and where another one would cost less."""
    for joined in fit.get("rows", ()):
        rows, crossing = " and ".join(joined["rows"]), joined["break_even"]
        else_ = "" if crossing is None else f"; dense rows cost less from {crossing:.1%} on"
        yield (
            f"{joined['source']} to {joined['target']}: {joined['density']:.1%} of the weights are not 0, {rows} rows, "
            f"{joined['bytes']} bytes{else_}"
        )


def schedule_lines(mapping: CoreMapping) -> Iterator[str]:
    """Phases, latency and start slots."""
    schedule = mapping.schedule
    yield f"schedule: {schedule.phases} slot(s) a step, latency {schedule.latency} slot(s)"
    starts = ", ".join(f"{name} {slot}" for name, slot in schedule.start.items())
    yield f"start slots: {starts}"
    yield f"routing: {len(mapping.routes)} entries, {1 << mapping.keys.local_bits} keys a block"


def cycles_table(result: Result) -> Table | None:
    """Instructions and estimated cycles of every core: mean and peak of a slot, over all samples."""
    stats = result.stats
    if "instructions" not in stats or not stats["instructions"].size:
        return None
    instructions, cycles, sent = stats["instructions"], stats["cycles"], stats["events_sent"]
    rows = [
        (
            core,
            f"{np.mean(instructions[:, :, core]):.0f}",
            int(np.max(instructions[:, :, core])),
            f"{np.mean(cycles[:, :, core]):.0f}",
            int(np.max(cycles[:, :, core])),
            int(stats["events_received"][:, :, core].sum()),
            int(sent[:, :, core].sum()),
            int(np.max(stats["queue_peak"][:, core])),
        )
        for core in range(instructions.shape[2])
    ]
    columns = ("core", "instr mean", "max", "cycles mean", "max", "packets in", "packets out", "queue peak")
    return table("instructions (exact) and estimated cycles of each core per slot", columns, rows)


def print_cycles(console: Console, result: Result) -> None:
    """The table of `cycles_table` and what its estimates assume."""
    shown = cycles_table(result)
    if shown is not None:
        console.print(shown)
        console.print(CYCLES, markup=False, highlight=False)
