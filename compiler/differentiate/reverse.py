"""Reverse mode over a graph in steps."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import networkx as nx

from axonc.ir import Diagnostic, Graph, ModelError, Node, raise_if_any, require_valid
from axonc.ir.ops import DIFFERENTIABLE_RESETS, EGRU, Map, Neuron, Output, Surrogate, Triangle

from .adjoint import Backward
from .draft import Draft, of_input, of_read
from .parameters import Parameter, parameters
from .rules import RULES

DEFAULT: Surrogate = Triangle(1.0, 1.0)
"""The surrogate where none is chosen."""


def differentiate(
    graph: Graph,
    kinds: Collection[str] = ("weights", "biases"),
    *,
    nodes: Collection[str] | None = None,
    surrogate: Surrogate | Mapping[str, Surrogate | None] | None = DEFAULT,
    attached: bool = False,
    inputs: bool = False,
) -> Backward:
    """The graph that gives the gradients of ``graph``, by backpropagation through time.

    Every node becomes its adjoint, every edge an edge of the other direction: the derivative of a node's output is the
    sum of what its readers give for their inputs. A delay of d steps is one of d steps again, since time runs
    backwards; so every loop stays one with a delay. Gradients are sums over the steps.

    Args:
        graph: a graph in steps, in float.
        kinds: of parameters, from `KINDS`.
        nodes: whose parameters; None: all.
        surrogate: of every gate, or by node (`DEFAULT` where it names none); None: that gate has none.
        attached: whether events pass the derivative of the reset, too; detached, they do so toward outputs alone.
        inputs: also give the derivative with respect to the inputs.

    Raises:
        ModelError: the graph is not in steps (AX305), an op has no adjoint (AX810), a gate no surrogate or a reset
            without adjoint (AX811).
    """
    if graph.stage != "steps":
        raise ModelError(Diagnostic("AX305", "", "the graph is not in steps", "", "load it with semantics"))
    chosen = _surrogates(graph, surrogate)
    raise_if_any(problem for node in _live(graph) for problem in _problems(node, chosen))
    wanted: dict[str, tuple[Parameter, ...]] = {}
    for parameter in parameters(graph, kinds):
        if nodes is None or parameter.node in nodes:
            wanted[parameter.node] = (*wanted.get(parameter.node, ()), parameter)
    return _walk(graph, Draft(graph, chosen, attached, wanted), inputs)


def _walk(graph: Graph, draft: Draft, inputs: bool) -> Backward:
    for output in graph.outputs:
        draft.seed(output)
    live = _live(graph)
    names = {node.name for node in live}
    for node in live:
        into = [name for reader in graph.consumers[node.name] if reader.name in names for name in _from(reader, node)]
        RULES[type(node.op)](draft, node, into)
        if inputs and not node.inputs:
            name = f"grad({node.name})"
            draft.nodes[name] = Node(name, Output(), tuple(into), node.origin)
            draft.inputs[name] = node.name
    return _finished(graph, draft)


def _from(reader: Node, node: Node) -> Iterator[str]:
    """The derivatives that a reader gives for one of its sources."""
    yield from [of_input(reader)] * reader.inputs.count(node.name)
    yield from [of_read(reader)] * reader.reads.count(node.name)


def _live(graph: Graph) -> list[Node]:
    """The nodes that an output depends on, in the order of the graph."""
    live = {node.name for node in graph.outputs}
    for output in graph.outputs:
        live |= nx.ancestors(graph.digraph, output.name)
    return [node for node in graph if node.name in live]


def _finished(graph: Graph, draft: Draft) -> Backward:
    """Only what a gradient depends on stays, in the order in which it is used."""
    everything = Graph(f"{graph.name} backwards", tuple(draft.nodes.values()), "steps", graph.dt)
    ends = (*draft.gradients, *draft.inputs)
    if not ends:
        found = "no parameter with a gradient leads to an output"
        raise ModelError(Diagnostic("AX810", "", found, "at least one", "choose other kinds or nodes"))
    used = set(ends).union(*(nx.ancestors(everything.digraph, name) for name in ends))
    kept = everything.with_nodes(node for node in everything.order if node.name in used)
    return Backward(
        require_valid(kept),
        {output: name for output, name in draft.seeds.items() if name in used},
        {name: reference for name, reference in draft.tape.items() if name in used},
        dict(draft.gradients),
        dict(draft.inputs),
        {name: origin for name, origin in draft.origins.items() if name in used},
    )


def _surrogates(
    graph: Graph, surrogate: Surrogate | Mapping[str, Surrogate | None] | None
) -> dict[str, Surrogate | None]:
    """The surrogate of every node with a gate."""
    gated = [node.name for node in graph if _gated(node)]
    if isinstance(surrogate, Mapping):
        raise_if_any(
            Diagnostic("AX811", name, "a surrogate for no gate", f"gates: {', '.join(gated)}", "correct the name")
            for name in surrogate
            if name not in gated
        )
        return {name: surrogate.get(name, DEFAULT) for name in gated}
    return dict.fromkeys(gated, surrogate)


def _gated(node: Node) -> bool:
    return isinstance(node.op, EGRU) or (isinstance(node.op, Neuron) and node.op.gate is not None)


def _is_product(op: Map) -> bool:
    """Whether it multiplies two operands of one shape."""
    return op.function == "mul" and len({operand.shape for operand in op.takes}) == 1


def _problems(node: Node, surrogates: Mapping[str, Surrogate | None]) -> Iterator[Diagnostic]:
    if type(node.op) not in RULES or (isinstance(node.op, Map) and not _is_product(node.op)):
        limit = f"known: {', '.join(op.name for op in RULES)}"
        yield Diagnostic("AX810", node.name, f"{node.op.name} has no derivative", limit, "train before quantisation")
    elif _gated(node) and surrogates[node.name] is None:
        yield Diagnostic("AX811", node.name, "its events have no surrogate gradient", "", "choose one for it")
    if isinstance(node.op, Neuron) and node.op.gate is not None:
        gate = node.op.gate
        if gate.reset not in DIFFERENTIABLE_RESETS or gate.spikes > 1:
            found = f"the reset {gate.reset} with up to {gate.spikes} spikes a step has no derivative"
            limit = f"known: {', '.join(DIFFERENTIABLE_RESETS)}, one spike a step"
            yield Diagnostic("AX811", node.name, found, limit, "choose another reset in the semantics")
