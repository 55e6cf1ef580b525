"""The text form of a graph: one line a node, arrays summarised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np
from scipy import sparse

from .graph import Graph, Node
from .ops import Array, Axis, Input
from .precision import PROPERTY as PRECISION
from .precision import precision_lines
from .signal import Element, Fixed, Float, Signal

REMARKS = ("notes", "repairs", "time_step")
"""Properties that are sentences: what the quantiser remarks, what was repaired, where the time step comes from."""


FACTS = ("time", "rolled_up", "batch", "carried", "begin_at_0", "states", "reset", "last_step")
"""Properties that say what became of the axes and states of a model in tensors; a line each."""


HIDDEN = (*REMARKS, *FACTS, PRECISION)
"""Properties that have lines of their own."""


def print_graph(graph: Graph) -> str:
    """The whole graph as text: a head line, a line for everything that was repaired, then, for every node,
    ``name: signal = op(input + input; reads node, node; field=value, ...)  # origin``."""
    head = [f'graph "{graph.name}"', graph.stage]
    if graph.dt is not None:
        head.append(f"dt={graph.dt:g}")
    head += [f"{key}={value}" for key, value in sorted(graph.properties.items()) if key not in HIDDEN]
    said = [f"  # {line}" for name in REMARKS[1:] for line in graph.properties.get(name, "").splitlines()]
    said += [f"  # {name}: {graph.properties[name]}" for name in FACTS if name in graph.properties]
    said += [f"  # {line}" for line in precision_lines(graph)]
    return "\n".join([" ".join(head) + " {", *said, *(f"  {line}" for line in _lines(graph)), "}"]) + "\n"


def _lines(graph: Graph) -> Iterator[str]:
    for node in graph:
        origin = f"  # {node.origin}" if node.origin not in ("", node.name) else ""
        yield f"{node.name}: {graph.signals[node.name]} = {_call(node)}{origin}"


def _call(node: Node) -> str:
    members = "" if isinstance(node.op, Input) else _members(node.op)
    reads = f"reads {', '.join(node.reads)}" if node.reads else ""
    inside = "; ".join(part for part in (" + ".join(node.inputs), reads, members) if part)
    return f"{node.op.name}({inside})"


def _members(value: object) -> str:
    return ", ".join(
        f"{field.name}={_value(getattr(value, field.name))}"
        for field in fields(value)  # type: ignore[arg-type]
        if getattr(value, field.name) is not None and not _signals(getattr(value, field.name))
    )


def _signals(value: object) -> bool:
    """Whether a field only says what its operands are, which their own lines show."""
    return isinstance(value, tuple) and bool(value) and all(isinstance(member, Signal) for member in value)


def _value(value: object) -> str:
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, sparse.csr_array):
        return f"{_extents(value.shape)} {value.dtype} sparse, {value.nnz} stored"
    if isinstance(value, (Element, Fixed, Float, Signal)):
        return str(value)
    if isinstance(value, Axis):
        return _window(value)
    if isinstance(value, tuple) and any(isinstance(member, Axis) for member in value):
        return f"[{', '.join(map(_value, value))}]"
    if hasattr(value, "__dataclass_fields__"):
        return f"{type(value).__name__}({_members(value)})"
    return str(value)


def _window(axis: Axis) -> str:
    """``5 stride 2 pad 1``: what is usual is left out; padding before and after that differs reads ``pad 1+0``."""
    pad = f"{axis.before}" if axis.before == axis.after else f"{axis.before}+{axis.after}"
    parts = (("stride", axis.stride, 1), ("pad", pad, "0"), ("dilation", axis.dilation, 1))
    return " ".join([str(axis.kernel), *(f"{name} {value}" for name, value, usual in parts if value != usual)])


def _array(array: Array) -> str:
    if array.size and np.all(array == array.flat[0]):
        one = f"{float(array.flat[0]):g}"
        return one if array.ndim == 0 else f"{one} ({_extents(array.shape)})"
    if array.size == 0:
        return f"{_extents(array.shape)} empty"
    wide = array.astype(np.float64)
    return f"{_extents(array.shape)} {array.dtype} in [{wide.min():g}, {wide.max():g}]"


def _extents(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"
