"""Fewer entries for a full table: entries that do the same become one, where no other key of the chip is in the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from axonc.ir.mapping import Route
from axonc.ir.ops import Array


def minimised(entries: Sequence[Route], others: Sequence[tuple[int, int]]) -> list[Route]:
    """Entries that treat every key of a chip as ``entries`` do, in the order of their keys.

    ``others``: keys and masks of what passes the chip without an entry. Keys that never come to the chip may be matched
    by any entry: that is what makes room. No two entries match the same key of the chip, so that their order does not
    matter, nor does anything meet an entry that had none before.
    """
    alike: dict[tuple[tuple[int, ...], tuple[int, ...]], list[tuple[int, int]]] = {}
    for entry in entries:
        alike.setdefault((entry.links, entry.cores), []).append((entry.key, entry.mask))
    everything = np.array([*((e.key, e.mask) for e in entries), *others], np.int64).reshape(-1, 2)
    chip = entries[0].chip if entries else 0
    made = (
        Route(key, mask, cores, chip, links)
        for (links, cores), group in alike.items()
        for key, mask in _covers(np.array(group, np.int64), everything, {key for key, _ in group})
    )
    return sorted(made, key=lambda entry: (entry.key, entry.mask))


def _covers(group: Array, everything: Array, own: set[int]) -> Iterator[tuple[int, int]]:
    """The fewest covers that halving finds: one for the group if nothing else falls under it, else those of its
    halves by the highest bit in which its keys differ."""
    keys, masks = group.T
    differs = int(np.bitwise_or.reduce(keys ^ keys[0]))
    mask = int(np.bitwise_and.reduce(masks)) & ~differs
    key = int(keys[0]) & mask
    met = ((everything[:, 0] ^ key) & everything[:, 1] & mask) == 0
    if all(other in own for other in everything[met, 0].tolist()):
        yield key, mask
        return
    high = (keys >> (differs.bit_length() - 1)) & 1
    for half in (group[high == 0], group[high == 1]):
        yield from _covers(half, everything, own)
