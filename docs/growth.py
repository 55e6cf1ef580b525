"""The page of how compilations grow, and its figure, from what the benchmark `scale` kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

RESULT = Path(__file__).parent / "scale.json"

Row = Mapping[str, Any]
Rows = Sequence[Row]

COLORS = ("#1f5fa8", "#b3541e")
"""Of the kinds of network, in their order."""

AGAIN = """## Again

<!-- not run: it takes many minutes -->
```console
$ PYTHONPATH=src:tests python -m benchmarks.scale --run 10 --write docs/scale.json
$ python docs/generate.py
```

Each size is compiled by a process of its own. Wall seconds depend on what else the computer does; seconds of
processors, to which the exponents are fitted, less so. While it runs on a terminal, `axonc compile` shows each stage
and how far it is.
"""

NAMES = {"irregular": "irregular, from a graph file", "dense": "dense layers, from NIR"}


def result() -> Mapping[str, Mapping[str, Any]]:
    """What was kept, by the kind of network."""
    found: Mapping[str, Mapping[str, Any]] = json.loads(RESULT.read_text())
    return found


def exponent(rows: Rows, what: str) -> float:
    """The power of the number of synapses that fits best, on logarithmic axes. Of seconds without those in which a
    partition is looked for: only networks of some sizes take them, the smaller ones."""
    values = [float(row[what]) - (row["stages"]["partition"] if what == "cpu" else 0.0) for row in rows]
    logarithms = (np.log([float(row["synapses"]) for row in rows]), np.log(values))
    return float(np.polyfit(*logarithms, 1)[0])


def linearithmic(rows: Rows) -> float:
    """The same of n log n at these sizes."""
    sizes = np.array([float(row["synapses"]) for row in rows])
    return float(np.polyfit(np.log(sizes), np.log(sizes * np.log(sizes)), 1)[0])


def page(table: Callable[[Sequence[str], Sequence[Sequence[object]]], str]) -> str:
    """The page."""
    found = result()
    parts = [
        "# Growth\n\nHow long a compilation for a board of 48 chips (`--machine spinnaker2-board`) takes, and how much "
        "memory, from the file of a model to a directory with the data of all cores, their routing tables and the "
        "linked images.\n\n",
        "- *Irregular*: LIF neurons in a square, each with about 101 synapses, one of them to anywhere, the others to "
        "normally distributed distances (7 neurons along each axis); weights of both signs; one neuron in twenty is "
        "driven. A graph file; sparse matrices.\n",
        "- *Dense*: chains of 10 layers of 100 LIF neurons, each fed by all of the one before. A NIR file.\n\n",
        "![Seconds and memory by synapses, on logarithmic axes](scale.svg)\n\n",
        *(part for kind, kept in found.items() for part in _of_kind(kind, kept, table)),
        AGAIN,
    ]
    return "".join(parts)


def _of_kind(
    kind: str, kept: Mapping[str, Any], table: Callable[[Sequence[str], Sequence[Sequence[object]]], str]
) -> Iterator[str]:
    rows: Rows = kept["sizes"]
    head = ("neurons", "synapses", "cores", "chips", "routing entries", "seconds", "of processors", "memory, GiB")
    yield f"## {NAMES[kind].capitalize().replace('nir', 'NIR')}\n\n"
    yield table(head, [_cells(row) for row in rows])
    yield (
        f"\nSeconds of processors grow as n^{exponent(rows, 'cpu'):.2f} with the number n of synapses"
        f"{_searched(rows[0])}, memory as "
        f"n^{exponent(rows, 'memory'):.2f}; n log n would be n^{linearithmic(rows):.2f} at these sizes.\n\n"
    )
    last = rows[-1]
    yield (
        f"Of the largest, in seconds of processors: {_stages(last)}. Of one processor "
        f"{min(last['cpu'] / last['seconds'], 1):.0%} went to it while it lasted.\n\n"
    )
    if kept["run"] is not None:
        yield _ran(kept["run"])


def _searched(row: Row) -> str:
    """What the smallest size alone took, and the exponent leaves out."""
    seconds = row["stages"]["partition"]
    return (
        f", without the {seconds:.0f} s in which the smallest was searched for a better partition"
        if seconds > 1
        else ""
    )


def _cells(row: Row) -> tuple[str, ...]:
    counts = tuple(f"{row[name]:,}" for name in ("neurons", "synapses", "cores", "chips", "entries"))
    return (*counts, f"{row['seconds']:.0f}", f"{row['cpu']:.0f}", f"{row['memory'] / 2**30:.2f}")


def _stages(row: Row) -> str:
    """The stages that take a hundredth of the whole or more, the longest first."""
    ordered = sorted(row["stages"].items(), key=lambda stage: -stage[1])
    return ", ".join(f"{name} {seconds:.0f}" for name, seconds in ordered if 100 * seconds >= row["cpu"])


def _ran(run: Mapping[str, Any]) -> str:
    """What became of the program of the largest size."""
    differs = [name for name in ("outputs", "received", "crossed") if not run[f"{name}_equal"]]
    said = "as the interpreter and a walk through the routing tables say" if not differs else f"{differs} DIFFER"
    return (
        f"Its program ran on the native engine for {run['steps']} steps: {run['spikes']:,} spikes, {run['received']:,} "
        f"packets received by cores, {run['crossed']:,} over links between chips; every output, and these counts for "
        f"every core and every link, {said}. That took {run['native_seconds']:.0f} s, its reading and linking "
        f"included.\n\n"
    )


@dataclass(frozen=True)
class Panel:
    """A plot with logarithmic axes: a value of all rows over their synapses."""

    title: str
    value: Callable[[Row], float]
    left: float
    width: float = 380.0
    height: float = 260.0
    top: float = 40.0

    def shapes(self, kinds: Mapping[str, Rows]) -> Iterator[str]:
        """Its SVG."""
        rows = [row for kind in kinds.values() for row in kind]
        across, up = _ticks([row["synapses"] for row in rows]), _ticks([self.value(row) for row in rows])
        yield f'<text x="{self.left:.0f}" y="{self.top - 16:.0f}" font-weight="bold">{self.title}</text>'
        for tick in across:
            x = self._along(tick, across)
            yield _line((x, self.top, x, self.top + self.height), "#ddd")
            yield _text(x, self.top + self.height + 16, f"{tick / 1e6:g} M", "middle")
        for tick in up:
            y = self._up(tick, up)
            yield _line((self.left, y, self.left + self.width, y), "#ddd")
            yield _text(self.left - 6, y + 4, f"{tick:g}", "end")
        for color, (kind, points) in zip(COLORS, kinds.items(), strict=False):
            places = [(self._along(row["synapses"], across), self._up(self.value(row), up)) for row in points]
            joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            yield f'<polyline points="{joined}" fill="none" stroke="{color}" stroke-width="2"/>'
            yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{color}"/>' for x, y in places)
            yield _text(places[-1][0] - 10, places[-1][1] - 10, kind, "end", color)

    def _along(self, value: float, ticks: Sequence[float]) -> float:
        return self.left + self.width * _between(value, ticks)

    def _up(self, value: float, ticks: Sequence[float]) -> float:
        return self.top + self.height * (1 - _between(value, ticks))


def figure() -> str:
    """Time and memory, as an SVG file."""
    kinds = {kind: kept["sizes"] for kind, kept in result().items()}
    panels = (
        Panel("seconds of processors", lambda row: row["cpu"], 50.0),
        Panel("peak memory, GiB", lambda row: row["memory"] / 2**30, 510.0),
    )
    shapes = [shape for panel in panels for shape in panel.shapes(kinds)]
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 920 350" font-family="sans-serif" font-size="13">\n'
        '<rect width="920" height="350" fill="white"/>'
    )
    below = [_text(panel.left + panel.width / 2, 340, "synapses", "middle") for panel in panels]
    return "\n".join([opening, *shapes, *below, "</svg>\n"])


def _ticks(values: Sequence[float]) -> list[float]:
    """1, 2, 5, 10, ... from below the least value to above the largest."""
    low, high = float(np.floor(np.log10(min(values)))), float(np.ceil(np.log10(max(values))))
    ticks = [step * 10.0**power for power in range(int(low), int(high) + 1) for step in (1, 2, 5)]
    first = max(index for index, tick in enumerate(ticks) if tick <= min(values))
    last = min(index for index, tick in enumerate(ticks) if tick >= max(values))
    return ticks[first : last + 1]


def _between(value: float, ticks: Sequence[float]) -> float:
    """Where a value lies between the first tick, 0, and the last, 1."""
    return float(np.log(value / ticks[0]) / np.log(ticks[-1] / ticks[0]))


def _line(ends: tuple[float, float, float, float], color: str) -> str:
    x1, y1, x2, y2 = ends
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"/>'


def _text(x: float, y: float, text: str, anchor: str, color: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}">{text}</text>'
