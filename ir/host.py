"""Which part of a graph runs where: what the host computes before and after the cores.

Values enter the cores through `ToFixed` and leave them through `FromFixed`. What stands before the first is the host's,
an embedding for instance; so is what stands behind the second, such as a decoder. Each part is a graph of its own,
and what one gives is what the next takes, under the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .graph import Graph, Node
from .ops import FromFixed, Input, Output, ToFixed


@dataclass(frozen=True)
class Parts:
    """A graph in three. ``before`` and ``after`` are None where the host has nothing to do."""

    before: Graph | None
    cores: Graph
    after: Graph | None


def parts(graph: Graph) -> Parts:
    """The parts of a graph in steps."""
    entries = _given_by_host(graph)
    early = _reached(graph, entries, lambda node: node.sources)
    late = _reached(graph, [n.name for n in graph if isinstance(n.op, FromFixed)], _readers(graph))
    exits = list(dict.fromkeys(graph[name].inputs[0] for name in sorted(late) if isinstance(graph[name].op, FromFixed)))
    if not early and not late:
        return Parts(None, graph, None)
    cores = [
        node for node in graph if node.name not in late and (node.name not in early or _is_shared(graph, node, early))
    ]
    return Parts(
        graph.with_nodes([*_of(graph, early), *map(_exit, entries)]) if early else None,
        graph.with_nodes([*(_input(graph, name) for name in entries), *cores, *map(_exit, exits)]),
        graph.with_nodes([*(_input(graph, name) for name in exits), *_of(graph, late)]) if late else None,
    )


def of_host(graph: Graph) -> frozenset[str]:
    """The nodes that the host runs: those of the parts before and after the cores but for inputs and outputs."""
    split = parts(graph)
    theirs = (node for part in (split.before, split.after) if part is not None for node in part)
    return frozenset(node.name for node in theirs if not isinstance(node.op, (Input, Output)))


def _of(graph: Graph, names: set[str]) -> list[Node]:
    return [node for node in graph if node.name in names]


def _is_shared(graph: Graph, node: Node, early: set[str]) -> bool:
    """Whether an input is one of the cores, too."""
    return isinstance(node.op, Input) and any(reader.name not in early for reader in graph.consumers[node.name])


def _given_by_host(graph: Graph) -> list[str]:
    """What the host computes for the cores: what is rounded for them and is no input itself."""
    sources = (graph[node.inputs[0]] for node in graph if isinstance(node.op, ToFixed))
    return list(dict.fromkeys(node.name for node in sources if not isinstance(node.op, Input)))


def _reached(graph: Graph, start: Iterable[str], next_to: Callable[[Node], Iterable[str]]) -> set[str]:
    found, ahead = set[str](), list(start)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += next_to(graph[name])
    return found


def _readers(graph: Graph) -> Callable[[Node], Iterable[str]]:
    return lambda node: [reader.name for reader in graph.consumers[node.name]]


def _input(graph: Graph, name: str) -> Node:
    return Node(name, Input(graph.signals[name]), (), graph[name].origin)


def exit_of(name: str) -> str:
    """The output by which a part hands a signal on."""
    return f"{name} (handed on)"


def _exit(name: str) -> Node:
    return Node(exit_of(name), Output(), (name,))
