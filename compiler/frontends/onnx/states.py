"""Which inputs of a step model are its states, and which outputs their next values; when states are reset."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from onnx import ModelProto, ValueInfoProto

from axonc.ir import Diagnostic, Graph, ModelError, raise_if_any
from axonc.ir.ops import EGRU

from .options import OnnxOptions

NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(.+?)_?0", (r"{0}1", r"{0}_1", r"{0}n", r"{0}_n")),
    (r"(.+)_in", (r"{0}_out",)),
    (r"(.+)_prev", (r"{0}", r"{0}_next", r"{0}_new")),
    (r"past_(.+)", (r"present_{0}",)),
    (r"(.+)", (r"{0}_out", r"{0}_next", r"{0}_new", r"next_{0}", r"new_{0}", r"{0}'")),
)
"""Names of a state as an input, and what its next value may then be called: the first that exists."""


def state_pairs(model: ModelProto, options: OnnxOptions) -> dict[str, str]:
    """The outputs that follow the inputs that are states, by input."""
    inputs, outputs = _free_inputs(model), [value.name for value in model.graph.output]
    if options.states:
        known = {value.name for value in inputs}
        raise_if_any(
            Diagnostic("AX403", f"{before}:{after}", "a state that is no input with an output", "", "correct the names")
            for before, after in options.states.items()
            if before not in known or after not in outputs
        )
        return dict(options.states)
    return _by_names(inputs, outputs) if options.named_states else {}


def _by_names(inputs: Sequence[ValueInfoProto], outputs: Sequence[str]) -> dict[str, str]:
    if len(inputs) < 2:  # a model has at least one input that is no state
        return {}
    found = {value.name: after for value in inputs if (after := _after(value.name, outputs))}
    return found if len(found) < len(inputs) else {}


def _after(name: str, outputs: Sequence[str]) -> str | None:
    for pattern, nexts in NAMES:
        match = re.fullmatch(pattern, name)
        for text in nexts if match else ():
            assert match is not None
            if text.format(match[1]) in outputs and text.format(match[1]) != name:
                return text.format(match[1])
    return None


def _free_inputs(model: ModelProto) -> list[ValueInfoProto]:
    stored = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in stored]


def with_segments(graph: Graph, segment: int | None) -> tuple[Graph, str]:
    """The graph whose EGRUs begin a segment every so many steps, and when its states are reset; nothing, if it has
    none."""
    cells = [node.name for node in graph if isinstance(node.op, EGRU)]
    if segment is not None and not cells:
        remedy = "leave segment out; axonc inspect shows what became of the cells"
        raise ModelError(Diagnostic("AX136", "", f"segment={segment} of a model without EGRUs", "", remedy))
    if not any(node.op.stateful for node in graph):
        return graph, ""
    said = "states begin anew with every sequence"
    if segment is None:
        return graph, said
    made = graph.with_nodes(
        replace(node, op=replace(node.op, segment=segment)) if isinstance(node.op, EGRU) else node for node in graph
    )
    return made, f"{said}; before every {segment} steps c of {', '.join(cells)} is set to 0, y goes on"
