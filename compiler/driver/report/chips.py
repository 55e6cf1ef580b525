"""The map of the machine: where every core is, how loaded, and what the links between chips carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from axonc.ir.machine import LINKS, Place
from axonc.ir.ops import Array

from ..show import holds, load
from .facts import Facts
from .figure import WIDTH, Box, Figure, Path, Section, Shape, Text, line_through, number
from .heat import LEVELS

LARGEST = 17.0
"""The side of a core's square where one chip fills the figure."""

GAP = 1.6
"""Chips stand so many times their width apart."""

ACROSS = 2
"""Cores of a QPE side by side."""

Centre = tuple[float, float]


def chips(facts: Facts) -> Section:
    """The chips that are used: a square a core, at its place; darker is a fuller memory, or a busier tick."""
    assert facts.mapping is not None
    tick = facts.manifest.get("tick_cycles")
    loads = [load(core, tick) for core in facts.cores]
    tips = [f"core {core}: {share:.1%}; {holds(facts.mapping, core)}" for core, share in enumerate(loads)]
    crossed = _crossed(facts)
    figure = chip_map(facts.places, loads, tips, facts.neighbours, crossed)
    lines = ["A square is a core at its place on the chip, darker with the larger of its shares of memory and tick."]
    if crossed is not None and crossed.any():
        lines.append(
            f"Lines are links between chips, as wide as what they carried: {number(int(crossed.sum()))} packets."
        )
    return Section("Chips", lines, [figure])


def _crossed(facts: Facts) -> Array | None:
    """Packets over every link of every chip in all runs, [chips, links]; None without a run."""
    stats: Mapping[str, Array] = {} if facts.activity is None else facts.activity.result.stats
    return np.asarray(stats["link_packets"]).sum(axis=0) if "link_packets" in stats else None


def chip_map(
    places: Sequence[Place],
    loads: Sequence[float],
    tips: Sequence[str],
    neighbours: Sequence[Sequence[int | None]],
    crossed: Array | None,
) -> Figure:
    """A drawing of the chips that have ``places``: ``loads`` from 0 to 1, with tips; ``neighbours`` of each chip by
    link, and the packets that ``crossed`` each, if known."""
    used = sorted({place.chip for place in places})
    columns, rows = max(place.x for place in places), max(place.y for place in places)
    points = _points(used[0], neighbours)
    left, top = (min(points[chip][axis] for chip in used) for axis in (0, 1))
    spread = [max(points[chip][axis] for chip in used) - low for axis, low in ((0, left), (1, top))]
    pitch = min(LARGEST, (WIDTH - 20) / (ACROSS * columns * (1 + GAP * spread[0])))
    size = ACROSS * columns * pitch, ACROSS * rows * pitch
    corners = {
        chip: (10 + GAP * size[0] * (points[chip][0] - left), 22 + GAP * size[1] * (points[chip][1] - top))
        for chip in used
    }
    shapes: list[Shape] = [*_links(corners, size, neighbours, crossed), *_frames(corners, size)]
    for place, share, tip in zip(places, loads, tips, strict=True):
        shapes.append(_core(place, corners[place.chip], pitch, rows, share, tip))
    width, height = (edge + GAP * side * reach for edge, side, reach in zip((20, 32), size, spread, strict=True))
    return Figure("Cores on their chips", width + size[0], height + size[1], shapes, "; ".join(_caption(used, loads)))


def _caption(used: Sequence[int], loads: Sequence[float]) -> Iterator[str]:
    yield f"{len(used)} chip{'s' * (len(used) > 1)}, {len(loads)} cores"
    yield f"the fullest or busiest core at {max(loads):.1%}, the mean at {sum(loads) / len(loads):.1%}"


def _points(first: int, neighbours: Sequence[Sequence[int | None]]) -> dict[int, Centre]:
    """Where chips stand, in widths of a chip: links lead along a hexagonal grid, the second axis upwards."""
    grid: dict[int, tuple[int, int]] = {first: (0, 0)}
    for chip in (waiting := [first]):
        for other, (dx, dy) in zip(neighbours[chip] if neighbours else (), LINKS, strict=False):
            if other is not None and other not in grid:
                grid[other] = grid[chip][0] + dx, grid[chip][1] + dy
                waiting.append(other)
    return {chip: (x - y / 2, -float(y)) for chip, (x, y) in grid.items()}


def _frames(corners: Mapping[int, Centre], size: tuple[float, float]) -> Iterator[Shape]:
    for chip, (x, y) in corners.items():
        yield Box(x - 3, y - 3, size[0] + 6, size[1] + 6, "chip", f"chip {chip}")
        yield Text(x, y - 8, f"chip {chip}" if size[0] > 50 else str(chip), "tick")


def _core(place: Place, corner: Centre, pitch: float, rows: int, share: float, tip: str) -> Shape:
    """The square of a core; rows of the grid count upwards."""
    down, across = divmod(place.pe, ACROSS)
    x = corner[0] + pitch * (ACROSS * (place.x - 1) + across)
    y = corner[1] + pitch * (ACROSS * (rows - place.y) + down)
    level = int(np.clip(np.ceil(share * LEVELS), 1, LEVELS))
    return Box(x, y, 0.88 * pitch, 0.88 * pitch, f"heat l{level}", tip)


def _links(
    corners: Mapping[int, Centre],
    size: tuple[float, float],
    neighbours: Sequence[Sequence[int | None]],
    crossed: Array | None,
) -> Iterator[Shape]:
    """A line for every two chips that a link joins, as wide as what it carried both ways."""
    most = 1 if crossed is None else max(1, int(crossed.max(initial=0)))
    half = size[0] / 2, size[1] / 2
    for chip in corners:
        for link, other in enumerate(neighbours[chip] if neighbours else ()):
            if other in corners and other is not None and link < len(LINKS) // 2:
                ends = [(corners[c][0] + half[0], corners[c][1] + half[1]) for c in (chip, other)]
                ways = [0, 0] if crossed is None else [crossed[chip, link], crossed[other, link + len(LINKS) // 2]]
                wide = 1 + 5 * max(ways) / most
                tip = f"chips {chip} and {other}: {number(int(ways[0]))} packets, {number(int(ways[1]))} back"
                yield Path(line_through(ends), f"link w{round(wide)}", tip)
