"""The formats of synapses that are given one by one: what each can hold, its bytes, its cycles and its tables.

A format is one entry of `ROW_FORMATS` here, one of ``schema.FORMATS``, what an event costs in it in ``costs.toml``, and
a loop of the C runtime. Which one a projection gets follows from bytes and cycles, at the prices that the machine
states (`cheapest`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
from scipy import sparse

from axonc.ir.machine import Synapses

from .blocks import BLOCK_BYTES, COVERED, packed
from .costs import COSTS, FREE
from .memory import round_up
from .packets import BATCH, expected_blocks, expected_groups
from .schema import ALIGN, PAIR, SYNAPSE, WIDE

Table = np.ndarray[Any, Any]
Amount = Any
"""A float, or an array of them, one a slot."""

Groups = Callable[[int], tuple[Amount, Amount]]
Parts = Iterator[tuple[str, Amount]]

BLOCK = 4
"""Weights between two tests of a loop's end."""


@dataclass(frozen=True)
class Form:
    """How large a matrix is: ``rows`` source neurons, ``targets`` accumulators, ``synapses`` weights that are not 0,
    none of a magnitude above ``largest``; ``odd`` rows have an odd number of them. ``blocks`` cover them all, as
    `blocks.begun` finds them; None: that is not asked."""

    rows: int
    targets: int
    synapses: int
    largest: int = 127
    odd: int = 0
    blocks: int | None = None


