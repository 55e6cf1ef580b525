"""Rows in blocks: weights into targets that follow each other, found where a matrix has them."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from axonc.ir.ops import Array

COVERED = 4
"""Targets of a block: its weights of 8 bits are a word."""

BLOCK_BYTES = COVERED + 1
"""Bytes of a block: its weights, and the first of its targets."""


def begun(sources: Array, targets: Array, count: int) -> Array:
    """The synapses at which blocks begin that cover all synapses with as few blocks as can be, from each source for
    itself: indices into ``sources`` and ``targets``, which ascend by source, then target. int64, ascending.

    A block covers `COVERED` targets from that of its first synapse on, or the last ones of ``count``.
    """
    width = count + COVERED
    places = sources.astype(np.int64) * width + targets
    ends = places - targets + np.minimum(targets, count - COVERED) + COVERED
    behind = np.searchsorted(places, ends)
    first = np.flatnonzero(np.diff(sources, prepend=-1))
    found = [first]
    while len(first):
        later = behind[first]
        inside = later < len(sources)
        first = later[inside][sources[later[inside]] == sources[first[inside]]]
        found.append(first)
    return np.sort(np.concatenate(found))


def pays(weight: sparse.csc_array) -> bool:
    """Whether a matrix [targets, sources] takes fewer bytes in blocks than densely, or than as single synapses of two
    bytes: an estimate, of blocks that begin at multiples of `COVERED`."""
    sources = np.repeat(np.arange(weight.shape[1]), np.diff(weight.indptr))
    groups = sources * (-(-weight.shape[0] // COVERED)) + weight.indices // COVERED
    blocks = np.count_nonzero(np.diff(groups, prepend=-1))
    return bool(BLOCK_BYTES * blocks < min(2 * weight.nnz, weight.shape[0] * weight.shape[1]))


def packed(weight: sparse.csc_array) -> tuple[Array, Array]:
    """The tables of a matrix [targets, sources]: where the blocks of each source start, and behind one another the
    weights of all blocks, int8 [blocks, COVERED], and the first targets of all, uint8."""
    count = weight.shape[0]
    sources = np.repeat(np.arange(weight.shape[1]), np.diff(weight.indptr))
    heads = begun(sources, weight.indices, count)
    starts = np.searchsorted(sources[heads], np.arange(weight.shape[1] + 1))
    places = np.minimum(weight.indices[heads], count - COVERED)
    owner = np.searchsorted(heads, np.arange(weight.nnz), side="right") - 1
    weights = np.zeros((len(heads), COVERED), np.int8)
    weights[owner, weight.indices - places[owner]] = weight.data
    listed = np.concatenate([weights.reshape(-1).view(np.uint8), places.astype(np.uint8)])
    return starts.astype("<u2"), listed
