"""A matrix that hears a list of neurons: who sent, and of the form ``gradients`` who else has a derivative.

Tiles of the source find their own; the lists of a sample are joined on one of them, and all tiles of the matrix read
them. The backward step makes the same lists again, of the tape. With gradients, parts of derivatives are those of the
neurons on a list: shares of it are added up on the tiles of the source, in the order of the tiles, and then go where
their neurons are. Of all others the surrogate is 0, and so is what a derivative would add.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from axonc.ir import Node
from axonc.ir.ops import Delay, Neuron

from ...layout import WORKERS, Layout, share_of
from ..draft import Draft, Side, changed, fields, outputs, whole
from ..listing import adjoint_of, population_of
from ..pieces import Field, Number, Tensor, Vertices
from .surrogates import surrogate_numbers
from .values import VALUE, WEIGHT, Values

HEAD = 2
"""Words of a list before its numbers: how many sent, and how many it has."""

LOOK, RECORD, MOVED, MARK = 3, 10, 3, 20
"""Instructions to look at a neuron's marks, for the head of a list, for a number that is moved, to mark a neuron."""


def mark(draft: Draft, node: Node) -> None:
    """What the neurons of a population are in, if a list of it has those with a derivative."""
    if not any(form == "gradients" and _population(draft, name) == node.name for name, form in draft.forms.items()):
        return
    side, adjoint = draft.forward, adjoint_of(draft.task, node.name)
    assert isinstance(node.op, Neuron)
    assert node.op.gate is not None
    assert adjoint is not None
    place, events = draft.place(side, node), side.values[node.name]
    y = draft.like(place, f"{node.name}/marks", "u1")
    thresholds = draft.records(f"{node.name}/thresholds", place, node.op.gate.threshold)
    parts = (*fields(before=side.values[f"{node.name}:m"], events=events, thresholds=thresholds), *outputs(y=y))
    numbers = {"batch": draft.task.batch, **surrogate_numbers(adjoint.surrogate)}
    vertices = Vertices("axonc::Marks", place.layout, parts, numbers, MARK * draft.busiest(y))
    draft.marks[node.name] = y, side.run(side.ready[node.name], vertices)


def marks_of(draft: Draft, name: str) -> tuple[Tensor, int]:
    """What the neurons of a signal are in, and the forward stage from which that is there; events are marks, too."""
    side = draft.forward
    if draft.forms[name] == "spikes" or isinstance(side.graph[name].op, Delay):
        return side.values[name], side.ready[name]
    return draft.marks[_population(draft, name)]


def _population(draft: Draft, name: str) -> str:
    population = population_of(draft.task.forward, name)
    assert population is not None
    return population.name


