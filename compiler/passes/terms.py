"""Terms: what a population's events become on their way to a target, kept in the smallest form that holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from math import prod
from typing import Any

import numpy as np
from scipy import sparse

from axonc.ir import Diagnostic, ModelError, Node, Shape, Signal
from axonc.ir.ops import ONE, Array, Conv, Flatten, Linear, Matrix, Op, Pool, Scale, is_sparse
from axonc.ir.unroll import unrolled, unrolled_size

from .filters import (
    behind_one_place,
    each_channel,
    has_one_place,
    per_channel,
    scaled_inputs,
    scaled_outputs,
    spread,
    whole_image,
)

MAX_STORED = 2**27
"""The most values of a matrix that folding makes out of smaller ones."""


@dataclass(frozen=True, eq=False)
class Channels:
    """y[c, ...] = f[c] x[c, ...] with ``factor`` f of shape () or (C,); a factor of 1 is the identity."""

    factor: Array

    @property
    def is_identity(self) -> bool:
        """Whether nothing changes."""
        return bool(np.all(self.factor == 1))


IDENTITY = Channels(ONE)


@dataclass(frozen=True, eq=False)
class Term:
    """``map`` of ``source``, behind ``pools`` that sum, ``delay`` steps late.

    ``image``: the source's shape. ``pools``: nodes without inputs, in the order in which they act; none before a
    matrix. ``map``: a factor of every channel; a convolution of the pooled image, without bias; or a matrix of flat
    sources. ``paths``: the nodes that it runs through, without the pools; several paths where terms were added.
    """

    source: str
    image: Shape
    delay: int = 0
    pools: tuple[Node, ...] = ()
    map: Channels | Conv | Matrix = IDENTITY
    paths: tuple[tuple[str, ...], ...] = ((),)

    @property
    def label(self) -> str:
        """Its nodes, as a product or a sum of products; empty if there are none."""
        return "+".join(dict.fromkeys("*".join(path) for path in self.paths if path))

    @property
    def pooled(self) -> Shape:
        """The shape behind the pools."""
        return reduce(lambda shape, pool: _shape_behind(pool.op, shape), self.pools, self.image)

    @property
    def shape(self) -> Shape:
        """The shape that pools and map give, before any reshaping."""
        if isinstance(self.map, Conv):
            return _shape_behind(self.map, self.pooled)
        return self.pooled if isinstance(self.map, Channels) else self.map.shape[:1]

    def at(self, node: str, new: Channels | Conv | Matrix) -> Term:
        """This term behind one more node, with another map."""
        return replace(self, map=new, paths=tuple((*path, node) for path in self.paths))


def _shape_behind(op: Op, shape: Shape) -> Shape:
    return op.output(Signal(shape)).shape


def behind(term: Term, node: Node, takes: Shape) -> Term:
    """``term`` behind a linear node that sees it in the shape ``takes``; a bias is left to the caller."""
    rule = _BEHIND.get(type(node.op))
    if rule is None:
        found, limit = f"{node.op.name} between populations", f"only {', '.join(op.name for op in _BEHIND)} stand there"
        raise ModelError(Diagnostic("AX601", node.name, found, limit, "put a population before it"))
    return rule(term, node, node.op, takes)


def _behind_linear(term: Term, node: Node, op: Linear, takes: Shape) -> Term:
    """A matrix behind pools alone is a convolution whose kernel is as large as the pooled image."""
    if isinstance(term.map, Channels) and term.pools and _keeps_pools(op.weight, term.pools):
        return term.at(node.name, scaled_inputs(whole_image(op.weight, term.pooled), term.map.factor))
    return _behind_matrix(term, node.name, op.weight)


def _keeps_pools(weight: Matrix, pools: Iterable[Node]) -> bool:
    """Whether a whole kernel holds no more values than a sparse matrix does with the pools multiplied into it."""
    taps = prod(pool.op.taps for pool in pools if isinstance(pool.op, Pool))
    return not is_sparse(weight) or int(weight.nnz) * taps >= prod(weight.shape)


def _behind_scale(term: Term, node: Node, op: Scale, takes: Shape) -> Term:
    """A factor that is the same within each channel stays one."""
    factor = per_channel(op.scale, term.shape)
    if factor is not None and isinstance(term.map, Channels):
        return term.at(node.name, Channels(term.map.factor * factor))
    if factor is not None and isinstance(term.map, Conv):
        return term.at(node.name, scaled_outputs(term.map, factor))
    return _behind_matrix(term, node.name, _diagonal(op.scale.reshape(-1)))


def _behind_conv(term: Term, node: Node, op: Conv, takes: Shape) -> Term:
    """A convolution of the population's own image, pooled or not, stays one."""
    if isinstance(term.map, Channels) and term.shape == takes:
        return term.at(node.name, scaled_inputs(replace(op, bias=None, gives=None), term.map.factor))
    return _behind_matrix(term, node.name, _unrolled(node.name, op, takes))


