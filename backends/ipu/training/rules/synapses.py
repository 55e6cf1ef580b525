"""A sparse matrix: on every tile, for each source, the synapses that lead to the tile's own neurons.

Their places are fixed, their weights are trained. All tiles have room for as many synapses as the fullest one; the rest
are weights of 0 that nobody reads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from axonc.ir.ops import Array

from ...layout import WORKERS, Layout, share_of
from ..draft import Draft, changed, fields, outputs, whole
from ..groups import Place
from ..packing import Scattered
from ..pieces import Field, Tensor, Vertices
from ..types import CPP
from .values import VALUE, Values

SYNAPSE = 6
"""Instructions for a synapse."""


@dataclass(frozen=True)
class Pattern:
    """Where the synapses of a matrix are. Of every tile: ``starts``, for each source that of its synapses, [T, I + 1];
    ``targets``, the numbers of their neurons on the tile, [T, S]; ``order``, which stored values they have, [T, S], -1
    where there is none."""

    starts: Array
    targets: Array
    order: Array

    @property
    def packing(self) -> Scattered:
        """How stored values lie on tiles."""
        return Scattered(self.order, int(self.order.max(initial=-1)) + 1)


def pattern_of(rows: Array, columns: Array, numbers: Array, sources: int, place: Place) -> Pattern:
    """The pattern of synapses that lead from elements of a signal of so many to those of one at ``place``; ``numbers``:
    which values they have."""
    layout = place.layout
    lane, neuron = np.divmod(rows, layout.neurons)
    tile = neuron // layout.per_tile
    local = lane * layout.counts[tile] + neuron % layout.per_tile
    sorted_ = np.lexsort((local, columns, tile))
    sizes = np.bincount(tile, minlength=layout.tiles)
    at = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    targets, order = (np.full((layout.tiles, int(sizes.max(initial=0))), fill) for fill in (0, -1))
    targets[tile[sorted_], at], order[tile[sorted_], at] = local[sorted_], numbers[sorted_]
    each = np.zeros((layout.tiles, sources + 1), np.int64)
    np.add.at(each, (tile, columns + 1), 1)
    return Pattern(np.cumsum(each, axis=1), targets, order)


def pattern_of_matrix(matrix: sparse.csr_array, place: Place) -> Pattern:
    """That of a matrix [L N, I], whose stored values are numbered in their order."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return pattern_of(rows, np.asarray(matrix.indices, np.int64), np.arange(matrix.nnz), matrix.shape[1], place)


def stored_pattern(draft: Draft, name: str, layout: Layout, pattern: Pattern) -> dict[str, Tensor]:
    """Where it lies."""
    made: dict[str, Tensor] = {}
    for part, dtype, array in (("starts", "u4", pattern.starts), ("targets", "u2", pattern.targets)):
        made[part] = Tensor(f"{name}/{part}", dtype, layout, 0, array.shape[1])
        draft.stored[made[part]] = array.reshape(-1).astype(dtype)
    return made


@dataclass(frozen=True)
class Synapses(Values):
    """The vertices of a sparse matrix that hears all values."""

    def product(self, y: Tensor) -> Vertices:
        """y = W x + b."""
        matrix, x = self.matrix, self._signal()
        parts = (whole("x", x), *fields(**self.matrix.pattern, weights=matrix.weight, bias=matrix.bias), *outputs(y=y))
        each = matrix.sources * VALUE + int(self._synapses() * matrix.draft.task.lists.active) * SYNAPSE
        work = -(-matrix.batch // WORKERS) * each
        return Vertices(f"axonc::SynapseProduct<{CPP[x.dtype]}>", y.layout, parts, self._numbers(), work)

    def outer(self, inputs: tuple[Tensor, ...], gradient: Tensor) -> Vertices:
        """What W̄ has of ȳ x^T."""
        matrix, x = self.matrix, self._signal()
        parts = (*fields(inputs=inputs), whole("x", x), *fields(**self.matrix.pattern), *changed(gradient=gradient))
        added = int(self._share() * matrix.draft.task.lists.active) * SYNAPSE
        work = matrix.batch * (share_of(matrix.sources) * VALUE + added)
        return Vertices(f"axonc::SynapseOuter<{CPP[x.dtype]}>", gradient.layout, parts, self._numbers(), work)

    def parts(self, inputs: tuple[Tensor, ...], y: Tensor) -> tuple[Vertices, ...]:
        """Parts of x̄ = W^T ȳ on the tiles of the matrix, then their sum on those of its source."""
        matrix, layout = self.matrix, self.matrix.target.layout
        part = Tensor(f"{y.name}/parts", "f4", layout, 0, fixed=matrix.batch * matrix.sources)
        summed = (Field("parts", (part,), view="column", like=y), *outputs(y=y))
        work = VALUE * layout.tiles * matrix.draft.busiest(y)
        return self._parts(inputs, part), Vertices("axonc::Collect", y.layout, summed, {}, work)

    def _parts(self, inputs: tuple[Tensor, ...], part: Tensor) -> Vertices:
        matrix = self.matrix
        found = (*fields(inputs=inputs, **matrix.pattern, weights=matrix.weight), *outputs(parts=part))
        return Vertices("axonc::SynapseParts", part.layout, found, self._numbers(), self._work())

    def _work(self) -> int:
        """Instructions of a worker for all sources of all samples."""
        return self.matrix.batch * (share_of(self.matrix.sources) * VALUE + int(self._share()) * SYNAPSE)

    def _synapses(self) -> int:
        """Of the fullest tile."""
        return self.matrix.weight.fixed

    def _share(self) -> float:
        """Of a worker, where they share sources evenly."""
        return self._synapses() * share_of(self.matrix.sources) / self.matrix.sources
