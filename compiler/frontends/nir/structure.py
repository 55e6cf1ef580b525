"""The ends of a flattened graph: wrappers that only pass on, inputs and outputs that are missing."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from .flatten import Flat, below
from .report import Report
from .tree import Tree


def settle_ends(flat: Flat, report: Report) -> Flat:
    """The graph with its inner Inputs and Outputs marked as ports, and with ends where it had none."""
    for kind, inner in (("Input", flat.before), ("Output", flat.after)):
        _mark_wrappers(flat, kind, inner, report)
    _outputs_let_pass(flat, report)
    _add_missing(flat, "Input", flat.before, report)
    between = Flat(flat.nodes, flat.origins, flat.edges, flat.ports, flat.passing)
    _add_missing(between, "Output", between.after, report)
    return Flat(flat.nodes, flat.origins, flat.edges, flat.ports, flat.passing)


def _mark_wrappers(flat: Flat, kind: str, inner: Mapping[str, list[str]], report: Report) -> None:
    """``lif1.input`` with an edge into it was the Input of a nested graph ``lif1`` that its exporter inlined."""
    names = sorted(flat.nodes)
    for name in [name for name, node in flat.nodes.items() if node.type == kind and name not in flat.ports]:
        prefix = name.rpartition(".")[0] + "."
        if inner[name] and prefix != "." and len(list(islice(below(names, prefix), 2))) == 2:
            flat.ports.add(name)
            report.repair("AX112", name, f"a node of type {kind} inside the graph", "read as passing on")


def _outputs_let_pass(flat: Flat, report: Report) -> None:
    """Edges out of a model's output: what feeds the output has the same value, and feeds them instead."""
    for name, node in flat.nodes.items():
        if node.type == "Output" and name not in flat.ports and flat.after[name] and name not in flat.after[name]:
            flat.passing.add(name)
            report.repair("AX112", name, "edges leave this output", "they leave what feeds it instead")


def _add_missing(flat: Flat, kind: str, taken: Mapping[str, list[str]], report: Report) -> None:
    """As the nir package does: ``input_<name>`` before every node that nothing feeds, ``output_<name>`` behind every
    node that feeds nothing; only where the graph has no such end at all, since one more would be a guess."""
    if any(node.type == kind and name not in flat.ports for name, node in flat.nodes.items()):
        return
    joined = {end for edge in flat.edges for end in edge} or (set(flat.nodes) if len(flat.nodes) == 1 else set())
    for name in [name for name in flat.nodes if not taken[name] and name in joined]:
        added = _free(f"{kind.lower()}_{name}", flat)
        flat.nodes[added], flat.origins[added] = Tree(kind), ""
        flat.edges.append((added, name) if kind == "Input" else (name, added))
        report.repair("AX111", added, f"the graph has no node of type {kind}", f"added at {name}")


def _free(name: str, flat: Flat) -> str:
    candidates = (f"{name}_{index}" if index >= 0 else name for index in range(-1, len(flat.nodes) + 1))
    return next(candidate for candidate in candidates if candidate not in flat.nodes)
