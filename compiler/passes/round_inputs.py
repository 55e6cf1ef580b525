"""Dense inputs become graded events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from axonc.ir import Diagnostic, Graph, Kind, Node
from axonc.ir.ops import Input, Linear, ToFixed

from .base import Pass
from .delays import fresh_name
from .payloads import input_format


@dataclass(frozen=True)
class RoundInputs(Pass):
    """Puts a `ToFixed` behind every dense input that matrices read.

    The format has 16 bits, and as many fractional ones as leave room for the largest magnitude of the input: that in
    ``ranges`` (name, magnitude), as a calibration measures it; else 13, with a note: values from 4 on are clipped.
    """

    name: ClassVar[str] = "round_inputs"
    requires: ClassVar[str] = "the form that the pass populations ensures"
    ensures: ClassVar[str] = "matrices read events, plain or graded, or other populations"
    ranges: tuple[tuple[str, float], ...] = ()

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        known = dict(self.ranges)
        dense = [node for node in graph.inputs if _is_read(graph, node)]
        names = {node.name: fresh_name(f"{node.name}.fixed", graph) for node in dense}
        nodes: list[Node] = []
        for node in graph:
            if isinstance(node.op, Input):
                nodes.append(node)
                if node.name in names:
                    op = ToFixed(input_format(known.get(node.name, 0.0)))
                    nodes.append(Node(names[node.name], op, (node.name,), node.origin))
            else:
                nodes.append(replace(node, inputs=tuple(names.get(name, name) for name in node.inputs)))
        notes = [_assumed(node.name) for node in dense if node.name not in known]
        done = graph.with_nodes(nodes)
        return (done.with_properties(notes="\n".join(map(str, notes))) if notes else done), bool(dense)


def _is_read(graph: Graph, node: Node) -> bool:
    """Whether a dense input feeds matrices, late or not; what else it may feed is refused later."""
    if graph.signals[node.name].kind is not Kind.DENSE:
        return False
    behind = list(graph.consumers[node.name])
    while behind:
        reader = behind.pop()
        if isinstance(reader.op, Linear):
            return True
        behind += graph.consumers[reader.name] if reader.op.name == "delay" else []
    return False


def _assumed(name: str) -> Diagnostic:
    return Diagnostic(
        "AX405",
        name,
        "the range of a dense input is not known",
        "values from 4 on are clipped",
        "give --calibrate data",
    )
