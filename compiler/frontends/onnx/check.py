"""What is checked of a model before it is converted: that it is one, and that every operator is supported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import networkx as nx
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto

from axonc.ir import Diagnostic, ModelError, raise_if_any

from .bodies import has_body
from .convert import STANDARD, key_of
from .files import check_tensors, refused, shown
from .operators import CUSTOM, OPERATORS

OLDEST = 8
"""The oldest operator set that is read."""

NEAREST = {
    "Attention": "MatMul, Softmax and MatMul",
    "ConvTranspose": "Conv of an input with zeros in between",
    "Einsum": "MatMul and Transpose",
    "GatherElements": "Gather",
    "GatherND": "Gather",
    "GridSample": "AveragePool",
    "If": "Where",
    "MatMulInteger": "DequantizeLinear and MatMul",
    "ConvInteger": "DequantizeLinear and Conv",
    "NonZero": "Where",
    "OneHot": "Equal with a constant",
    "QLinearConv": "DequantizeLinear, Conv and QuantizeLinear",
    "QLinearMatMul": "DequantizeLinear, MatMul and QuantizeLinear",
    "RandomNormal": "an input that holds the numbers",
    "RandomUniform": "an input that holds the numbers",
    "Resize": "AveragePool or Expand",
    "ScatterElements": "Where with a constant mask",
    "ScatterND": "Where with a constant mask",
    "TopK": "ReduceMax and ArgMax",
    "Upsample": "Expand",
}
"""What may take the place of operators that are not supported."""


def check_model(model: ModelProto, folder: Path | None) -> None:
    """`ModelError` with every problem that can be seen without converting anything."""
    check_tensors(model, folder)
    versions = {entry.domain: entry.version for entry in model.opset_import}
    version = versions.get("", versions.get("ai.onnx", 0))
    newest = onnx.defs.onnx_opset_version()
    if not OLDEST <= version <= newest:
        limit = f"operator sets {OLDEST} to {newest} are read"
        raise ModelError(Diagnostic("AX101", "", f"operator set {version}", limit, "convert the model"))
    _no_recursion(model)
    raise_if_any(_doubled(model.graph))
    raise_if_any(dict.fromkeys(_unsupported(model, version)))
    try:
        onnx.checker.check_model(_skeleton(model))
    except (onnx.checker.ValidationError, ValueError) as error:
        found = " ".join(str(error).split())
        raise ModelError(Diagnostic("AX101", "", f"not a valid model: {found}", "", "export it again")) from error


def _doubled(graph: GraphProto) -> Iterator[Diagnostic]:
    """Names that stand for two inputs, tensors or outputs."""
    for kind, values in (("inputs", graph.input), ("initializers", graph.initializer), ("outputs", graph.output)):
        for name, count in Counter(value.name for value in values).items():
            if count > 1:
                yield Diagnostic("AX101", shown(name), f"{count} {kind} of this name", "a name is used once", "rename")


def _skeleton(model: ModelProto) -> ModelProto:
    """The model with its large tensors as inputs: what the checker of onnx need not copy, nor look for in files."""
    copy = ModelProto()
    copy.CopyFrom(model)
    large = [t for t in copy.graph.initializer if t.data_location or t.ByteSize() > 1 << 16]
    inputs = {value.name for value in copy.graph.input}
    for tensor in large:
        if tensor.name not in inputs:
            value = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
            copy.graph.input.append(value)
        copy.graph.initializer.remove(tensor)
    return copy


def _no_recursion(model: ModelProto) -> None:
    calls: nx.DiGraph[tuple[str, str, str]] = nx.DiGraph()
    keys = [key_of(function) for function in model.functions]
    calls.add_nodes_from(keys)
    for function in model.functions:
        for node in nodes_of(function.node):
            called = (node.domain, node.op_type, getattr(node, "overload", ""))
            if called in calls:
                calls.add_edge(key_of(function), called)
    if len(set(keys)) < len(keys):
        raise refused("", "two functions have one name", "a name is used once")
    if not nx.is_directed_acyclic_graph(calls):
        cycle = nx.find_cycle(calls)[0][0]
        raise refused(cycle[1], "a function that calls itself", "functions do not recur")


def nodes_of(nodes: Iterable[NodeProto], depth: int = 0) -> Iterator[NodeProto]:
    """Nodes and those of the graphs inside."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            graphs: list[GraphProto] = [*attribute.graphs]
            if attribute.type == AttributeProto.GRAPH:
                graphs.append(attribute.g)
            for graph in graphs:
                yield from nodes_of(graph.node, depth + 1)


def _unsupported(model: ModelProto, version: int) -> Iterator[Diagnostic]:
    functions = {key_of(function) for function in model.functions}
    used = [*nodes_of(model.graph.node), *(n for f in model.functions for n in nodes_of(f.node))]
    for node in used:
        if (node.domain, node.op_type, getattr(node, "overload", "")) in functions:
            continue
        if node.domain in STANDARD:
            known = node.op_type in OPERATORS or has_body(node.op_type, version)
        else:
            known = f"{node.domain}::{node.op_type}" in CUSTOM
        if not known:
            yield _problem(node)


def _problem(node: NodeProto) -> Diagnostic:
    name = shown(node.name or (node.output[0] if node.output else "") or node.op_type)
    operator = node.op_type if node.domain in STANDARD else f"{node.domain}::{node.op_type}"
    if node.domain in STANDARD:
        nearest = NEAREST.get(node.op_type)
        limit, remedy = "", f"nearest: {nearest}" if nearest else "write it with supported operators"
    else:
        limit, remedy = f"known outside the standard: {', '.join(CUSTOM)}", "add a function of this name to the model"
    return Diagnostic("AX130", name, f"the operator {shown(operator)} is not supported", limit, remedy)
