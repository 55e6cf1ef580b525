"""Which format the rows of every projection have, and at what density another one would cost less."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from axonc.ir.machine import Synapses

from .formats import Form, RowFormat, offered
from .plan import CorePlan
from .rows import Rows

STEPS = 12
"""Bisections: a break-even density is found to 1 / 4096."""


def format_report(plans: Sequence[CorePlan], synapses: Synapses) -> list[dict[str, Any]]:
    """For every pair of populations that matrices join: the ``density`` of their rows, the rows by format, and the
    ``break_even`` density, above which dense rows cost less (None: they never do, or always)."""
    joined: dict[tuple[str, str], list[tuple[CorePlan, Rows]]] = defaultdict(list)
    for plan in plans:
        for rows in plan.rows:
            if isinstance(rows, Rows):
                joined[rows.source.population, plan.populations[rows.population].part.population].append((plan, rows))
    return [
        {"source": source, "target": target, **_described(found, synapses)}
        for (source, target), found in joined.items()
    ]


def _described(found: Sequence[tuple[CorePlan, Rows]], synapses: Synapses) -> dict[str, Any]:
    plan, largest = max(found, key=lambda pair: pair[1].synapses)
    all_rows = [rows for _, rows in found]
    places = sum(rows.source.count * rows.targets for rows in all_rows)
    names = sorted({rows.format for rows in all_rows})
    source = largest.source.population
    crossing = break_even(largest.form, synapses, plan.active(source), source in plan.graded)
    return {
        "rows": {name: sum(rows.source.count for rows in all_rows if rows.format == name) for name in names},
        "density": round(sum(rows.synapses for rows in all_rows) / places, 4),
        "bytes": sum(rows.data_bytes for rows in all_rows),
        "break_even": None if crossing is None else round(crossing, 3),
    }


def break_even(form: Form, synapses: Synapses, active: float, graded: bool) -> float | None:
    """The density from which the cheapest dense format costs less than the cheapest sparse one, for matrices of the
    size of ``form``: by bisection, since what sparse rows cost grows with their weights."""
    able = offered(synapses, form.largest)
    price = partial(_price, form, synapses, active, graded)

    def dense_is_cheaper(density: float) -> bool:
        dense, sparse = (min(price(f, density) for f in able if f.dense == kind) for kind in (True, False))
        return dense < sparse

    if dense_is_cheaper(0.0) or not dense_is_cheaper(1.0):
        return None
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if dense_is_cheaper(middle) else (middle, high)
    return high


def _price(form: Form, synapses: Synapses, active: float, graded: bool, format: RowFormat, density: float) -> float:
    return format.price(replace(form, synapses=round(density * form.rows * form.targets)), synapses, active, graded)
