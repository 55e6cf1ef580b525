"""Where the parameters of a program lie, and why: in the cores' memories, in the chip's DRAM, or with the host."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from axonc.ir import Diagnostic, Graph, Node
from axonc.ir.host import of_host
from axonc.ir.network import in_dram as fetched_matrices
from axonc.ir.ops import Constant, FromFixed, Input, Op, Output, QuantConv, QuantLinear, ToFixed, arrays, is_sparse
from axonc.ir.target import Backend

from ..passes import CORE_OPS

FETCHING = ("native", "spinnaker2")
"""The targets whose cores fetch rows from DRAM."""

WHY_CORES = "its weights are integers, kept in the memory of the cores that hold its targets"
WHY_DRAM = "the options name it: a core fetches the row of each event, and keeps none"
WHY_NAMED = "the options name it or what it depends on"


@dataclass(frozen=True)
class Placed:
    """A node with parameters: ``place`` is ``cores``, ``dram`` or ``host``; ``bytes`` as they are held there, without
    tables."""

    node: str
    op: str
    place: str
    bytes: int
    reason: str

    def __str__(self) -> str:
        return f"{self.node} ({self.op}, {self.bytes} bytes): {self.place}; {self.reason}"


def placement(graph: Graph) -> list[Placed]:
    """Every node with weights, and everything that the host runs, in the order of the graph; nothing for a graph of
    which all lies in the cores' memories. Nothing lies in DRAM unless an option says so."""
    away, fetched = of_host(graph), fetched_matrices(graph)
    everything = (placed for node in graph for placed in _placed(node, node.name in away, node.name in fetched))
    return list(everything) if away or fetched else []


def in_dram(graph: Graph, names: Sequence[str]) -> Graph:
    """The graph that says which of its matrices lie in DRAM."""
    return graph.with_properties(in_dram=json.dumps(sorted(set(names)))) if names else graph


def dram_problems(graph: Graph, target: Backend, names: Sequence[str]) -> Iterator[Diagnostic]:
    """Names that are no matrices of cores, and targets without DRAM."""
    if names and not (target.mapped and target.name in FETCHING):
        found, limit = f"matrices in DRAM for target {target.name}", f"{' and '.join(FETCHING)} fetch rows, of integers"
        yield Diagnostic("AX403", "", found, limit, "leave --in-dram out")
        return
    away = of_host(graph)
    able = [node.name for node in graph if node.name not in away and _is_fetchable(node.op)]
    for name in (name for name in names if name not in able):
        limit = f"matrices of up to 8 bits that cores hold: {', '.join(able) or 'none'}"
        yield Diagnostic("AX403", name, "it cannot lie in DRAM", limit, "choose one of them")


def _is_fetchable(op: Op) -> bool:
    """Whether an op is a matrix whose rows may lie in DRAM: of bytes, as they are fetched."""
    return isinstance(op, QuantLinear) and op.bits <= 8


def _placed(node: Node, away: bool, fetched: bool) -> Iterator[Placed]:
    if away and not isinstance(node.op, (Input, Output, ToFixed, FromFixed)):
        foreign = not isinstance(node.op, (*CORE_OPS, Constant))
        yield Placed(node.name, node.op.name, "host", _held(node), _why(node) if foreign else WHY_NAMED)
    elif isinstance(node.op, (QuantLinear, QuantConv)):
        place, why = ("dram", WHY_DRAM) if fetched else ("cores", WHY_CORES)
        yield Placed(node.name, node.op.name, place, _stored(node.op), why)


def _why(node: Node) -> str:
    return f"cores have no {node.op.name}"


def _held(node: Node) -> int:
    """Bytes of the parameters of a node of the host, in float32 or as they are."""
    return sum(array.size * min(array.dtype.itemsize, 4) for _, array in arrays(node.op))


def _stored(op: QuantLinear | QuantConv) -> int:
    """Bytes of integer weights that are not zero, if sparse; of all, if dense."""
    return int(op.weight.nnz if is_sparse(op.weight) else op.weight.size)


def described(graph: Graph) -> list[Mapping[str, object]]:
    """`placement`, as the manifest holds it."""
    return [asdict(placed) for placed in placement(graph)]