def _behind_pool(term: Term, node: Node, op: Pool, takes: Shape) -> Term:
    """An average is a sum and a factor, which enters the weights that follow."""
    if not isinstance(term.map, Channels) or term.shape != takes:
        return _behind_matrix(term, node.name, _unrolled(node.name, op, takes))
    if not op.average:
        return replace(term, pools=(*term.pools, replace(node, inputs=())))
    pool = Node(f"{node.name}.sum", Pool(op.axes), (), node.origin)
    return replace(term, pools=(*term.pools, pool), map=Channels(term.map.factor / op.taps))


_BEHIND: dict[type[Op], Callable[[Term, Node, Any, Shape], Term]] = {
    Linear: _behind_linear,
    Scale: _behind_scale,
    Conv: _behind_conv,
    Pool: _behind_pool,
    Flatten: lambda term, node, op, takes: term,
}


def _behind_matrix(term: Term, name: str, matrix: Matrix) -> Term:
    """Matrices are multiplied; behind a convolution that has one place, a matrix acts on the channels."""
    if isinstance(term.map, Conv) and has_one_place(term.map, term.shape):
        _check_size(name, matrix.shape[0] * prod(term.map.weight.shape[1:]), prod(term.map.weight.shape))
        return term.at(name, behind_one_place(term.map, matrix))
    if is_identity(term):
        return term.at(name, matrix)
    return with_matrix(term, name).at(name, _product(name, matrix, matrix_of(term, name)))


def is_identity(term: Term) -> bool:
    """Whether a term is its source, late or not."""
    return isinstance(term.map, Channels) and term.map.is_identity and not term.pools


def with_matrix(term: Term, name: str) -> Term:
    """``term`` with pools and map as one matrix; ``name``: the node for whose sake."""
    paths = tuple((*(pool.name for pool in term.pools), *path) for path in term.paths)
    return replace(term, pools=(), map=matrix_of(term, name), paths=paths)


def matrix_of(term: Term, name: str) -> Matrix:
    """Pools and map as one matrix of flat sources."""
    if not isinstance(term.map, (Channels, Conv)):
        return term.map
    steps = list(_image_matrices(term, name))
    if isinstance(term.map, Channels) and not (steps and term.map.is_identity):
        steps.append(_diagonal(spread(term.map.factor, term.pooled)))
    return reduce(lambda inner, outer: _product(name, outer, inner), steps)


def _image_matrices(term: Term, name: str) -> Iterator[Matrix]:
    """The matrices of pools and convolution, in the order in which they act."""
    shape = term.image
    for op in (*(pool.op for pool in term.pools), term.map):
        if isinstance(op, (Pool, Conv)):
            yield _unrolled(name, op, shape)
            shape = _shape_behind(op, shape)


def _diagonal(values: Array) -> Matrix:
    return sparse.diags_array(values, format="csr")


def _unrolled(name: str, op: Conv | Pool, shape: Shape) -> Matrix:
    _check_size(name, unrolled_size(op, shape), 0)
    return unrolled(op, shape)


def _product(name: str, outer: Matrix, inner: Matrix) -> Matrix:
    size = outer.shape[0] * inner.shape[1]
    if is_sparse(outer) and is_sparse(inner):
        size = min(size, int(np.diff(inner.indptr)[outer.indices].sum()))
    _check_size(name, size, max(_stored(outer), _stored(inner)))
    return _plain(outer @ inner)


def _plain(matrix: Any) -> Matrix:
    """A sparse matrix as it is, anything else as an array."""
    return matrix if is_sparse(matrix) else np.asarray(matrix)


def _stored(matrix: Matrix) -> int:
    return int(matrix.nnz) if is_sparse(matrix) else prod(matrix.shape)


def _check_size(name: str, size: int, given: int) -> None:
    """Refuse what holds more than `MAX_STORED` values, unless the model itself ``given`` as many."""
    if size > max(MAX_STORED, given):
        found = f"folded with what stands before it, it becomes a matrix of up to {size} values"
        limit, remedy = f"at most {MAX_STORED} are unrolled", "put neurons between the two"
        raise ModelError(Diagnostic("AX601", name, found, limit, remedy))


def merged(terms: Iterable[Term]) -> Iterator[Term]:
    """``terms`` of one target, with those added up that have source, delay, and a common form."""
    groups: dict[object, list[Term]] = {}
    for term in map(_settled, terms):
        groups.setdefault(_form(term), []).append(term)
    yield from (reduce(_added, group) for group in groups.values())


def _settled(term: Term) -> Term:
    """Pools that nothing follows get a convolution of one tap a channel."""
    if term.pools and isinstance(term.map, Channels):
        return replace(term, map=each_channel(term.map.factor, term.pooled))
    return term


def _form(term: Term) -> object:
    """What terms must have in common to be added: for matrices source and delay, for convolutions the geometry too."""
    if not isinstance(term.map, Conv):
        return term.source, term.delay
    windows = tuple(pool.op.axes for pool in term.pools if isinstance(pool.op, Pool))
    return term.source, term.delay, windows, term.map.axes, term.map.weight.shape  # which tells the groups


def _added(one: Term, other: Term) -> Term:
    paths = (*one.paths, *other.paths)
    if isinstance(one.map, Conv) and isinstance(other.map, Conv):
        return replace(one, map=replace(one.map, weight=one.map.weight + other.map.weight), paths=paths)
    return replace(one, map=_plain(matrix_of(one, one.source) + matrix_of(other, other.source)), paths=paths)
