"""Convolutions and pools: matrices of synapses, which share the elements of a kernel.

The kernel and what the optimiser keeps of it lie once on the tiles of the neurons; every tile reads all of it in each
step, has a list of its own synapses, and adds to a gradient of its own, which is added up over the tiles, in their
order, when a sequence is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from axonc.ir import Node, Shape
from axonc.ir.ops import Conv, Pool

from ...layout import WORKERS, Layout
from ..draft import Draft, changed, fields, nothing, outputs, whole
from ..groups import Place
from ..packing import Rows
from ..pieces import Field, Tensor, Vertices
from ..types import CPP
from .synapses import SYNAPSE, Synapses, pattern_of, stored_pattern
from .values import VALUE
from .windows import conv_synapses, pool_synapses

PASSED = 3
"""Instructions to pass over a synapse whose element is another worker's."""


def store_kernel(draft: Draft, node: Node) -> None:
    """A kernel, its bias, and which synapses have which of its elements."""
    op, place = node.op, draft.place(draft.forward, node)
    assert isinstance(op, Conv)
    pattern = pattern_of(*conv_synapses(op, _entering(draft, node)), place)
    taps = np.maximum(pattern.order, 0)  # behind a tile's last synapse nobody looks
    channels = np.repeat(np.arange(len(op.weight)), place.layout.neurons * place.lanes // len(op.weight))
    made = draft.patterns[node.name] = stored_pattern(draft, node.name, place.layout, pattern)
    made["taps"] = Tensor(f"{node.name}/taps", "u4", place.layout, 0, taps.shape[1])
    made["channels"] = Tensor(f"{node.name}/channels", "u4", place.layout, place.lanes)
    draft.stored[made["taps"]] = taps.reshape(-1).astype(np.uint32)
    draft.stored[made["channels"]] = Rows(place, 1).packed(channels).astype(np.uint32)
    for name in ("weight", "bias"):
        if getattr(op, name) is not None:
            _store_shared(draft, node, name)


def _store_shared(draft: Draft, node: Node, name: str) -> None:
    """A parameter that all tiles of a node share, spread over them."""
    layout = draft.place(draft.forward, node).layout
    value = np.asarray(draft.task.parameters.get((node.name, name), getattr(node.op, name)))
    spread = Layout(value.size, layout.first_tile, -(-value.size // layout.tiles))
    packing = draft.packings[node.name, name] = Rows(Place(spread, 1), 1)
    tensor = draft.parameters[node.name, name] = Tensor(f"{node.name}.{name}", "f4", spread, 1)
    draft.stored[tensor] = packing.packed(value)


def store_pool(draft: Draft, node: Node) -> None:
    """The synapses of a pool, each with its part of a mean, or 1."""
    op, place = node.op, draft.place(draft.forward, node)
    assert isinstance(op, Pool)
    pattern = pattern_of(*pool_synapses(op, _entering(draft, node)), place)
    draft.patterns[node.name] = stored_pattern(draft, node.name, place.layout, pattern)
    weight = Tensor(f"{node.name}.weight", "f4", place.layout, 0, pattern.order.shape[1])
    draft.parameters[node.name, "weight"] = weight
    draft.stored[weight] = np.full(pattern.order.size, factor_of(op), np.float32)


def factor_of(op: Pool) -> float:
    """What a pool takes of a sum."""
    return 1 / op.taps if op.average else 1.0


def _entering(draft: Draft, node: Node) -> Shape:
    source = draft.forward.graph.source(node.name)
    assert source is not None
    return source.shape


@dataclass(frozen=True)
class Kernel(Synapses):
    """The vertices of a convolution."""

    def product(self, y: Tensor) -> Vertices:
        """y = W x + b."""
        matrix, x = self.matrix, self._signal()
        none = (nothing("bias", "f4"), *fields(channels=matrix.pattern["channels"]))
        biased = none if matrix.bias is None else (whole("bias", matrix.bias), none[1])
        parts = (whole("x", x), *fields(**self._taps()), whole("kernel", matrix.weight), *biased, *outputs(y=y))
        each = matrix.sources * VALUE + int(self._synapses() * matrix.draft.task.lists.active) * SYNAPSE
        work = -(-matrix.batch // WORKERS) * each
        return Vertices(f"axonc::KernelProduct<{CPP[x.dtype]}>", y.layout, parts, self._numbers(), work)

    def outer(self, inputs: tuple[Tensor, ...], gradient: Tensor) -> Vertices:
        """What a tile adds to W̄."""
        matrix, x = self.matrix, self._signal()
        parts = (*fields(inputs=inputs), whole("x", x), *fields(**self._taps()), *changed(gradient=gradient))
        met = int(self._synapses() * matrix.draft.task.lists.active)
        work = matrix.batch * (matrix.sources * VALUE + met * PASSED + -(-met // WORKERS) * SYNAPSE)
        return Vertices(f"axonc::KernelOuter<{CPP[x.dtype]}>", gradient.layout, parts, self._numbers(), work)

    def total(self, inputs: tuple[Tensor, ...], gradient: Tensor) -> Vertices:
        """What a tile adds to b̄."""
        matrix, channels = self.matrix, self.matrix.pattern["channels"]
        parts = (*fields(inputs=inputs, channels=channels), *changed(gradient=gradient))
        work = matrix.batch * int(channels.sizes.max()) * SYNAPSE
        return Vertices("axonc::ChannelTotal", gradient.layout, parts, {"batch": matrix.batch}, work)

    def added(self, gradient: Tensor) -> Tensor:
        """A gradient of each tile's own, added up when a sequence is over."""
        draft, layout = self.matrix.draft, self.matrix.target.layout
        made = Tensor(f"{gradient.name}/parts", "f4", layout, 0, fixed=int(gradient.sizes.sum()))
        draft.cleared.append(made)
        summed = (Field("parts", (made,), view="column", like=gradient), *outputs(y=gradient))
        work = VALUE * layout.tiles * draft.busiest(gradient)
        draft.finished.append(Vertices("axonc::Collect", gradient.layout, summed, {}, work))
        return made

    def _parts(self, inputs: tuple[Tensor, ...], part: Tensor) -> Vertices:
        matrix = self.matrix
        found = (*fields(inputs=inputs, **self._taps()), whole("kernel", matrix.weight), *outputs(parts=part))
        return Vertices("axonc::KernelParts", part.layout, found, self._numbers(), self._work())

    def _taps(self) -> Mapping[str, Tensor]:
        return {name: self.matrix.pattern[name] for name in ("starts", "targets", "taps")}

    def _synapses(self) -> int:
        return self.matrix.pattern["taps"].fixed


@dataclass(frozen=True)
class Pooled(Synapses):
    """The vertices of a pool."""

    factor: float

    def product(self, y: Tensor) -> Vertices:
        """y = the sums of windows, or their means."""
        matrix, x = self.matrix, self._signal()
        parts = (whole("x", x), *fields(**matrix.pattern), *outputs(y=y))
        met = int(self._synapses() * matrix.draft.task.lists.active)
        work = matrix.draft.met(y) * (matrix.sources * VALUE + met * PASSED)
        numbers = {**self._numbers(), "factor": float(np.float32(self.factor))}
        return Vertices(f"axonc::Window<{CPP[x.dtype]}, {CPP[y.dtype]}>", y.layout, parts, numbers, work)
