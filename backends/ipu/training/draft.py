"""The program while it grows: tensors of both graphs' signals, and the vertices of a step either way in stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from axonc.ir import Graph, Node
from axonc.ir.ops import Array

from ...training.signals import type_of
from ...training.task import Form, Task
from ..layout import Layout, share_of
from .groups import Place
from .packing import Packing, Rows
from .pieces import Field, Number, Stage, Tensor, Vertices, Way


@dataclass
class Side:
    """One of the two graphs: its signals' tensors by name (also ``node:internal``), the stage from which each is there,
    what runs in each stage, and what runs when the step is over."""

    name: str
    graph: Graph
    values: dict[str, Tensor] = field(default_factory=dict)
    ready: dict[str, int] = field(default_factory=dict)
    stages: list[Stage] = field(default_factory=list)
    end: Stage = field(init=False)
    states: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.end = Stage(f"end of a step {self.name}")

    def sources(self, node: Node) -> tuple[Tensor, ...]:
        """What is summed up to the node's input."""
        return tuple(self.values[name] for name in node.inputs)

    def reads(self, node: Node) -> tuple[Tensor, ...]:
        """What the node reads beside it."""
        return tuple(self.values[name] for name in node.reads)

    def give(self, node: Node, value: Tensor, vertices: Vertices | None = None) -> None:
        """``value`` is the node's signal; ``vertices`` compute it as soon as all that it needs is there."""
        here = max((self.ready[name] for name in (*node.inputs, *node.reads)), default=0)
        self.values[node.name] = value
        self.ready[node.name] = here
        if vertices is not None:
            self.ready[node.name] = self.run(here, vertices)

    def run(self, stage: int, vertices: Vertices) -> int:
        """Run vertices in a stage; what they compute is there from the next one on."""
        while len(self.stages) <= stage:
            self.stages.append(Stage(f"{self.name} {len(self.stages) + 1}"))
        self.stages[stage].vertices.append(vertices)
        return stage + 1


@dataclass
class Draft:
    """``parameters``: (node, field) -> its tensor; ``gradients``: the same; ``packings``: how its values lie there;
    ``patterns``: node -> which synapses its sparse matrix has; ``stored``: values of tensors that the program begins
    with, in pieces; ``cleared``: tensors that are 0 when a step of training begins, ``begun``: those that are copies of
    another one for every sample; ``finished``: what runs when all steps have gone back.

    ``forms``: how a signal comes to matrices, where not as all values; ``marks``: population -> what its neurons are
    in, and the stage from which that is there; ``lists``: (side, signal) -> its lists, and the same; ``longest``:
    signal -> the longest list of it that there ever was; ``firsts``: the numbers of the first neurons of tiles.
    """

    task: Task
    places: Mapping[tuple[str, str], Place]
    forward: Side
    backward: Side
    parameters: dict[tuple[str, str], Tensor] = field(default_factory=dict)
    gradients: dict[tuple[str, str], Tensor] = field(default_factory=dict)
    packings: dict[tuple[str, str], Packing] = field(default_factory=dict)
    patterns: dict[str, Mapping[str, Tensor]] = field(default_factory=dict)
    stored: dict[Tensor, Array] = field(default_factory=dict)
    cleared: list[Tensor] = field(default_factory=list)
    begun: dict[Tensor, Tensor] = field(default_factory=dict)
    finished: list[Vertices] = field(default_factory=list)
    forms: Mapping[str, Form] = field(default_factory=dict)
    marks: dict[str, tuple[Tensor, int]] = field(default_factory=dict)
    lists: dict[tuple[str, str], tuple[Tensor, int]] = field(default_factory=dict)
    longest: dict[str, Tensor] = field(default_factory=dict)
    firsts: dict[Layout, Tensor] = field(default_factory=dict)

    def place(self, side: Side, node: Node) -> Place:
        """Where a node's signal is."""
        return self.places[side.name, node.name]

    def signal(self, side: Side, node: Node, dtype: str | None = None) -> Tensor:
        """The tensor of a node's signal, for all samples."""
        chosen = type_of(side.graph.signals[node.name]) if dtype is None else dtype
        return self.like(self.place(side, node), node.name, chosen)

    def like(self, place: Place, name: str, dtype: str = "f4", times: int = 1) -> Tensor:
        """A tensor with so many elements for each of a signal."""
        return Tensor(name, dtype, place.layout, self.task.batch * place.lanes * times)

    def state(self, side: Side, tensor: Tensor, initial: Array | None = None) -> Tensor:
        """A tensor that the next step goes on from; it begins with ``initial``, of one sample, or 0."""
        side.states.append(tensor)
        if initial is None:
            self.cleared.append(tensor)
            return tensor
        place = Place(tensor.layout, initial.size // tensor.layout.neurons)
        first = self.begun[tensor] = Tensor(f"{tensor.name}/initial", tensor.dtype, tensor.layout, place.lanes)
        self.stored[first] = Rows(place, 1).packed(initial).astype(tensor.dtype)
        return tensor

    def records(self, name: str, place: Place, *columns: object) -> Tensor:
        """Numbers for every neuron, side by side, in the order of ``columns``; each has one value or one a neuron."""
        shape = (place.layout.neurons,)
        fields = [np.broadcast_to(np.asarray(c, np.float32).reshape(-1), shape) for c in columns]
        tensor = Tensor(name, "f4", place.layout, len(columns))
        self.stored[tensor] = np.stack(fields, axis=1).reshape(-1)
        return tensor

    def met(self, signal: Tensor) -> int:
        """Samples of which the busiest worker has some, where all workers of a tile share a signal."""
        elements = int(signal.sizes.max(initial=1))
        share, width = share_of(elements), elements // self.task.batch
        return min(self.task.batch, -(-(share - 1) // width) + 1)

    def busiest(self, tensor: Tensor) -> int:
        """Elements of the busiest worker, where all workers of a tile share a tensor."""
        return share_of(int(tensor.sizes.max(initial=0)))


def fields(**named: Tensor | tuple[Tensor, ...] | None) -> tuple[Field, ...]:
    """Pieces that vertices read; a tuple is a field of rows."""
    return tuple(
        Field(name, value, rows=True) if isinstance(value, tuple) else _field(name, value, "in")
        for name, value in named.items()
    )


def outputs(**named: Tensor | None) -> tuple[Field, ...]:
    """Pieces that vertices write."""
    return tuple(_field(name, value, "out") for name, value in named.items())


def changed(**named: Tensor | None) -> tuple[Field, ...]:
    """Pieces that vertices read and write."""
    return tuple(_field(name, value, "inout") for name, value in named.items())


def nothing(name: str, dtype: str, way: Way = "in") -> Field:
    """A field without elements."""
    return Field(name, (), way, dtype=dtype)


def _field(name: str, value: Tensor | None, way: Way) -> Field:
    return nothing(name, "f4", way) if value is None else Field(name, (value,), way)


def whole(name: str, tensor: Tensor) -> Field:
    """A tensor that every vertex reads all of."""
    return Field(name, (tensor,), view="whole")


def spread(place: Place, batch: int) -> dict[str, Number]:
    """The plain fields by which a codelet finds an element of a whole signal."""
    layout = place.layout
    return {"batch": batch, "neurons": layout.neurons, "perTile": layout.per_tile, "lanes": place.lanes}
