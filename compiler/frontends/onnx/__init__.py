"""The ONNX frontend: a file or a `onnx.ModelProto` becomes a graph in steps."""

from __future__ import annotations

from pathlib import Path

from onnx import ModelProto

from axonc.ir import Graph

from .build import build_graph
from .files import read_proto
from .options import OnnxOptions, parse_options

__all__ = ["OnnxOptions", "import_onnx", "parse_options", "read_onnx"]


def read_onnx(path: Path, options: OnnxOptions | None = None) -> Graph:
    """The graph in a ``.onnx`` file. Tensors that it keeps in other files must lie in its folder."""
    model, digest = read_proto(path)
    return build_graph(model, path.parent, options or OnnxOptions()).with_properties(source_sha256=digest)


def import_onnx(model: ModelProto, options: OnnxOptions | None = None) -> Graph:
    """The graph of a model in memory, which holds all its tensors."""
    return build_graph(model, None, options or OnnxOptions())
