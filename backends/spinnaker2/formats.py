"""The formats of synapses that are given one by one: what each can hold, its bytes, its cycles and its tables.

A format is one entry of `ROW_FORMATS` here, one of ``schema.FORMATS``, what an event costs in it in ``costs.toml``, and
a loop of the C runtime. Which one a projection gets follows from bytes and cycles, at the prices that the machine
states (`cheapest`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from axonc.ir.machine import Synapses

from .costs import COSTS, FREE
from .memory import round_up
from .packets import BATCH, expected_blocks, expected_groups
from .schema import ALIGN, SYNAPSE

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
    none of a magnitude above ``largest``."""

    rows: int
    targets: int
    synapses: int
    largest: int = 127


@dataclass(frozen=True)
class RowFormat:
    """One way of storing a matrix, a row a source neuron.

    ``window``: the accumulators that a row can reach; ``synapses``: how many weights there can be; ``largest``: their
    magnitude. ``dense``: zeros are stored and added, too. ``sizes``: bytes of its tables, before each is aligned;
    ``tables``: the tables of a matrix, CSC [targets, rows], sorted. ``costs``: the format that it costs as much as,
    where no core has run it.
    """

    name: str
    window: int
    synapses: int
    largest: int
    dense: bool
    sizes: Callable[[Form], tuple[int, ...]]
    tables: Callable[[sparse.csc_array], tuple[Table, ...]]
    costs: str = ""

    def holds(self, form: Form) -> bool:
        """Whether one projection can hold the matrix."""
        return form.largest <= self.largest and form.targets <= self.window and form.synapses <= self.synapses

    def data_bytes(self, form: Form) -> int:
        """Bytes of all tables: exactly what `tables` take."""
        return sum(round_up(size, ALIGN) for size in self.sizes(form))

    def added(self, form: Form) -> int:
        """Weights that one event of every source neuron adds."""
        return form.rows * form.targets if self.dense else form.synapses

    def together(self, targets: int, graded: bool) -> int:
        """How many rows the loop of the runtime adds at a time."""
        if not self.dense:
            return 1
        return 2 if graded and targets % 4 == 0 else 4

    def work(self, targets: int, graded: bool, events: Amount, groups: Groups, lengths: Groups) -> Parts:
        """How often each part of the loop runs for some events, by the names of the cost table.

        ``groups``: how many groups of a size the events make, and whether some are left; ``lengths``: how many blocks
        of a size the weights of all their rows make, row by row, and how many weights are left.
        """
        name, size = f"{'graded' if graded else 'spikes'}.{self.costs or self.name}", self.together(targets, graded)
        full, left = groups(BATCH)
        yield f"{name}.call", full + left
        if self.dense:
            full, _ = groups(size)
            yield f"{name}.group_of_{size}", full
            yield f"{name}.group_of_{size}.block", full * (targets // BLOCK)
            yield f"{name}.group_of_{size}.column", full * (targets % BLOCK)
            events = events - size * full
            blocks, weights = events * (targets // BLOCK), events * (targets % BLOCK)
        else:
            blocks, weights = lengths(BLOCK)
        yield f"{name}.row", events
        yield f"{name}.block", blocks
        yield f"{name}.weight", weights

    def price(self, form: Form, synapses: Synapses, active: float, graded: bool) -> float:
        """What a matrix of any size costs in windows of this format, each with an equal part of the weights: bytes,
        and cycles in a slot in which the part ``active`` of the sources sends, at the machine's prices."""
        windows = max(1, -(-form.targets // self.window))
        each = replace(form, targets=-(-form.targets // windows), synapses=-(-form.synapses // windows))
        events, density = active * form.rows, each.synapses / (each.rows * each.targets)
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


UNBOUNDED = 1 << 32

ROW_FORMATS = (
    RowFormat("dense", UNBOUNDED, UNBOUNDED, 127, True, lambda form: (form.rows * form.targets,), _dense),
    RowFormat(
        "sparse",
        256,
        65535,
        127,
        False,
        lambda form: (2 * (form.rows + 1), SYNAPSE.dtype.itemsize * form.synapses),
        _sparse,
    ),
    RowFormat(
        "sparse16", 65536, UNBOUNDED, 127, False, lambda form: (4 * (form.rows + 1), 3 * form.synapses), _sparse16
    ),
)
"""Every format, in the order in which equal prices are decided."""

BY_NAME: Mapping[str, RowFormat] = {format.name: format for format in ROW_FORMATS}


def offered(synapses: Synapses) -> Sequence[RowFormat]:
    """The formats of a machine: of sparse rows those whose window is the machine's."""
    return [format for format in ROW_FORMATS if format.dense or (format.window > 256) == (synapses.window > 256)]


def cheapest(form: Form, synapses: Synapses, active: float = 0.0, graded: bool = False) -> RowFormat:
    """The format in which a matrix costs least, its windows included, of those that hold its weights."""
    able = (format for format in offered(synapses) if form.largest <= format.largest)
    return min(able, key=partial(RowFormat.price, form=form, synapses=synapses, active=active, graded=graded))
