"""The section about the cost of a step: what was predicted and, of a run, what was measured, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from axonc.ir import Result

from ..show import activity_text
from .facts import Facts
from .figure import Section, Table, number

Row = tuple[str, float, float | None]
"""A quantity: its name, as predicted, as measured."""


def step(facts: Facts) -> Section:
    """Instructions, cycles, events, packets, time and energy of a step of all cores."""
    told, run = facts.fit["step"], None if facts.activity is None else facts.activity.result
    measured = {} if run is None or "cycles" not in run.stats else measured_step(run, facts.manifest["phases"])
    rows = [
        [name, number(_short(value)), "-" if found is None else number(_short(found)), _ratio(value, found)]
        for name, value, found in _rows(told, measured, facts)
    ]
    columns = ("a step of all cores", "predicted", "measured", "predicted / measured")
    lines = [
        f"Predicted: {activity_text(facts.cores)}. Measured: the mean over all steps of the run, idle ones included."
    ]
    lines.append(
        "Energy is an estimate: so much a cycle of a core, for sleeping cores, for the rest of each chip, and for each "
        "packet in a router and each of its hops on a chip; the machine description states the figures. Of the host's "
        "packets only those over links, and hops, are in it."
    )
    return Section("Cost of a step", lines, [], [Table(columns, rows)])


def measured_step(run: Result, phases: int) -> dict[str, Any]:
    """What a run took for a step, in the form of the prediction."""
    stats = run.stats
    runs, slots, _ = stats["cycles"].shape
    steps = runs * slots / phases
    return {
        "instructions": float(stats["instructions"].sum()) / steps,
        "cycles": float(stats["cycles"].sum()) / steps,
        "busiest": float(stats["cycles"].max(initial=0)),
        "received": float(stats["events_received"].sum()) / steps,
        "packets": float(stats["events_sent"].sum()) / steps,
        "crossings": float(stats["link_packets"].sum()) / steps,
        "waiting": float(np.max(stats["link_waiting"])),
        "hops": float(np.sum(stats["hops"])) / steps,
        "seconds": float(np.sum(stats["seconds"])) / steps,
        "joules": {name: float(np.sum(joules)) / steps for name, joules in stats["joules"].items()},
    }


def _rows(told: Mapping[str, Any], measured: Mapping[str, Any], facts: Facts) -> list[Row]:
    busiest = max((core["cycles"] for core in facts.cores), default=0)
    rows: list[Row] = [(name, told[name], measured.get(name)) for name in ("instructions", "cycles")]
    rows.append(("cycles of the busiest core in a slot", busiest, measured.get("busiest")))
    rows.append(("packets sent", told["packets"], measured.get("packets")))
    if told["crossings"] or measured.get("crossings"):
        rows.append(("packets over links between chips", told["crossings"], measured.get("crossings")))
        rows.append(("most packets that wait for a link", told["waiting"], measured.get("waiting")))
    rows.append(("hops of packets on chips", told["hops"], measured.get("hops")))
    rows.append(("milliseconds", 1e3 * told["seconds"], _scaled(measured.get("seconds"), 1e3)))
    for name, joules in told["joules"].items():
        rows.append((f"microjoules: {name}", 1e6 * joules, _scaled(measured.get("joules", {}).get(name), 1e6)))
    total = sum(measured["joules"].values()) if measured else None
    rows.append(("microjoules in all", 1e6 * sum(told["joules"].values()), _scaled(total, 1e6)))
    return rows


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else factor * value


def _short(value: float) -> float:
    """Whole numbers where there are many digits."""
    return float(round(value)) if abs(value) >= 100 else value


def _ratio(value: float, found: float | None) -> str:
    return f"{value / found:.2f}" if found else "-"
