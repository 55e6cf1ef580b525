"""The ONNX frontend: a file or a `onnx.ModelProto` becomes a graph in steps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from onnx import ModelProto

from axonc.ir import Graph, Kind, require_valid
from axonc.ir.ops import Input

from ..nir.convert import input_kind
from .build import build_graph
from .files import read_proto
from .options import OnnxOptions, parse_options

__all__ = ["OnnxOptions", "import_onnx", "parse_options", "read_onnx"]


def read_onnx(path: Path, options: OnnxOptions | None = None, inputs: str = "dense") -> Graph:
    """The graph in a ``.onnx`` file. Tensors that it keeps in other files must lie in its folder.

    ``inputs``: ``dense``, ``events`` or ``events:N`` (up to N a step).
    """
    model, digest = read_proto(path)
    graph = build_graph(model, path.parent, options or OnnxOptions())
    return _with_inputs(graph, inputs).with_properties(source_sha256=digest)


def import_onnx(model: ModelProto, options: OnnxOptions | None = None, inputs: str = "dense") -> Graph:
    """The graph of a model in memory, which holds all its tensors."""
    return _with_inputs(build_graph(model, None, options or OnnxOptions()), inputs)


def _with_inputs(graph: Graph, inputs: str) -> Graph:
    kind = input_kind(inputs)
    if kind.kind is not Kind.EVENT:
        return graph
    changed = (
        replace(node, op=Input(replace(kind, shape=node.op.signal.shape))) if isinstance(node.op, Input) else node
        for node in graph
    )
    return require_valid(graph.with_nodes(changed))
