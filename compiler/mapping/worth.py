"""What dividing blocks of keys is worth: the superfluous packets that are saved for an entry more.

A block of 2^b keys can be divided in halves, these again, down to single neurons. At a price p of an entry, the
cheapest way to cover a block is

    cost(block) = min(superfluous(block) + p entries(block), cost(first half) + cost(second half))

and a block is divided where the second is less. The cheaper entries are, the more is divided, and nothing that was is
put together again (as in the pruning of decision trees: Breiman, Friedman, Olshen and Stone, 1984). The worth of a
division is the highest price at which it is made. That looks ahead: halves that reach the same cores save nothing by
themselves, but what they are divided in may.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from axonc.ir.ops import Array

from .reach import Sender

LEAST_SAVED = 0.05
"""Superfluous packets of a step that an entry more must save at least: the lowest price."""

STEP = 2**0.5
"""From a price to the next."""


def worths(senders: Sequence[Sender], bits: int, homes: Array, host: int) -> list[Array]:
    """What dividing each block is worth, in packets of a step for an entry; 0 where it is not divided.

    Args:
        senders: of at most 2^bits neurons, each of which sends under its own key.
        bits: of the number of a neuron.
        homes: the chip of every core; ``host``: that of the host.

    Returns:
        For blocks of 1, 2, ... 2^bits keys: float64 [blocks], those of a sender one after the other. No block is worth
        more than the one that it is half of.
    """
    superfluous, entries = _tables(senders, bits, homes, host)
    found = [np.zeros(len(level)) for level in superfluous]
    price = LEAST_SAVED
    while price <= max(LEAST_SAVED, float(superfluous[-1].max(initial=0.0))):
        below = superfluous[0] + price * entries[0]
        for level in range(1, bits + 1):
            whole, halves = superfluous[level] + price * entries[level], below.reshape(-1, 2).sum(axis=1)
            found[level][halves < whole * (1 - 1e-12)] = price
            below = np.minimum(whole, halves)
        price *= STEP
    for level in range(bits - 1, -1, -1):
        found[level] = np.minimum(found[level], np.repeat(found[level + 1], 2))
    return found


def _tables(senders: Sequence[Sender], bits: int, homes: Array, host: int) -> tuple[list[Array], list[Array]]:
    """Of all blocks, by their bits: superfluous packets of a step, and chips with an entry, those where packets only
    turn left out."""
    cores, neurons = _listeners(senders, bits)
    rates = np.array([sender.rate for sender in senders])
    sources = [host if sender.part.core is None else int(homes[sender.part.core]) for sender in senders]
    chips, wanted = _with_sources(cores, homes, np.repeat(sources, 1 << bits)), np.diff(cores.indptr)
    superfluous, entries = [], []
    for level in range(bits + 1):
        cores, chips = _merged(cores, level > 0), _merged(chips, level > 0)
        if level:
            neurons, wanted = neurons.reshape(-1, 2).sum(axis=1), wanted.reshape(-1, 2).sum(axis=1)
        beyond = neurons * np.diff(cores.indptr) - wanted
        superfluous.append(beyond * np.repeat(rates, 1 << (bits - level)))
        entries.append(np.diff(chips.indptr))
    return superfluous, entries


def _listeners(senders: Sequence[Sender], bits: int) -> tuple[sparse.csr_array, Array]:
    """The cores that listen to every neuron, with empty rows up to 2^bits for each sender, and 1 for every neuron that
    there is."""
    neurons = np.zeros((len(senders), 1 << bits), np.int64)
    lengths = np.zeros((len(senders), 1 << bits), np.int64)
    for number, sender in enumerate(senders):
        neurons[number, : sender.part.count] = 1
        lengths[number, : sender.part.count] = np.diff(sender.listeners.indptr)
    indices = np.concatenate([np.zeros(0, np.int32), *(sender.listeners.indices for sender in senders)])
    return _rows(indices, np.concatenate([[0], np.cumsum(lengths)])), neurons.reshape(-1)


def _with_sources(cores: sparse.csr_array, homes: Array, sources: Array) -> sparse.csr_array:
    """The chips of the cores that listen to each neuron, and where somebody does that of its sender."""
    heard = np.flatnonzero(np.diff(cores.indptr))
    indices = np.insert(homes[cores.indices].astype(np.int32), cores.indptr[heard], sources[heard])
    starts = cores.indptr + np.concatenate([[0], np.cumsum(np.diff(cores.indptr) > 0)])
    return _rows(indices, starts)


def _merged(rows: sparse.csr_array, halves: bool) -> sparse.csr_array:
    """Rows, or two in one, without what is there twice."""
    merged = _rows(rows.indices.copy(), rows.indptr[::2] if halves else rows.indptr)
    merged.sum_duplicates()
    return merged


def _rows(indices: Array, starts: Array) -> sparse.csr_array:
    """A matrix of ones."""
    shape = (len(starts) - 1, int(indices.max(initial=0)) + 1)
    return sparse.csr_array((np.ones(len(indices), bool), indices, starts.astype(np.int64)), shape=shape)
