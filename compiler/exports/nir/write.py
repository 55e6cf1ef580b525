"""A graph as the bytes of a NIR file: fields that any reader understands, and metadata that keep it exactly."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import nir
import numpy as np

from axonc.compiler.frontends.nir.memory import tree_of
from axonc.compiler.frontends.nir.stored import VERSION, digests
from axonc.compiler.frontends.nir.tree import METADATA
from axonc.compiler.frontends.nir.values import encode
from axonc.ir import Diagnostic, Graph, Node, raise_if_any, require_valid

from .nodes import Place, Written, unwritten, written
from .notes import Notes
from .plan import plan


@dataclass(frozen=True)
class Exported:
    """The bytes of a file, and what its fields could not express."""

    content: bytes
    notes: tuple[Diagnostic, ...]


def export_nir(graph: Graph) -> Exported:
    """``graph``, at any stage, as a NIR file. The same graph gives the same bytes; `ModelError` if NIR has no nodes for
    its ops."""
    raise_if_any(unwritten(graph))
    notes = Notes()
    model = nir_graph(graph, notes)
    buffer = io.BytesIO()
    nir.write(buffer, model)
    return Exported(buffer.getvalue(), tuple(notes.diagnostics()))


def nir_graph(graph: Graph, notes: Notes) -> nir.NIRGraph:
    """``graph`` as a `nir.NIRGraph`."""
    writer = _Writer(require_valid(graph), notes)
    for index, node in enumerate(graph):
        writer.add(index, node)
    writer.connect()
    model = nir.NIRGraph(writer.nodes, writer.edges, type_check=False)
    model.metadata = {METADATA: {**_about(graph), "digests": json.dumps(digests(tree_of(model)))}}
    return model


def _about(graph: Graph) -> dict[str, Any]:
    about = json.dumps({"name": graph.name, "properties": dict(sorted(graph.properties.items()))})
    stated = {} if graph.dt is None else {"dt": float(graph.dt)}
    return {"version": VERSION, "stage": graph.stage, **stated, "about": about}


class _Writer:
    """One export: the nodes of NIR so far, and where edges enter and leave those of the graph."""

    def __init__(self, graph: Graph, notes: Notes) -> None:
        self.graph, self.notes = graph, notes
        self.plan = plan(graph, notes)
        self.nodes: dict[str, nir.NIRNode] = {}
        self.edges: list[tuple[str, str]] = []
        self.names = {node.name: self._written_name(node.name) for node in graph}
        self.entries: dict[str, str] = {}
        self.exits: dict[str, str] = {}

    def _written_name(self, name: str) -> str:
        made = file_name(name)
        if made != name:
            self.notes.renamed.append((name, made))
        return made

    def add(self, index: int, node: Node) -> None:
        """What ``node`` becomes, with its metadata."""
        place = Place(self.graph, node, self.plan.dt, self.plan.primitives, self.plan.biases, self.notes)
        made = written(place)
        made.node.metadata = {METADATA: _metadata(index, node, made)}
        chain = [self._helper(node, helper) for helper in made.before]
        chain.append(self.names[node.name])
        self.nodes[chain[-1]] = made.node
        chain += [self._helper(node, helper) for helper in made.behind]
        self.edges += pairwise(chain)
        self.entries[node.name], self.exits[node.name] = chain[0], chain[-1]

    def _helper(self, node: Node, helper: nir.NIRNode) -> str:
        """A node that only helps to express ``node``."""
        name = f"{self.names[node.name]}'"
        taken = {*self.nodes, *self.names.values()}
        while name in taken:
            name += "'"
        helper.metadata = {METADATA: {"place": json.dumps({"part_of": node.name})}}
        self.nodes[name] = helper
        return name

    def connect(self) -> None:
        """The edges; where a node is fed twice by another, the second edge runs through a factor of 1."""
        for node in self.graph:
            for position, source in enumerate(node.inputs):
                start, end = self.exits[source], self.entries[node.name]
                if source in node.inputs[:position]:
                    helper = self._helper(node, nir.Scale(np.ones(self.graph.signals[source].shape)))
                    self.edges.append((start, helper))
                    start = helper
                self.edges.append((start, end))


def _metadata(index: int, node: Node, made: Written) -> dict[str, Any]:
    place = {"index": index, "name": node.name, "inputs": node.inputs, "origin": node.origin}
    standard = {name: value for name, value in made.node.to_dict().items() if isinstance(value, np.ndarray)}
    return {"place": json.dumps(place), "op": encode(node.op, standard)}


RESERVED = "%/"


def file_name(name: str) -> str:
    """``name`` without what splits a name in HDF5: a ``/``, or a name that is nothing but a dot."""
    if name == ".":
        return "%2E"
    return "".join(_escaped(name)) if "/" in name or "%" in name else name


def _escaped(name: str) -> Iterator[str]:
    for character in name:
        yield f"%{ord(character):02X}" if character in RESERVED else character
