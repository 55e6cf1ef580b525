"""Where the parameters of a program lie, and why: in the cores' memories or with the host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from axonc.ir import Graph, Node
from axonc.ir.host import of_host
from axonc.ir.ops import Constant, FromFixed, Input, Output, QuantConv, QuantLinear, ToFixed, arrays, is_sparse

from ..passes import CORE_OPS

WHY_CORES = "its weights are integers, kept in the memory of the cores that hold its targets"
WHY_NAMED = "the options name it or what it depends on"


@dataclass(frozen=True)
class Placed:
    """A node with parameters: ``place`` is ``cores`` or ``host``; ``bytes`` as they are held there, without tables."""

    node: str
    op: str
    place: str
    bytes: int
    reason: str

    def __str__(self) -> str:
        return f"{self.node} ({self.op}, {self.bytes} bytes): {self.place}; {self.reason}"


def placement(graph: Graph) -> list[Placed]:
    """Every node with weights, and everything that the host runs, in the order of the graph; nothing for a graph that
    the host has no part in. DRAM is not used: programs keep all that they need in the SRAM of cores."""
    away = of_host(graph)
    return [placed for node in graph for placed in _placed(node, node.name in away)] if away else []


def _placed(node: Node, away: bool) -> Iterator[Placed]:
    if away and not isinstance(node.op, (Input, Output, ToFixed, FromFixed)):
        foreign = not isinstance(node.op, (*CORE_OPS, Constant))
        yield Placed(node.name, node.op.name, "host", _held(node), _why(node) if foreign else WHY_NAMED)
    elif isinstance(node.op, (QuantLinear, QuantConv)):
        yield Placed(node.name, node.op.name, "cores", _stored(node.op), WHY_CORES)


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
