"""The sections about a program on the tiles of an IPU: bytes of each tile, and where its cycles go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .charts import line_chart
from .facts import Facts
from .figure import Section, Table, number

Step = Mapping[str, Any]
PARTS = ("compute_cycles", "exchange_cycles", "sync_cycles")


def memory(facts: Facts) -> Section:
    """Bytes of the tiles in use, against the limit, and what is on the fullest."""
    laid_out, limit = facts.laid_out, facts.laid_out["machine"]["tile_bytes"]
    totals = np.zeros(max(tile["tile"] for tile in laid_out["tiles"]) + 1)
    for tile in laid_out["tiles"]:
        totals[tile["tile"]] = sum(tile["bytes"].values())
    fullest = laid_out["fullest"]
    kinds = next(tile["bytes"] for tile in laid_out["tiles"] if tile["tile"] == fullest["tile"])
    share = f"{fullest['bytes'] / limit:.1%}"
    line = (
        f"{len(laid_out['tiles'])} of {laid_out['machine']['tiles']} tiles are in use; tile {fullest['tile']} is the "
        f"fullest, with {number(fullest['bytes'])} of {number(limit)} bytes ({share})."
    )
    chart = line_chart(
        "Bytes of each tile", {"bytes": totals}, "tile", "bytes", limit, "As the compiler predicts them."
    )
    rows = [[kind, number(size)] for kind, size in kinds.items()]
    largest = [[name, number(size)] for name, size in fullest["largest"].items()]
    tables = [
        Table(("kind", "bytes"), rows, "The fullest tile by kind"),
        Table(("tensor", "bytes"), largest, "Its largest tensors"),
        Table(("tile", "bytes", "of the limit", "largest tensors"), _fullest(laid_out, limit), "The fullest tiles"),
        Table(("projection", "form"), [list(pair) for pair in laid_out["forms"].items()], "Forms of projections"),
    ]
    return Section("Tiles", [line], [chart], tables)


def _fullest(laid_out: Mapping[str, Any], limit: int) -> list[list[str]]:
    return [
        [
            number(one["tile"]),
            number(one["bytes"]),
            f"{one['bytes'] / limit:.1%}",
            ", ".join(f"{name}: {number(size)}" for name, size in one["largest"].items()),
        ]
        for one in laid_out["fullest_tiles"]
    ]


def populations(facts: Facts) -> Section:
    """Where populations are, how many events of a step their lists hold, and what passes between chips."""
    laid_out = facts.laid_out
    rows = [
        [
            one["name"],
            number(one["chip"]),
            f"{one['first_tile']} to {one['first_tile'] + one['tiles'] - 1}",
            number(one["list"]["capacity"]) if one["list"]["capacity"] else "none",
            one["list"]["beyond"] if one["list"]["capacity"] else "",
        ]
        for one in laid_out["populations"]
    ]
    tables = [Table(("population", "chip", "tiles", "events that its list holds", "more are"), rows, "Populations")]
    sent = laid_out["links"]["bytes"]
    line = "A list holds the events of a step; without one, projections read the values of all neurons."
    if laid_out["machine"]["chips"] > 1:
        passed = [
            [number(a), number(b), number(size)] for a, to in enumerate(sent) for b, size in enumerate(to) if size
        ]
        tables.append(Table(("from chip", "to chip", "bytes a step"), passed, "Links between chips"))
        line += f" Links take {number(laid_out['links']['cycles'])} cycles of a step."
    return Section("Populations on tiles", [line], [], tables)


def supersteps(accounts: Mapping[str, Any]) -> Section:
    """Every superstep of a run: how often, its cycles by part, what it exchanges; and what is live at each."""
    steps: Sequence[Step] = accounts["steps"]
    rows = [_row(step) for step in steps if step["kind"] != "host"]
    columns = ("superstep", "times", "compute", "exchange", "sync", "bytes exchanged", "tiles that work")
    live = np.array([one["largest"] for one in accounts["liveness"]], np.float64)
    chart = line_chart(
        "Bytes that come and go", {"fullest tile": live}, "place in the programs", "bytes", None, "Beside what stays."
    )
    line = (
        f"{number(accounts['cycles'])} cycles in all, estimated; in the table: of one execution. Transfers to and from "
        "the host are not counted."
    )
    return Section("Supersteps", [line], [chart], [Table(columns, rows, "Supersteps of the programs")])


def _row(step: Step) -> list[str]:
    cycles = [number(step[part]) for part in PARTS]
    return [
        step["name"],
        number(step["executions"]),
        *cycles,
        number(step["exchange_bytes"]),
        number(step["busy_tiles"]),
    ]
