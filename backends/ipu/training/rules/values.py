"""A matrix that hears all values of its source, of which zeros cost one look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ....training.task import Form
from ..draft import Draft, Side, changed, fields, outputs, spread, whole
from ..groups import Place
from ..pieces import Field, Tensor, Vertices
from ..small import ELEMENT
from ..types import CPP

VALUE, WEIGHT = 4, 4
"""Instructions to look at a source's value, and for a weight that is used."""


@dataclass(frozen=True)
class Matrix:
    """``weight`` [I, L, n] on the tiles of ``target``, with a ``bias`` perhaps; ``name``: the signal that it hears, at
    ``source``. ``pattern``: the tensors that say which synapses there are, of a sparse one."""

    draft: Draft
    name: str
    source: Place
    target: Place
    weight: Tensor
    bias: Tensor | None
    pattern: Mapping[str, Tensor]

    @property
    def batch(self) -> int:
        """Sequences at once."""
        return self.draft.task.batch

    @property
    def sources(self) -> int:
        """I."""
        return self.source.layout.neurons * self.source.lanes

    @property
    def rows(self) -> int:
        """L n, on the fullest tile."""
        return int(self.weight.sizes.max()) // self.sources

    @property
    def form(self) -> Form:
        """How it hears its source."""
        return self.draft.forms.get(self.name, "dense")


@dataclass(frozen=True)
class Values:
    """The vertices of a matrix that hears all values."""

    matrix: Matrix

    def ready(self, side: Side) -> int:
        """The stage from which the source is there; backward, the tape is from the beginning."""
        return side.ready[self.matrix.name] if side is self.matrix.draft.forward else 0

    def product(self, y: Tensor) -> Vertices:
        """y = W x + b."""
        matrix, x = self.matrix, self._signal()
        parts = (whole("x", x), *fields(weights=matrix.weight, bias=matrix.bias), *outputs(y=y))
        work = matrix.draft.met(y) * matrix.sources * VALUE + WEIGHT * self._active() * matrix.draft.busiest(y)
        return Vertices(f"axonc::Product<{CPP[x.dtype]}>", y.layout, parts, self._numbers(), work)

    def outer(self, inputs: tuple[Tensor, ...], gradient: Tensor) -> Vertices:
        """W̄ += ȳ x^T."""
        matrix, x = self.matrix, self._signal()
        parts = (*fields(inputs=inputs), whole("x", x), *changed(gradient=gradient))
        looks = matrix.batch * (matrix.sources // 6 + 1) * VALUE
        added = WEIGHT * matrix.draft.busiest(gradient) * matrix.batch
        work = looks + int(added * matrix.draft.task.lists.active)
        return Vertices(f"axonc::Outer<{CPP[x.dtype]}>", gradient.layout, parts, self._numbers(), work)

    def total(self, inputs: tuple[Tensor, ...], gradient: Tensor) -> Vertices:
        """b̄ += ȳ."""
        draft, batch = self.matrix.draft, self.matrix.batch
        parts = (*fields(inputs=inputs), *changed(gradient=gradient))
        work = ELEMENT * batch * draft.busiest(gradient)
        return Vertices("axonc::Total", gradient.layout, parts, {"batch": batch}, work)

    def added(self, gradient: Tensor) -> Tensor:
        """What a step adds to, of a gradient."""
        self.matrix.draft.cleared.append(gradient)
        return gradient

    def parts(self, inputs: tuple[Tensor, ...], y: Tensor) -> tuple[Vertices, ...]:
        """Parts of x̄ = W^T ȳ on the tiles of the matrix, then their sum on those of its source."""
        matrix, draft = self.matrix, self.matrix.draft
        layout, size = matrix.target.layout, matrix.batch * matrix.sources
        part = Tensor(f"{y.name}/parts", "f4", layout, 0, fixed=size)
        found = (*fields(inputs=inputs, weights=matrix.weight), *outputs(parts=part))
        work = WEIGHT * draft.busiest(part) * matrix.rows
        summed = (Field("parts", (part,), view="column", like=y), *outputs(y=y))
        return (
            Vertices("axonc::Parts", layout, found, self._numbers(), work),
            Vertices("axonc::Collect", y.layout, summed, {}, VALUE * layout.tiles * draft.busiest(y)),
        )

    def _signal(self) -> Tensor:
        return self.matrix.draft.forward.values[self.matrix.name]

    def _active(self) -> int:
        return int(self.matrix.sources * self.matrix.draft.task.lists.active) + 1

    def _numbers(self) -> dict[str, int | float | bool]:
        return {**spread(self.matrix.source, self.matrix.batch)}