@dataclass(frozen=True)
class Listed(Values):
    """The vertices of a matrix that hears lists."""

    def ready(self, side: Side) -> int:
        """The stage from which the lists are there, which are made here if they are not yet."""
        return self._list(side)[1]

    def product(self, y: Tensor) -> Vertices:
        """y = W x + b."""
        matrix, draft = self.matrix, self.matrix.draft
        heard, _ = self._list(draft.forward)
        parts = (whole("list", heard), *fields(weights=matrix.weight, bias=matrix.bias), *outputs(y=y))
        work = self._sent() * (draft.met(y) * VALUE + WEIGHT * draft.busiest(y))
        return Vertices("axonc::ListProduct", y.layout, parts, self._plain(), work)

    def outer(self, inputs: tuple[Tensor, ...], gradient: Tensor) -> Vertices:
        """W̄ += ȳ x^T."""
        matrix = self.matrix
        heard, _ = self._list(matrix.draft.backward)
        parts = (*fields(inputs=inputs), whole("list", heard), *changed(gradient=gradient))
        work = matrix.batch * (RECORD + -(-self._sent() // WORKERS) * (VALUE + WEIGHT * matrix.rows))
        return Vertices("axonc::ListOuter", gradient.layout, parts, self._plain(), work)

    def parts(self, inputs: tuple[Tensor, ...], y: Tensor) -> tuple[Vertices, ...]:
        """Of the form ``gradients``, x̄ = W^T ȳ of those on a list alone."""
        if self.matrix.form != "gradients":
            return super().parts(inputs, y)
        source, slots = self.matrix.source.layout, self.matrix.batch * self._capacity()
        part = Tensor(f"{y.name}/parts", "f4", self.matrix.target.layout, 0, fixed=slots)
        sums = Tensor(f"{y.name}/sums", "f4", Layout(slots, source.first_tile, -(-slots // source.tiles)), 1)
        summed = (Field("parts", (part,), view="column", like=sums), *outputs(y=sums))
        work = VALUE * part.layout.tiles * share_of(int(sums.sizes.max()))
        collect = Vertices("axonc::Collect", sums.layout, summed, {}, work)
        return self._listed_parts(inputs, part), collect, self._scattered(sums, y)

    def _listed_parts(self, inputs: tuple[Tensor, ...], part: Tensor) -> Vertices:
        matrix = self.matrix
        heard, _ = self._list(matrix.draft.backward)
        found = (*fields(inputs=inputs, weights=matrix.weight), whole("list", heard), *outputs(parts=part))
        added = -(-self._learning() // WORKERS) * (VALUE + WEIGHT * matrix.rows)
        work = matrix.batch * (added + -(-self._capacity() // WORKERS))
        return Vertices("axonc::ListParts", part.layout, found, self._plain(), work)

    def _scattered(self, sums: Tensor, y: Tensor) -> Vertices:
        heard, _ = self._list(self.matrix.draft.backward)
        placed = (whole("sums", sums), whole("list", heard), *fields(first=self._first()), *outputs(y=y))
        each = 8 * RECORD + 2 * MOVED * int(y.layout.counts.max())
        return Vertices("axonc::Scatter", y.layout, placed, self._plain(), -(-self.matrix.batch // WORKERS) * each)

    def _list(self, side: Side) -> tuple[Tensor, int]:
        """The lists of all samples, made once for all matrices that hear them."""
        draft, key = self.matrix.draft, (side.name, self.matrix.name)
        if key not in draft.lists:
            draft.lists[key] = self._made(side)
        return draft.lists[key]

    def _made(self, side: Side) -> tuple[Tensor, int]:
        matrix, draft = self.matrix, self.matrix.draft
        marks, there = marks_of(draft, matrix.name)
        name, size = f"{matrix.name} {side.name}", matrix.batch * row_words(marks.layout.per_tile)
        found = Tensor(f"{name}/found", "u2", marks.layout, 0, fixed=size)
        samples = Layout(matrix.batch, marks.layout.first_tile, -(-matrix.batch // marks.layout.tiles))
        made = Tensor(f"{name}/list", "u2", samples, row_words(self._capacity()))
        here = side.run(there if side is draft.forward else 0, self._finding(marks, found))
        return made, side.run(here, self._joining(found, made))

    def _finding(self, marks: Tensor, found: Tensor) -> Vertices:
        """Every tile's own lists."""
        parts = (*fields(marks=marks), *outputs(found=found))
        work = -(-self.matrix.batch // WORKERS) * (RECORD + 2 * LOOK * marks.layout.per_tile)
        return Vertices("axonc::Find", marks.layout, parts, self._plain(), work)

    def _joining(self, found: Tensor, made: Tensor) -> Vertices:
        """The lists of all tiles, those of a sample on one."""
        draft, name, samples, per_tile = self.matrix.draft, self.matrix.name, made.layout, found.layout.per_tile
        part = Tensor(f"{found.name}/row", "u2", samples, row_words(per_tile))
        most = draft.longest.setdefault(name, Tensor(f"{name}/longest", "u4", samples, 1))
        parts = (Field("found", (found,), view="column", like=part), *outputs(list=made), *changed(most=most))
        each = 2 * RECORD * found.layout.tiles + MOVED * self._listed()
        numbers: dict[str, Number] = {"perTile": per_tile, "capacity": self._capacity()}
        return Vertices("axonc::Join", samples, parts, numbers, -(-samples.per_tile // WORKERS) * each)

    def _first(self) -> Tensor:
        """The number of the first neuron of every tile of the source."""
        draft, layout = self.matrix.draft, self.matrix.source.layout
        if layout not in draft.firsts:
            draft.firsts[layout] = made = Tensor(f"{self.matrix.name}/first", "u4", layout, 0, fixed=1)
            draft.stored[made] = np.arange(0, layout.neurons, layout.per_tile, dtype=np.uint32)
        return draft.firsts[layout]

    def _capacity(self) -> int:
        draft = self.matrix.draft
        return min(self.matrix.sources, draft.task.lists.capacity.get(_population(draft, self.matrix.name), 1 << 16))

    def _sent(self) -> int:
        return min(self._capacity(), super()._active())

    def _learning(self) -> int:
        return min(self._capacity(), int(self.matrix.sources * self.matrix.draft.task.lists.learning) + 1)

    def _listed(self) -> int:
        return self._learning() if self.matrix.form == "gradients" else self._sent()

    def _plain(self) -> dict[str, Number]:
        return {"batch": self.matrix.batch}


def row_words(numbers: int) -> int:
    """Words of a list with room for so many numbers: whole pairs, so that no two workers write into one word."""
    return (HEAD + numbers + 1) // 2 * 2
