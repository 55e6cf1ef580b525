"""Synapses given one by one: which rows in which format lead from a source slice to a slice on a core."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import prod

import numpy as np
from scipy import sparse

from axonc.ir.machine import BYTEWISE, Synapses
from axonc.ir.mapping import Cut, Slice
from axonc.ir.network import Network, Projection, SharedKernel
from axonc.ir.ops import Array

from .blocks import COVERED, begun, pays
from .formats import BY_NAME, DRAM, ROW_FORMATS, Form, RowFormat, Table, cheapest, fetched, offered
from .kernel_formats import kernel_format
from .schema import ALIGN, FORMATS, SYNAPSE

SPARSE = "sparse"
"""The format of synapses of 8 bits one by one."""


@dataclass(frozen=True, eq=False)
class Links:
    """Synapses one by one, by ascending source and, for one source, target: ``sources`` and ``targets`` are places in
    what they join, int64; ``weights`` as the projection has them."""

    sources: Array
    targets: Array
    weights: Array

    def part(self, chosen: slice | Array, first_source: int = 0, first_target: int = 0) -> Links:
        """Some of them, with places that count from the first ones."""
        sources, targets = self.sources[chosen] - first_source, self.targets[chosen] - first_target
        return Links(sources, targets, self.weights[chosen])


@dataclass(frozen=True, eq=False)
class Rows:
    """The synapses from one source slice to a window of the accumulators of one local population, in one format.

    ``targets``: accumulators in the window, from ``first_target`` on; ``links``: places in the source slice, in machine
    order, and in the window.
    """

    source: Slice
    population: int
    first_target: int
    targets: int
    ring_offset: int
    format: str
    links: Links

    @property
    def synapses(self) -> int:
        """Weights that are not zero."""
        return len(self.links.weights)

    @property
    def stored(self) -> int:
        """Weights that one event of every source neuron adds: those that are 0 are among them where rows are dense."""
        return BY_NAME[self.format].added(self.form)

    @property
    def weight(self) -> sparse.csc_array:
        """CSC [targets, rows]."""
        counts = np.bincount(self.links.sources, minlength=self.source.count)
        starts = np.concatenate([[0], np.cumsum(counts)])
        shape = (self.targets, self.source.count)
        return sparse.csc_array((self.links.weights, self.links.targets, starts), shape=shape)

    @cached_property
    def data_bytes(self) -> int:
        """Bytes of the rows in a core's memory."""
        return BY_NAME[self.format].data_bytes(self.form)

    @property
    def dram(self) -> bool:
        """Whether the rows lie in DRAM."""
        return BY_NAME[self.format].dram

    @property
    def dram_bytes(self) -> int:
        """Bytes of the rows in DRAM."""
        return BY_NAME[self.format].dram_bytes(self.form)

    @property
    def fetched(self) -> Array:
        """The bytes that are fetched from DRAM for an event of each source neuron, in machine order: whole multiples of
        `ALIGN` around its row; 0 where it has none."""
        dense = BY_NAME[self.format].dense
        lengths = np.full(self.source.count, self.targets) if dense else SYNAPSE.dtype.itemsize * self.lengths
        ends = np.cumsum(lengths)
        first, last = (ends - lengths) // ALIGN * ALIGN, -(-ends // ALIGN) * ALIGN
        return np.where(lengths > 0, last - first, 0)

    @cached_property
    def form(self) -> Form:
        """How large it is."""
        form = BY_NAME[self.format]
        odd = int(np.sum(self.lengths % 2)) if form.paired else 0
        blocks = len(self.heads) if form.covers else None
        return Form(self.source.count, self.targets, self.synapses, form.largest, odd, blocks)

    @cached_property
    def heads(self) -> Array:
        """The synapses at which its blocks begin."""
        return begun(self.links.sources, self.links.targets, self.targets)

    @property
    def added(self) -> Array:
        """The weights that an event of each source neuron adds, in machine order: int64."""
        form = BY_NAME[self.format]
        if form.covers:
            return form.covers * np.bincount(self.links.sources[self.heads], minlength=self.source.count)
        return form.added_by_each(self.lengths, self.targets)

    @property
    def lengths(self) -> Array:
        """The synapses of each row: int64."""
        return np.bincount(self.links.sources, minlength=self.source.count)

    @property
    def tables(self) -> tuple[Table, ...]:
        """What a core stores of it."""
        return BY_NAME[self.format].tables(self.weight)


def matrix_rows(
    projection: Projection,
    sources: Cut,
    target: Slice,
    index: int,
    offset: int,
    synapses: Synapses = BYTEWISE,
    active: float = 0.0,
    graded: bool = False,
) -> Iterator[Rows]:
    """The rows of a matrix into ``target``, the local population ``index``; events act ``offset`` steps ahead.
    In the cheapest format on a machine with such ``synapses``, where the part ``active`` of the sources sends.

    A slice's accumulators stand lane after lane; lanes that the matrix does not reach are left out.
    """
    for first_lane, last_lane in _reached_lanes(projection, prod(target.shape)):
        start, stop = first_lane * target.count, last_lane * target.count
        first = start + projection.lane * target.count
        links = _incoming(projection, sources, target.box, start, stop)
        edges = np.searchsorted(links.sources, sources.starts)
        numbers = np.flatnonzero(np.diff(edges))
        for number, first_link, last_link in np.stack([numbers, edges[numbers], edges[numbers + 1]], axis=1).tolist():
            source, place = sources[number], slice(first_link, last_link)
            mine = links.part(place, int(sources.starts[number]))
            form = Form(source.count, stop - start, place.stop - place.start, _largest(projection))
            if stop - start >= COVERED and _in_blocks(projection, synapses):
                form = replace(form, blocks=len(begun(mine.sources, mine.targets, stop - start)))
            best = fetched(form) if projection.dram else cheapest(form, synapses, active, graded)
            yield from _windows(Rows(source, index, first, stop - start, offset, best.name, mine))


