"""What the command line prints: tables of memory, cores, runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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

KINDS = ("code", "tables", "weights", "padding", "state", "recording", "lists", "queues", "stack")


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


def memory_table(cores: Sequence[Mapping[str, Any]], mapping: CoreMapping) -> Table:
    """Bytes by kind of every core, its estimated cycles and what it holds."""
    untimed = any(core["cycles"] is None for core in cores)
    rows = [
        (
            core["core"],
            *(core["bytes"][kind] for kind in KINDS),
            f"{sum(core['bytes'].values()) / core['sram_bytes']:.1%}",
            *([] if untimed else [core["cycles"]]),
            holds(mapping, core["core"]),
        )
        for core in cores
    ]
    title = "memory of each core (bytes)" + ("" if untimed else f", {predicted(cores)}")
    return table(title, ("core", *KINDS, "used", *([] if untimed else ["cycles"]), "holds"), rows)


def predicted(cores: Sequence[Mapping[str, Any]]) -> str:
    """What the cycles in a fit are."""
    assumed = cores[0]["activity"]
    activity = "as active as calibrated" if assumed is None else f"{assumed:.0%} of its sources active"
    return f"cycles of its busiest slot (estimated, {activity})"


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