@dataclass(frozen=True)
class RowFormat:
    """One way of storing a matrix, a row a source neuron.

    ``window``: the accumulators that a row can reach; ``synapses``: how many weights there can be; ``largest``: their
    magnitude. ``dense``: zeros are stored and added, too. ``sizes``: bytes of its tables, before each is aligned;
    ``tables``: the tables of a matrix, CSC [targets, rows], sorted. ``costs``: the format that it costs as much as,
    where no core has run it. ``paired``: weights of a row are stored two by two, with a zero behind an odd one.
    ``block``: weights between two tests of the loop's end. ``even``: dense rows of graded events are added two by two
    where the targets are a multiple of it, else ``odd`` at a time. ``dram``: the rows, the last of the tables, lie in
    the chip's DRAM, and are fetched and added one by one. ``covers``: the targets of a block of weights, which follow
    each other; 0: there are no blocks.
    """

    name: str
    window: int
    synapses: int
    largest: int
    dense: bool
    sizes: Callable[[Form], tuple[int, ...]]
    tables: Callable[[sparse.csc_array], tuple[Table, ...]]
    costs: str = ""
    paired: bool = False
    block: int = BLOCK
    even: int = 4
    odd: int = 4
    dram: bool = False
    covers: int = 0

    def holds(self, form: Form) -> bool:
        """Whether one projection can hold the matrix."""
        return form.largest <= self.largest and form.targets <= self.window and form.synapses <= self.synapses

    def data_bytes(self, form: Form) -> int:
        """Bytes of all tables in a core's memory: exactly what they take."""
        return sum(round_up(size, ALIGN) for size in self.sizes(form)) - self.dram_bytes(form)

    def dram_bytes(self, form: Form) -> int:
        """Bytes of the rows in DRAM."""
        return round_up(self.sizes(form)[-1], ALIGN) if self.dram else 0

    def added(self, form: Form) -> int:
        """Weights that one event of every source neuron adds."""
        if self.covers:
            return self.covers * (form.blocks or 0)
        return form.rows * form.targets if self.dense else form.synapses + self.paired * form.odd

    def added_by_each(self, lengths: Table, targets: int) -> Table:
        """Weights that an event of each source neuron adds, whose rows have so many synapses: int64 [rows]. Not of
        rows in blocks."""
        return np.full(len(lengths), targets) if self.dense else lengths + self.paired * (lengths % 2)

    def together(self, targets: int, graded: bool) -> int:
        """How many rows the loop of the runtime adds at a time."""
        if self.dram or not self.dense:
            return 1
        if not graded:
            return 4
        return self.odd if targets % self.even else 2

    def work(self, targets: int, graded: bool, events: Amount, groups: Groups, lengths: Groups) -> Parts:
        """How often each part of the loop runs for some events, by the names of the cost table.

        ``groups``: how many groups of a size the events make, and whether some are left; ``lengths``: how many blocks
        of a size the weights of all their rows make, row by row, and how many weights are left.
        """
        name, size = f"{'graded' if graded else 'spikes'}.{self.costs or self.name}", self.together(targets, graded)
        full, left = groups(BATCH)
        yield f"{name}.call", full + left
        if size > 1:
            full, _ = groups(size)
            yield f"{name}.group_of_{size}", full
            yield f"{name}.group_of_{size}.block", full * (targets // self.block)
            yield f"{name}.group_of_{size}.column", full * (targets % self.block)
            events = events - size * full
        if self.dense:
            blocks, weights = events * (targets // self.block), events * (targets % self.block)
        elif self.covers:
            blocks, weights = lengths(1)[0] / self.covers, 0 * events
        else:
            blocks, weights = lengths(self.block)
        yield f"{name}.row", events
        yield f"{name}.block", blocks
        if not self.covers:
            yield f"{name}.weight", weights

    def price(self, form: Form, synapses: Synapses, active: float, graded: bool) -> float:
        """What a matrix of any size costs in windows of this format, each with an equal part of the weights: bytes,
        and cycles in a slot in which the part ``active`` of the sources sends, at the machine's prices."""
        windows = max(1, -(-form.targets // self.window))
        blocks = None if form.blocks is None else -(-form.blocks // windows)
        each = replace(form, targets=-(-form.targets // windows), synapses=-(-form.synapses // windows), blocks=blocks)
        events, density = active * form.rows, self.added(each) / (each.rows * each.targets)
        groups = partial(expected_groups, form.rows, active)
        work = self.work(each.targets, graded, events, groups, partial(expected_blocks, events, each.targets, density))
        cycles = sum(COSTS.get(name, FREE).cycles * amount for name, amount in work)
        return float(windows * (synapses.byte_price * self.data_bytes(each) + synapses.cycle_price * cycles))


def _dense(weight: sparse.csc_array) -> tuple[Table, ...]:
    """int8 [rows, targets]."""
    return (np.ascontiguousarray(weight.toarray().T.astype(np.int8)),)


def _sparse(weight: sparse.csc_array) -> tuple[Table, ...]:
    """Starts of the rows, and target and weight of every synapse."""
    synapses = np.zeros(weight.nnz, SYNAPSE.dtype)
    synapses["target"], synapses["weight"] = weight.indices, weight.data
    return weight.indptr.astype("<u2"), synapses


def _sparse16(weight: sparse.csc_array) -> tuple[Table, ...]:
    """Starts of the rows; all targets, and behind them all weights."""
    listed = weight.indices.astype("<u2").tobytes() + weight.data.astype("i1").tobytes()
    return weight.indptr.astype("<u4"), np.frombuffer(listed, np.uint8)


def _dense16(weight: sparse.csc_array) -> tuple[Table, ...]:
    """int16 [rows, targets]."""
    return (np.ascontiguousarray(weight.toarray().T.astype("<i2")),)


def _words(bits: int) -> Callable[[sparse.csc_array], tuple[Table, ...]]:
    """Rows of words: byte b of a word holds the weights of targets b, b + 4, ... from its low bits up, each plus the
    largest weight, so that none is negative; what fills up the last word is never read."""
    each, bias = WORD // bits, _limit(bits)
    places = (bits * np.arange(each // 4)[:, None] + 8 * np.arange(4)).astype(np.uint32)

    def tables(weight: sparse.csc_array) -> tuple[Table, ...]:
        biased = (weight.toarray().T.astype(np.int64) + bias).astype(np.uint32)
        full = np.pad(biased, ((0, 0), (0, -biased.shape[1] % each)))
        fields = full.reshape(len(full), -1, each // 4, 4) << places
        return (np.bitwise_or.reduce(fields, axis=(2, 3)).astype("<u4"),)

    return tables


def _limit(bits: int) -> int:
    return (1 << (bits - 1)) - 1


def _wide(weight: sparse.csc_array) -> tuple[Table, ...]:
    """Starts of the rows, and target and weight of every synapse."""
    synapses = np.zeros(weight.nnz, WIDE.dtype)
    synapses["target"], synapses["weight"] = weight.indices, weight.data
    return weight.indptr.astype("<u4"), synapses


def _pairs(weight: sparse.csc_array) -> tuple[Table, ...]:
    """Starts of the rows, and pairs of synapses."""
    lengths, bias = np.diff(weight.indptr), _limit(4)
    starts = np.concatenate([[0], np.cumsum((lengths + 1) // 2)])
    places = np.arange(weight.nnz) + np.repeat(2 * starts[:-1] - weight.indptr[:-1], lengths)
    targets, weights = np.zeros(2 * starts[-1], np.uint8), np.full(2 * starts[-1], bias, np.uint8)
    targets[places], weights[places] = weight.indices, weight.data.astype(np.int64) + bias
    pairs = np.zeros(starts[-1], PAIR.dtype)
    pairs["targets"], pairs["weights"] = targets.reshape(-1, 2), weights[::2] | weights[1::2] << 4
    return starts.astype("<u2"), pairs


def _signs(weight: sparse.csc_array) -> tuple[Table, ...]:
    """Where the weights of 1 and those of -1 of every row start, and their targets."""
    lengths = np.diff(weight.indptr)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    order = np.lexsort((weight.indices, weight.data < 0, rows))
    plus = np.bincount(rows, weights=weight.data > 0, minlength=len(lengths)).astype(np.int64)
    starts = np.column_stack([weight.indptr[:-1], weight.indptr[:-1] + plus]).reshape(-1)
    return np.append(starts, weight.nnz).astype("<u2"), weight.indices[order].astype(np.uint8)


def _dense_bytes(bits: int) -> Callable[[Form], tuple[int, ...]]:
    """Of dense rows; those of fewer than 8 bits are rows of words."""
    unit = WORD if bits < 8 else 8
    return lambda form: (form.rows * (round_up(bits * form.targets, unit) // 8),)


def _sparse_bytes(start: int, synapse: int, starts: int = 1) -> Callable[[Form], tuple[int, ...]]:
    """Of sparse rows: the bytes of a number that says where a row starts, of which each row has so many, and those of
    a synapse."""
    return lambda form: (start * (starts * form.rows + 1), synapse * form.synapses)


def _block_bytes(form: Form) -> tuple[int, ...]:
    assert form.blocks is not None
    return 2 * (form.rows + 1), BLOCK_BYTES * form.blocks


def _pair_bytes(form: Form) -> tuple[int, ...]:
    return 2 * (form.rows + 1), PAIR.dtype.itemsize * ((form.synapses + form.odd) // 2)


WORD = 32
BYTE, SHORT = 256, 65536
"""Accumulators that a byte, and two bytes, tell apart; two bytes count up to one less."""

UNBOUNDED = 1 << 32

ROW_FORMATS = (
    RowFormat("dense2", UNBOUNDED, UNBOUNDED, 1, True, _dense_bytes(2), _words(2), block=16, even=1),
    RowFormat("signs", BYTE, SHORT - 1, 1, False, _sparse_bytes(2, 1, 2), _signs),
    RowFormat("dense4", UNBOUNDED, UNBOUNDED, 7, True, _dense_bytes(4), _words(4), block=8, even=1),
    RowFormat("pairs", BYTE, SHORT - 1, 7, False, _pair_bytes, _pairs, paired=True),
    RowFormat("dense", UNBOUNDED, UNBOUNDED, 127, True, _dense_bytes(8), _dense),
    RowFormat("sparse", BYTE, SHORT - 1, 127, False, _sparse_bytes(2, SYNAPSE.dtype.itemsize), _sparse),
    RowFormat("blocks", BYTE, SHORT - 1, 127, False, _block_bytes, packed, covers=COVERED),
    RowFormat("sparse16", SHORT, UNBOUNDED, 127, False, _sparse_bytes(4, 3), _sparse16, costs="sparse"),
    RowFormat("dense16", UNBOUNDED, UNBOUNDED, 32767, True, _dense_bytes(16), _dense16, even=2, odd=1),
    RowFormat("wide", SHORT, UNBOUNDED, 32767, False, _sparse_bytes(4, WIDE.dtype.itemsize), _wide),
    RowFormat("dram_dense", UNBOUNDED, UNBOUNDED, 127, True, _dense_bytes(8), _dense, dram=True),
    RowFormat("dram_sparse", BYTE, SHORT - 1, 127, False, _sparse_bytes(2, SYNAPSE.dtype.itemsize), _sparse, dram=True),
)
"""Every format, in the order in which equal prices are decided."""

BY_NAME: Mapping[str, RowFormat] = {format.name: format for format in ROW_FORMATS}

CHIP = ("dense2", "signs", "dense4", "pairs", "dense", "sparse", "dense16", "wide")
HOST = ("dense", "sparse16", "dense16", "wide")
"""The formats of a chip, and those of a host: memory is no concern of it, and its rows are long."""

BLOCKS = ("blocks",)
"""Those of a chip for matrices whose weights lie in blocks."""

DRAM = ("dram_dense", "dram_sparse")
"""Those of rows in DRAM."""


def offered(synapses: Synapses, largest: int, blocks: bool = False) -> Sequence[RowFormat]:
    """The formats of a machine for weights of such a magnitude: those for the smallest weights that hold them.
    ``blocks``: whether a chip has blocks, too."""
    names = HOST if synapses.window > BYTE else (*CHIP, *BLOCKS) if blocks else CHIP
    able = [format for name in names if (format := BY_NAME[name]).largest >= largest]
    return [format for format in able if format.largest == able[0].largest]


@lru_cache(maxsize=1 << 16)
def cheapest(form: Form, synapses: Synapses, active: float = 0.0, graded: bool = False) -> RowFormat:
    """The format in which a matrix costs least, its windows included, of those for its weights."""
    able = offered(synapses, form.largest, form.blocks is not None)
    return min(able, key=partial(RowFormat.price, form=form, synapses=synapses, active=active, graded=graded))


def fetched(form: Form) -> RowFormat:
    """The format of rows in DRAM: that of which fewer bytes are fetched."""
    return min((BY_NAME[name] for name in DRAM), key=lambda format: format.sizes(form)[-1])