def _windows(rows: Rows) -> Iterator[Rows]:
    """The rows in windows that their format can reach; windows without synapses are left out."""
    form = BY_NAME[rows.format]
    if form.dense:
        yield rows
        return
    for first in range(0, rows.targets, form.window):
        part = _between(rows, first, min(first + form.window, rows.targets))
        yield from _halves(part) if part.synapses else ()


def _halves(rows: Rows) -> Iterator[Rows]:
    """A window, in halves where it has more synapses than its format can count; dense where one target is too many,
    synapse by synapse where there are fewer targets than a block has. Halves without synapses are left out."""
    if rows.targets < BY_NAME[rows.format].covers:
        yield from _halves(replace(rows, format=SPARSE))
    elif rows.synapses <= BY_NAME[rows.format].synapses:
        yield rows
    elif rows.targets == 1:
        yield replace(rows, format=_dense_beside(BY_NAME[rows.format]))
    else:
        middle = rows.targets // 2
        for part in (_between(rows, 0, middle), _between(rows, middle, rows.targets)):
            yield from _halves(part) if part.synapses else ()


def _between(rows: Rows, first: int, last: int) -> Rows:
    """The rows into some of the accumulators of their window."""
    if (first, last) == (0, rows.targets):
        return rows
    chosen = (rows.links.targets >= first) & (rows.links.targets < last)
    links = rows.links.part(chosen, first_target=first)
    return replace(rows, first_target=rows.first_target + first, targets=last - first, links=links)


def _dense_beside(chosen: RowFormat) -> str:
    """The dense format for weights as large as those of a format, in the same place."""
    beside = (format for format in ROW_FORMATS if (format.largest, format.dram) == (chosen.largest, chosen.dram))
    return next(format.name for format in beside if format.dense)


def linked_formats(network: Network, synapses: Synapses, graded: bool = False) -> tuple[str, ...]:
    """The formats that the programs of a network know: all that are offered for the weights of a projection, in the
    order of `schema.FORMATS`; ``graded``: for graded events alone."""
    used = (j for j in network.projections if not graded or network.by_name[j.source].graded)
    found = {name for projection in used for name in _possible(projection, synapses)}
    return tuple(name for name in FORMATS if name in found)


def _possible(projection: Projection, synapses: Synapses) -> Iterator[str]:
    if isinstance(projection.weight, SharedKernel):
        yield kernel_format(projection.weight, synapses).name
    elif projection.dram:
        yield from DRAM
    elif projection.weight.nnz:
        blocks = _in_blocks(projection, synapses)
        yield from (format.name for format in offered(synapses, _largest(projection), blocks))


@lru_cache(maxsize=1024)
def _in_blocks(projection: Projection, synapses: Synapses) -> bool:
    """Whether a machine is offered blocks for a matrix: where they may save bytes."""
    assert not isinstance(projection.weight, SharedKernel)
    known = any(format.covers for format in offered(synapses, _largest(projection), blocks=True))
    return known and not projection.dram and pays(projection.weight)


@lru_cache(maxsize=1024)
def _largest(projection: Projection) -> int:
    """The largest magnitude of a projection's weights."""
    assert not isinstance(projection.weight, SharedKernel)
    return int(np.abs(projection.weight.data.astype(np.int64)).max(initial=0))


@lru_cache(maxsize=1024)
def _reached_lanes(projection: Projection, count: int) -> tuple[tuple[int, int], ...]:
    """The lanes in which a matrix has weights, neighbouring ones together: the first, and the one behind the last."""
    assert not isinstance(projection.weight, SharedKernel)
    if projection.weight.shape[0] == count:
        return ((0, 1),)
    lanes = np.unique(projection.weight.indices // count)
    parts = np.split(lanes, np.flatnonzero(np.diff(lanes) > 1) + 1) if lanes.size else []
    return tuple((int(part[0]), int(part[-1]) + 1) for part in parts)


@lru_cache(maxsize=64)
def _incoming(projection: Projection, sources: Cut, box: Slice, start: int, stop: int) -> Links:
    """The synapses into the accumulators ``start`` to ``stop`` of a box; the place of a source is that among the
    neurons of all slices of ``sources``."""
    matrix = projection.by_target
    lanes, places = np.divmod(np.arange(start, stop), box.count)
    rows = lanes * prod(box.shape) + box.neurons[places]
    counts = matrix.indptr[rows + 1] - matrix.indptr[rows]
    ends = np.cumsum(counts)
    stored = np.arange(ends[-1]) + np.repeat(matrix.indptr[rows] - ends + counts, counts)
    found = Links(
        sources.positions[matrix.indices[stored]], np.repeat(np.arange(len(rows)), counts), matrix.data[stored]
    )
    ordered = np.argsort(found.sources * len(rows) + found.targets)
    return found.part(ordered[np.searchsorted(found.sources[ordered], 0) :])
