"""The graph in float that a build was compiled from."""

from __future__ import annotations

from pathlib import Path

from axonc.ir import Diagnostic, Graph, Kind, ModelError

from ...node_semantics import SCOPE, NodeChoice
from ...semantics import parse_semantics
from ..config import Config
from ..loading import discretise, read_model, with_digest
from ..program import Program


def source_graph(program: Program, model: Path, onnx: str | None = None) -> Graph:
    """The model of a build, in steps under the semantics that the build's manifest states; `ModelError` for another
    model. ``onnx``: the options with which an ONNX model was compiled."""
    manifest = program.manifest
    graph = with_digest(_read(model, _inputs(program.graph), onnx))
    if graph.properties["source_sha256"] != manifest["source_sha256"]:
        limit = f"the build is of one with SHA-256 {manifest['source_sha256']}"
        raise ModelError(Diagnostic("AX706", str(model), "this is another model", limit, "give the one compiled"))
    if graph.stage == "steps":
        return graph
    choices = [_choice(name, text) for name, text in manifest.get("node_semantics", {}).items()]
    return discretise(graph, manifest["semantics"], manifest["dt"], Config(nodes=tuple(choices)))


def _read(model: Path, inputs: str, onnx: str | None) -> Graph:
    """The model with these inputs; those of a graph in steps are settled."""
    if model.suffix == ".axg" and (graph := read_model(model)).stage == "steps":
        return graph
    return read_model(model, inputs, onnx)


def _inputs(compiled: Graph) -> str:
    """What the model's inputs were read as."""
    signals = [compiled.signals[node.name] for node in compiled.inputs]
    if not all(signal.kind is Kind.EVENT for signal in signals):
        return "dense"
    return f"events:{max(signal.peak for signal in signals)}"


def _choice(name: str, text: str) -> NodeChoice:
    own = parse_semantics(text)
    return NodeChoice(name, tuple((field, getattr(own, field)) for field, scope in SCOPE.items() if scope == "node"))
