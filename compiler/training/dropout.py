"""Dropout: while a network learns, some of the signals that a population sends on are left out at random.

The random numbers are inputs: a mask [T, B, *shape] for each population, in a graph of the training's own. They are
computed from their place, and not one after the other, so that a part of a sequence that runs again meets the very same
ones, whoever runs it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal

import networkx as nx
import numpy as np

from axonc.ir import Diagnostic, Graph, Node, Shape, Signal
from axonc.ir.ops import EGRU, GRU, LSTM, Array, Input, Map, Neuron, Output

UNITS = (Neuron, EGRU, GRU, LSTM)
"""Ops whose signals are left out, where they lead on."""


@dataclass(frozen=True)
class Dropout:
    """y[k] = x[k] m[k] / (1 - share), with m[k] = 0 for a ``share`` of the elements, else 1, drawn for every sample
    (Srivastava et al., 2014).

    It stands behind the populations ``nodes`` (None: all whose signals lead on), before whatever is in no loop with
    them: recurrent connections see everything. ``per``: whether a mask is drawn for each step, or for a sequence.
    """

    share: float
    per: Literal["step", "sequence"] = "step"
    nodes: tuple[str, ...] | None = None

    def problems(self, graph: Graph) -> Iterator[Diagnostic]:
        """Settings that cannot be."""
        if not 0 <= self.share < 1:
            yield Diagnostic("AX403", "", f"dropout={self.share}", "0 to below 1", "give the share that is left out")
        if self.per not in ("step", "sequence"):
            yield Diagnostic("AX403", "", f"dropout per {self.per!r}", "known: step, sequence", "choose one of them")
        known = list(places(graph, None))
        for name in self.nodes or ():
            if name not in known:
                found, limit = f"nothing is left out behind {name!r}", f"populations that lead on: {', '.join(known)}"
                yield Diagnostic("AX403", name, found, limit, "choose one of them")


@dataclass(frozen=True, eq=False)
class Mask:
    """What is left out in one step of training, [T, B, *shape] float32 of 0 and 1 / (1 - share), made where it is asked
    for: of step k the numbers of a generator of its own (Philox, Salmon et al., 2011)."""

    dropout: Dropout
    key: tuple[int, int]
    number: int
    shape: Shape

    dtype = np.dtype(np.float32)

    def __getitem__(self, steps: slice) -> Array:
        """The masks of some steps."""
        here = range(self.shape[0])[steps]
        drawn = [self._drawn(step) for step in here] if self.dropout.per == "step" else [self._drawn(0)] * len(here)
        return np.array(drawn, np.float32).reshape(len(here), *self.shape[1:])

    def _drawn(self, step: int) -> Array:
        counter = [0, 0, step, self.number]
        numbers = np.random.Generator(np.random.Philox(key=self.key, counter=counter)).random(self.shape[1:], "f4")
        return (numbers >= np.float32(self.dropout.share)) * np.float32(1 / (1 - self.dropout.share))


def places(graph: Graph, nodes: Collection[str] | None) -> dict[str, list[str]]:
    """The readers that dropout stands before, by population."""
    together = {
        name: index for index, loop in enumerate(nx.strongly_connected_components(graph.digraph)) for name in loop
    }
    found: dict[str, list[str]] = {}
    for node in graph:
        if isinstance(node.op, UNITS) and (nodes is None or node.name in nodes):
            readers = [reader for reader in graph.consumers[node.name] if not isinstance(reader.op, Output)]
            found[node.name] = [reader.name for reader in readers if together[reader.name] != together[node.name]]
    return {name: readers for name, readers in found.items() if readers}


@dataclass(frozen=True)
class Masks:
    """The inputs of a training's graph that are masks, by name, and the populations behind which they act."""

    dropout: Dropout
    inputs: Mapping[str, str]
    shapes: Mapping[str, Shape]
    seed: int

    def of(self, number: int, steps: int, batch: int) -> dict[str, Any]:
        """Those of step ``number`` of the training, for so many steps of so many samples."""
        return {
            name: Mask(self.dropout, (self.seed, _key(node)), number, (steps, batch, *self.shapes[name]))
            for name, node in self.inputs.items()
        }


def _key(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:8], "little")


def with_dropout(graph: Graph, dropout: Dropout, seed: int) -> tuple[Graph, Masks]:
    """The graph with a product behind each population, and an input for its mask."""
    found = places(graph, dropout.nodes)
    moved = {(reader, name): f"{name}.dropped" for name, readers in found.items() for reader in readers}
    nodes: list[Node] = []
    for node in graph:
        inputs = tuple(moved.get((node.name, name), name) for name in node.inputs)
        reads = tuple(moved.get((node.name, name), name) for name in node.reads)
        nodes.append(replace(node, inputs=inputs, reads=reads))
        nodes += _product(graph, node) if node.name in found else ()
    shapes = {f"{name}.kept": graph.signals[name].shape for name in found}
    return graph.with_nodes(nodes), Masks(dropout, {f"{name}.kept": name for name in found}, shapes, seed)


def _product(graph: Graph, node: Node) -> tuple[Node, Node]:
    signal = Signal(graph.signals[node.name].shape)
    mask = Node(f"{node.name}.kept", Input(signal), (), node.origin)
    product = Map((signal, signal), "mul")
    return mask, Node(f"{node.name}.dropped", product, (node.name,), node.origin, (mask.name,))
