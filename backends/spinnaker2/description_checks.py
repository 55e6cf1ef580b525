"""What is wrong with a machine description: entry by entry, then as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any

from axonc.ir import Diagnostic
from axonc.ir.machine import LINKS

from .memory import PAGE

LISTS: Mapping[str, int] = {
    "grid.missing": 2,
    "grid.router": 0,
    "board.chips": 2,
    "faults.cores": 4,
    "faults.chips": 1,
    "faults.links": 2,
}
"""Entries that are lists: how many whole numbers each of their items has; 1: it is a number; 0: one point."""

FREE = ("levels",)
"""Tables to which a file may add entries, of the form of those that are there."""

FROM_ZERO = ("board.host", "link.queue_packets")
"""Numbers that may be 0."""


def change_problems(
    base: Mapping[str, Any], changes: Mapping[str, Any], file: str, path: str = ""
) -> Iterator[Diagnostic]:
    """Every entry of ``changes`` that is not of the form of that in ``base``."""
    for key, value in changes.items():
        place = f"{path}{key}"
        usual = base.get(key, next(iter(base.values())) if path.rstrip(".") in FREE else None)
        if usual is None:
            yield Diagnostic("AX403", file, f"the entry {place!r}", f"known: {', '.join(base)}", "correct the name")
        elif isinstance(usual, dict) != isinstance(value, dict):
            yield Diagnostic("AX403", file, f"{place} = {value!r}", "a table has entries", "see the shipped file")
        elif isinstance(value, dict):
            yield from change_problems(usual, value, file, f"{place}.")
            if key not in base and (absent := [name for name in usual if name not in value]):
                yield Diagnostic("AX403", file, f"{place} without {', '.join(absent)}", "all are needed", "add them")
        elif limit := _limit(usual, value, place):
            yield Diagnostic("AX403", file, f"{place} = {value!r}", limit, "correct it")


def _limit(usual: Any, value: Any, place: str) -> str:
    """What an entry must be that it is not, or ''."""
    if place in LISTS:
        return _list_limit(value, LISTS[place])
    if isinstance(usual, str) != isinstance(value, str) or isinstance(value, (bool, list)):
        return f"a value like {usual!r}"
    if isinstance(value, str):
        return ""
    if isinstance(usual, int) and not isinstance(value, int):
        return "a whole number"
    if not isfinite(value):
        return "a finite number"
    if value < 0 or (value == 0 and place not in FROM_ZERO):
        return "above 0"
    if place.startswith("memory.") and value % PAGE:
        return f"a multiple of {PAGE} bytes"
    return f"a whole number up to {usual}" if place == "synapses.window" and value > usual else ""


def _list_limit(value: Any, size: int) -> str:
    forms = {0: "a point, like [4, 3]", 1: "a list of numbers, like [3]"}
    example = ", ".join("1234"[:size])
    limit = forms.get(size, f"a list of items like [{example}]")
    items = [value] if size == 0 else value
    if not isinstance(items, list):
        return limit
    wanted = size or 2
    rows = [[item] for item in items] if size == 1 else items
    sound = all(isinstance(row, list) and len(row) == wanted and all(type(n) is int for n in row) for row in rows)
    return "" if sound else limit


def whole_problems(stated: Mapping[str, Any], file: str) -> list[Diagnostic]:
    """Every contradiction between the entries of a complete description."""
    found = [*_memory_problems(stated["memory"]), *_grid_problems(stated["grid"])]
    found += [*_board_problems(stated), *_fault_problems(stated)]
    fastest = max(level["hz"] for level in stated["levels"].values())
    if stated["clock"]["core_hz"] > fastest:
        found.append((f"clock.core_hz = {stated['clock']['core_hz']:g}", f"the fastest level has {fastest:g}"))
    return [Diagnostic("AX403", file, what, limit, "correct it") for what, limit in found]


Problem = tuple[str, str]
"""What was found, and its limit."""


def _memory_problems(memory: Mapping[str, Any]) -> Iterator[Problem]:
    kept = sum(memory[kind] for kind in ("code", "stack", "guard"))
    if kept >= memory["sram"]:
        yield f"memory.sram = {memory['sram']}", f"above code, stack and guard, which are {kept} together"


def _grid_problems(grid: Mapping[str, Any]) -> Iterator[Problem]:
    limit = f"columns 1 to {grid['width']}, rows 1 to {grid['height']}"
    outside = [point for point in (*grid["missing"], grid["router"]) if not _is_inside(grid, *point)]
    yield from ((f"the point {point} of the grid", limit) for point in outside)
    if not outside and len({tuple(point) for point in grid["missing"]}) == grid["width"] * grid["height"]:
        yield "a grid of which all is missing", "a chip has a core"


def _is_inside(grid: Mapping[str, Any], x: int, y: int) -> bool:
    return 1 <= x <= int(grid["width"]) and 1 <= y <= int(grid["height"])


def _board_problems(stated: Mapping[str, Any]) -> Iterator[Problem]:
    chips = [tuple(point) for point in stated["board"]["chips"]]
    yield from ((f"board.chips names {list(point)} twice", "a point has one chip") for point in _twice(chips))
    host = stated["board"]["host"]
    if host >= len(chips):
        yield f"board.host = {host}", f"there are {len(chips)} chips, from 0"
    elif host in stated["faults"]["chips"]:
        yield f"the host's chip {host} among the faults", "it is the way into the machine"


def _twice(items: Iterable[Any]) -> list[Any]:
    seen = list(items)
    return sorted({item for item in seen if seen.count(item) > 1})


def _fault_problems(stated: Mapping[str, Any]) -> Iterator[Problem]:
    faults, grid, chips = stated["faults"], stated["grid"], len(stated["board"]["chips"])
    numbers = [(f"faults.chips names {chip}", chip) for chip in faults["chips"]]
    numbers += [(f"faults.{kind} names {row}", row[0]) for kind in ("cores", "links") for row in faults[kind]]
    yield from ((what, f"there are {chips} chips, from 0") for what, chip in numbers if not 0 <= chip < chips)
    for chip, link in faults["links"]:
        if not 0 <= link < len(LINKS):
            yield f"faults.links names {[chip, link]}", f"a chip has {len(LINKS)} links, from 0"
    for place in faults["cores"]:
        if not _is_inside(grid, *place[1:3]) or not 0 <= place[3] < grid["pes"]:
            limit = f"[chip, 1 to {grid['width']}, 1 to {grid['height']}, 0 to {grid['pes'] - 1}]"
            yield f"faults.cores names {place}", limit
