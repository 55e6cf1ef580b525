"""The ends of a flattened graph: wrappers that only pass on, inputs and outputs that are missing."""

from __future__ import annotations

from collections.abc import Mapping

from .flatten import Flat
from .report import Report
from .tree import Tree


def settle_ends(flat: Flat, report: Report) -> Flat:
    """The graph with its inner Inputs and Outputs marked as ports, and with ends where it had none."""
    for kind, inner in (("Input", flat.before), ("Output", flat.after)):
        _mark_wrappers(flat, kind, inner, report)
    edges = _outputs_let_pass(flat, report)
    ends = Flat(dict(flat.nodes), dict(flat.origins), edges, flat.ports)
    _add_missing(ends, "Input", ends.before, report)
    _add_missing(ends, "Output", ends.after, report)
    return Flat(ends.nodes, ends.origins, ends.edges, ends.ports)


def _mark_wrappers(flat: Flat, kind: str, inner: Mapping[str, list[str]], report: Report) -> None:
    """``lif1.input`` with an edge into it was the Input of a nested graph ``lif1`` that its exporter inlined."""
    names = [name for name, node in flat.nodes.items() if node.type == kind and name not in flat.ports and inner[name]]
    for name in names:
        if _is_wrapped(name, flat):
            flat.ports.add(name)
            report.repair("AX112", name, f"a node of type {kind} inside the graph", "read as passing on")


def _is_wrapped(name: str, flat: Flat) -> bool:
    prefix = name.rpartition(".")[0] + "."
    return prefix != "." and any(other.startswith(prefix) for other in flat.nodes if other != name)


def _outputs_let_pass(flat: Flat, report: Report) -> list[tuple[str, str]]:
    """Edges out of a model's output: they leave what feeds the output instead, which has the same value."""
    passing = {
        name
        for name, node in flat.nodes.items()
        if node.type == "Output" and name not in flat.ports and flat.after[name] and name not in flat.after[name]
    }
    for name in sorted(passing):
        found, done = "edges leave this output", "they leave what feeds it instead"
        report.repair("AX112", name, found, done)
    edges: list[tuple[str, str]] = []
    for source, target in flat.edges:
        edges += [(real, target) for real in (flat.before[source] if source in passing else [source])]
    return edges


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
