"""Semantics of single nodes: choices that differ from the graph's, by name or pattern."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Literal

from axonc.ir import Diagnostic, Graph
from axonc.ir.ops import ContinuousNeuron

from .semantics import Semantics, checked, parse_semantics, repeated

SCOPE: Mapping[str, Literal["node", "graph"]] = {
    "dt": "graph",
    "integrator": "node",
    "gain": "node",
    "leaky_r": "node",
    "current_leak": "node",
    "leaky_event": "node",
    "if_event": "node",
    "sees": "node",
    "compare": "node",
    "test": "node",
    "spikes": "node",
    "spike_time": "node",
    "v_min": "node",
    "reset": "node",
    "forward_delay": "graph",
    "feedback": "graph",
    "bias": "graph",
    "weight_rounding": "graph",
    "weight_scope": "graph",
    "state": "graph",
}
"""Every field of `Semantics`: whether each neuron may have its own, or the graph has one."""

PROPERTY = "node_semantics"


@dataclass(frozen=True)
class NodeChoice:
    """Fields of `Semantics` with their values, for the neurons whose name is ``pattern`` or matches it as a glob."""

    pattern: str
    fields: tuple[tuple[str, object], ...]

    def __str__(self) -> str:
        return f"{self.pattern}:{','.join(f'{name}={value}' for name, value in self.fields)}"

    def matches(self, name: str) -> bool:
        """Whether a node of this name is meant."""
        return name == self.pattern or fnmatchcase(name, self.pattern)


def node_choice(pattern: str, settings: Sequence[tuple[str, str]], problems: list[Diagnostic]) -> NodeChoice:
    """The choice that names and values of fields state; what is wrong with them joins ``problems``."""
    found = list(repeated(name for name, _ in settings))
    fields = tuple(checked(name, value, found) for name, value in settings)
    found += [_of_the_graph(name) for name, _ in settings if SCOPE.get(name) == "graph"]
    problems += [replace(problem, node=pattern) for problem in found]
    return NodeChoice(pattern, fields)


def _of_the_graph(name: str) -> Diagnostic:
    limit, remedy = "the whole graph has one", "state it in the graph's semantics"
    return Diagnostic("AX208", "", f"the field {name} for single nodes", limit, remedy)


def unmatched(graph: Graph, choices: Sequence[NodeChoice]) -> list[Diagnostic]:
    """One problem for every choice that is made for no neuron of ``graph``."""
    names = _neurons(graph)
    limit = f"the neurons are {', '.join(names)}" if names else "the graph has no neurons"
    return [
        Diagnostic("AX207", choice.pattern, "no neuron has this name", limit, "correct the name or pattern")
        for choice in choices
        if not any(choice.matches(name) for name in names)
    ]


def _neurons(graph: Graph) -> list[str]:
    return [node.name for node in graph if isinstance(node.op, ContinuousNeuron)]


def semantics_by_node(graph: Graph, semantics: Semantics, choices: Sequence[NodeChoice]) -> dict[str, Semantics]:
    """The semantics of every neuron for which a choice is made; later choices win."""
    chosen: dict[str, Semantics] = {}
    for choice in choices:
        changes: dict[str, Any] = dict(choice.fields)
        for name in filter(choice.matches, _neurons(graph)):
            chosen[name] = replace(chosen.get(name, semantics), **changes)
    return chosen


def as_property(semantics: Semantics, chosen: Mapping[str, Semantics]) -> dict[str, str]:
    """The property that keeps the text of every node whose semantics differ from the graph's; none if none do."""
    texts = {name: str(own) for name, own in sorted(chosen.items()) if own != semantics}
    return {PROPERTY: json.dumps(texts)} if texts else {}


def node_texts(properties: Mapping[str, str]) -> dict[str, str]:
    """The text of every node whose semantics differ from the graph's, from the graph's properties."""
    texts: dict[str, str] = json.loads(properties.get(PROPERTY, "{}"))
    return texts


def semantics_of(graph: Graph, name: str) -> Semantics:
    """The semantics under which a neuron of a graph in steps was discretised."""
    return parse_semantics(node_texts(graph.properties).get(name) or graph.properties.get("semantics", "nir"))
