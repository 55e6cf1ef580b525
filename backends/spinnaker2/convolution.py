"""Synapses of convolutions: the tables through which a core adds one kernel at every place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from axonc.ir.machine import BYTEWISE, Synapses
from axonc.ir.mapping import Slice
from axonc.ir.network import Projection, SharedKernel
from axonc.ir.ops import Array
from axonc.ir.synapses import joined, reached_channels, taps_into

from .kernel_formats import KernelFormat, kernel_format
from .memory import round_up
from .schema import ALIGN, CHANNEL, KERNEL, RUN

Table = np.ndarray[Any, Any]
NOTHING = np.zeros((1, 3), np.int64)
"""The taps of an axis of one place: a convolution over one axis has it as its y."""


@dataclass(frozen=True, eq=False)
class AxisTable:
    """What every place along an axis reaches in a target box: place ``first + n`` the runs ``starts[n]`` to
    ``starts[n + 1]``."""

    first: int
    starts: Table
    runs: Table

    @property
    def count(self) -> int:
        """Places in the table."""
        return len(self.starts) - 1

    @property
    def data_bytes(self) -> int:
        """Bytes of starts and runs."""
        return round_up(self.starts.nbytes, ALIGN) + round_up(self.runs.nbytes, ALIGN)

    @cached_property
    def _sums(self) -> tuple[list[int], list[int]]:
        """How many runs, and how many target places in them, lie before every place of the table."""
        reached = np.concatenate([[0], np.cumsum(self.runs["count"], dtype=np.int64)])
        return self.starts.tolist(), reached[self.starts].tolist()

    def reached(self, lower: int, upper: int) -> Array:
        """What each place from ``lower`` to ``upper`` reaches: how many target places, int64."""
        _, sums = self._sums
        each = np.zeros(upper - lower, np.int64)
        first, last = (min(max(place - self.first, 0), self.count) for place in (lower, upper))
        each[first + self.first - lower : last + self.first - lower] = np.diff(sums[first : last + 1])
        return each

    def _each(self, values: Array, lower: int, upper: int) -> Array:
        """What each place from ``lower`` to ``upper`` has of ``values``, one a place of the table; 0 outside."""
        each = np.zeros(upper - lower)
        first, last = (min(max(place - self.first, 0), self.count) for place in (lower, upper))
        each[first + self.first - lower : last + self.first - lower] = values[first:last]
        return each

    def known(self, lower: int, upper: int) -> Array:
        """1 for each place from ``lower`` to ``upper`` that is in the table."""
        return self._each(np.ones(self.count), lower, upper)

    def runs_of(self, lower: int, upper: int) -> Array:
        """The runs of each place from ``lower`` to ``upper``."""
        return self._each(np.diff(self.starts.astype(np.int64)), lower, upper)

    def split(self, lower: int, upper: int, channels: int, form: KernelFormat) -> tuple[Array, Array]:
        """The weights of the runs of each place, where a target place has so many channels: how many blocks of them,
        and how many one by one."""
        weights = self.runs["count"].astype(np.int64) * channels
        blocks = form.blocks(weights, channels)
        sums = (np.concatenate([[0], np.cumsum(part)])[self.starts] for part in (blocks, weights - form.block * blocks))
        first, second = (self._each(np.diff(part), lower, upper) for part in sums)
        return first, second

    def within(self, lower: int, upper: int) -> tuple[int, int, int]:
        """Of the places from ``lower`` to ``upper``: how many are in the table, their runs, what these reach."""
        first, last = (min(max(place - self.first, 0), self.count) for place in (lower, upper))
        runs, reached = self._sums
        return last - first, runs[last] - runs[first], reached[last] - reached[first]


@dataclass(frozen=True, eq=False)
class KernelTables:
    """A kernel as a slice of its targets needs it, for events of any source slice: stored once a core.

    ``first_channel``: the source channel of the first entry of ``channels``; ``order``: the taps along x in the order
    in which they are stored; ``format``: that of its weights.
    """

    kernel: SharedKernel
    format: KernelFormat
    target: Slice
    first_channel: int
    channels: Table
    y: AxisTable
    x: AxisTable
    order: Array

    @property
    def taps(self) -> tuple[int, int]:
        """Taps along y and x."""
        shape = self.kernel.weight.shape[2:]
        return (shape[0] if len(shape) > 1 else 1), shape[-1]

    @property
    def data_bytes(self) -> int:
        """Bytes of all tables and weights."""
        weights = int(self.channels["count"].sum(dtype=np.int64)) * self.taps[0] * self.taps[1]
        tables = round_up(self.channels.nbytes, ALIGN) + self.y.data_bytes + self.x.data_bytes
        return tables + self.format.data_bytes(weights)

    @cached_property
    def weights(self) -> Table:
        """Flat, as the format stores them: [source channel][tap along y][tap along x][target channel]. The first is
        one of a group."""
        weight, lower = self.kernel.weight, self.target.lower[0]
        each = weight.shape[1]
        parts = [np.zeros(0, np.int64)]
        for number, row in enumerate(self.channels):
            first = lower + int(row["first"])
            chosen = weight[first : first + int(row["count"]), number % each]
            image = chosen.reshape(len(chosen), *self.taps)[:, :, self.order]
            parts.append(np.moveaxis(image, 0, -1).astype(np.int64).reshape(-1))
        return self.format.table(np.concatenate(parts))


@dataclass(frozen=True, eq=False)
class KernelRows:
    """The synapses of a convolution from one source slice to one local population."""

    source: Slice
    population: int
    ring_offset: int
    tables: KernelTables
    first_target: int = 0

    @property
    def format(self) -> str:
        """The name of the format of its weights."""
        return self.tables.format.name

    @property
    def targets(self) -> int:
        """Neurons that it may reach."""
        return self.tables.target.count

    @property
    def data_bytes(self) -> int:
        """Bytes of what this source slice needs besides the tables."""
        return KERNEL.dtype.itemsize

    @property
    def box(self) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """From where to where the source slice reaches: along channels, y and x."""
        bounds = list(zip(self.source.lower, self.source.upper, strict=True))
        channels, *places = bounds
        return channels, (places[0] if len(places) > 1 else (0, 1)), places[-1]

    @cached_property
    def _within(self) -> tuple[tuple[int, int], tuple[int, int, int], tuple[int, int, int]]:
        """Channels, y and x of the source slice: how many are in the tables, and what they reach."""
        (lower, upper), y, x = self.box
        first = self.tables.first_channel
        reached = self.tables.channels["count"][max(lower - first, 0) : max(upper - first, 0)]
        channels = len(reached), int(reached.sum(dtype=np.int64))
        return channels, self.tables.y.within(*y), self.tables.x.within(*x)

    @property
    def inside(self) -> int:
        """Source neurons that the tables know: no other reaches anything."""
        (channels, _), (lines, _, _), (places, _, _) = self._within
        return channels * lines * places

    @property
    def patches(self) -> int:
        """Runs of places times lines, over one event of every source neuron: how often weights are added in a row."""
        (channels, _), (_, lines, _), (_, runs, _) = self._within
        return channels * lines * runs

    @property
    def reached(self) -> Array:
        """The synapses that each source neuron stands for, in machine order: int64."""
        (lower, upper), y, x = self.box
        channels = np.zeros(upper - lower, np.int64)
        first, counts = self.tables.first_channel, self.tables.channels["count"]
        inside = np.arange(max(lower, first), min(upper, first + len(counts)))
        channels[inside - lower] = counts[inside - first]
        lines, places = self.tables.y.reached(*y), self.tables.x.reached(*x)
        return np.asarray(lines[:, None, None] * places[:, None] * channels).reshape(-1)

    def visited(self) -> Iterator[tuple[str, tuple[Array, Array, Array]]]:
        """What an event of each source neuron makes the loops do, as products over y, x and channel: whether it is
        ``inside`` the tables, ``runs`` of places, ``patches`` (a line of a run), and in these ``blocks`` of weights,
        as the format says, and ``weights`` one by one."""
        (lower, upper), y, x = self.box
        tables, first = self.tables, self.tables.first_channel
        counts = np.zeros(upper - lower)
        inside = np.arange(max(lower, first), min(upper, first + len(tables.channels)))
        counts[inside - lower] = tables.channels["count"][inside - first]
        lines, known = tables.y.runs_of(*y), tables.y.known(*y)
        some = counts > 0
        yield "inside", (known, tables.x.known(*x), some)
        yield "run", (known, tables.x.runs_of(*x), some)
        yield "patch", (lines, tables.x.runs_of(*x), some)
        for count in np.unique(counts[some]):
            blocks, ones = tables.x.split(*x, int(count), tables.format)
            mine = counts == count
            yield "block", (lines, blocks, mine)
            yield "weight", (lines, ones, mine)

    @property
    def synapses(self) -> int:
        """The synapses that the kernel stands for."""
        (_, channels), (_, _, lines), (_, _, places) = self._within
        return channels * lines * places


def kernel_rows(
    projection: Projection,
    sources: Sequence[Slice],
    target: Slice,
    index: int,
    offset: int,
    synapses: Synapses = BYTEWISE,
) -> Iterator[KernelRows]:
    """The rows of a kernel into ``target``, the local population ``index``; events act ``offset`` steps ahead. In the
    format for its weights on a machine with such ``synapses``."""
    kernel = projection.weight
    assert isinstance(kernel, SharedKernel)
    if reaching := joined(kernel, sources, target):
        tables = _tables(kernel, target.box, kernel_format(kernel, synapses))
        first = projection.lane * target.count
        yield from (KernelRows(source, index, offset, tables, first) for source in reaching)


@lru_cache(maxsize=256)
def _tables(kernel: SharedKernel, target: Slice, form: KernelFormat) -> KernelTables:
    first, channels = _channels(kernel, target)
    places = [taps - [0, target.lower[axis + 1], 0] for axis, taps in enumerate(taps_into(kernel, target))]
    y, x = places if len(places) > 1 else (NOTHING, places[0])
    whole = bool(np.all(channels["count"] == target.extents[0]))
    x_table, order = (
        _best_order(x, kernel.weight.shape[-1]) if whole else (_axis(x), np.arange(kernel.weight.shape[-1]))
    )
    return KernelTables(kernel, form, target, first, channels, _axis(y), x_table, order)


def _channels(kernel: SharedKernel, target: Slice) -> tuple[int, Table]:
    """The first source channel that reaches a slice, and what each from there to the last one reaches."""
    reached = np.array([reached_channels(kernel, channel, target) for channel in range(kernel.source[0])])
    counts = reached[:, 1] - reached[:, 0]
    used = np.flatnonzero(counts)
    first, last = int(used[0]), int(used[-1]) + 1
    table = np.zeros(last - first, CHANNEL.dtype)
    table["first"] = reached[first:last, 0] - target.lower[0]
    table["count"] = counts[first:last]
    sizes = counts[first:last] * int(np.prod(kernel.weight.shape[2:]))
    table["weights"] = np.cumsum(sizes) - sizes
    return first, table


def _best_order(taps: Array, count: int) -> tuple[AxisTable, Array]:
    """The axis with the fewest runs, and the order of its ``count`` taps that gives them.

    A window that moves by n meets neighbouring targets through taps n apart, the later target through the earlier tap:
    so taps are stored by their remainder modulo n, descending.
    """
    orders = (np.lexsort((-np.arange(count), np.arange(count) % stride)) for stride in range(1, count + 1))
    tables = ((_axis(taps, np.argsort(order), True), order) for order in orders)
    return min(tables, key=lambda found: len(found[0].runs))


def _axis(taps: Array, stored: Array | None = None, joined: bool = False) -> AxisTable:
    """The table of an axis; ``stored``: where each tap is stored; ``joined``: neighbours make one run."""
    source, target = taps[:, 0], taps[:, 1]
    tap = taps[:, 2] if stored is None else stored[taps[:, 2]]
    order = np.lexsort((target, target - tap, source))
    rows = np.stack([source, target, tap], axis=1)[order]
    follows = np.all(np.diff(rows, axis=0) == [0, 1, 1], axis=1) & joined
    heads = np.flatnonzero(np.concatenate([[True], ~follows]))
    runs = np.zeros(len(heads), RUN.dtype)
    runs["target"], runs["tap"] = rows[heads, 1], rows[heads, 2]
    runs["count"] = np.diff(np.append(heads, len(rows)))
    first, last = int(rows[0, 0]), int(rows[-1, 0]) + 1
    starts = np.searchsorted(rows[heads, 0], np.arange(first, last + 1)).astype("<u4")
    return AxisTable(first, starts, runs)
