"""Dense inputs become graded events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from axonc.ir import Diagnostic, Graph, Kind, Node
from axonc.ir.ops import Conv, Delay, Linear, Neuron, ToFixed

from .base import Pass
from .delays import fresh_name
from .host import GATED
from .payloads import Sources, input_format, matrix_groups


@dataclass(frozen=True)
class RoundInputs(Pass):
    """Puts a `ToFixed` behind every dense input that matrices and convolutions read, and behind what the host
    gives them.

    The format has 16 bits, and as many fractional ones as leave room for the largest magnitude of the input: that in
    ``ranges`` (name, magnitude), as a calibration measures it; else 13, with a note: values from 4 on are clipped.
    """

    name: ClassVar[str] = "round_inputs"
    requires: ClassVar[str] = "the form that the pass populations ensures"
    ensures: ClassVar[str] = "matrices read events, plain or graded, or other populations"
    ranges: tuple[tuple[str, float], ...] = ()

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        known = dict(self.ranges)
        dense = rounded_sources(graph)
        names = {node.name: fresh_name(f"{node.name}.fixed", graph) for node in dense}
        nodes: list[Node] = []
        for node in graph:
            on_cores = isinstance(node.op, (Linear, Conv, Delay))
            nodes.append(replace(node, inputs=tuple(names.get(n, n) for n in node.inputs)) if on_cores else node)
            if node.name in names:
                op = ToFixed(input_format(known.get(node.name, 0.0)))
                nodes.append(Node(names[node.name], op, (node.name,), node.origin))
        notes = [_assumed(node.name) for node in dense if node.name not in known]
        return graph.with_nodes(nodes).with_notes(notes), bool(dense)


def rounded_sources(graph: Graph) -> list[Node]:
    """What matrices of populations read, late or not, that is neither events nor a population: dense inputs, and what
    the host computes."""
    sources = Sources(graph, {})
    groups = ([node for node in group if isinstance(node.op, (Linear, Conv))] for _, group in matrix_groups(graph))
    read = {sources.origin(node.inputs[0]).name for group in groups for node in group}
    return [node for node in graph if node.name in read and _is_plain(graph, node)]


def _is_plain(graph: Graph, node: Node) -> bool:
    dense = graph.signals[node.name].kind is Kind.DENSE
    return dense and not isinstance(node.op, (Neuron, *GATED))


def _assumed(name: str) -> Diagnostic:
    return Diagnostic(
        "AX405",
        name,
        "the range of a dense input is not known",
        "values from 4 on are clipped",
        "give --calibrate data",
    )
