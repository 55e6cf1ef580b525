"""Ops and shapes of all nodes, from the inputs along the edges: found here, and compared with those in the file."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod

from axonc.ir import Shape, Signal
from axonc.ir.ops import Conv, Flatten, Input, Op, Output

from .fields import MAX_ELEMENTS, FieldError, Fields, as_array, shape_field
from .flatten import Flat
from .inputs import input_shape
from .makers import MAKERS, TYPES
from .report import Report
from .wanted import complete, stated_shape, stated_spatial, wanted


def infer(flat: Flat, signal: Signal, report: Report) -> dict[str, Op]:
    """The op of every node but the ports; what is wrong, and what had to be repaired, is reported."""
    walk = Inference(flat, signal, report)
    for name in _reading_order(flat):
        walk.visit(name)
    walk.judge_inputs()
    return walk.ops


def _reading_order(flat: Flat) -> Iterator[str]:
    """Breadth first from the inputs: at least one node that feeds a node comes before it, if an input reaches it."""
    starts = sorted(name for name, node in flat.nodes.items() if node.type == "Input" and name not in flat.ports)
    pending, seen = deque(starts), set(starts)
    for rest in ([], *([name] for name in sorted(flat.nodes))):
        pending.extend(name for name in rest if name not in seen)
        seen.update(rest)
        while pending:
            name = pending.popleft()
            yield name
            fresh = [after for after in dict.fromkeys(flat.after[name]) if after not in seen]
            seen.update(fresh)
            pending.extend(fresh)


@dataclass
class Inference:
    """What is known so far: the ops, the shapes that leave the nodes, and inputs whose reading is not yet certain."""

    flat: Flat
    signal: Signal
    report: Report
    ops: dict[str, Op] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    doubtful: dict[str, tuple[Shape, Shape]] = field(default_factory=dict)
    outputs_agree: list[bool] = field(default_factory=list)

    def visit(self, name: str) -> None:
        """Make the op of a node and find its shape."""
        node = self.flat.nodes[name]
        if name not in self.flat.ports and node.type not in TYPES:
            found = f"the node type {node.type!r}"
            self.report.refuse("AX102", name, found, f"supported: {', '.join(TYPES)}", "replace the node")
            return
        try:
            self._make(name)
        except FieldError as error:
            self.report.refuse(error.code, name, error.found, error.limit, error.remedy)

    def _make(self, name: str) -> None:
        node, source = self.flat.nodes[name], self.source(name)
        if name in self.flat.ports:
            self._port(name, source)
            return
        if node.type == "Input":
            self.ops[name] = self._input(name)
        else:
            op = MAKERS[node.type](Fields(name, node.fields, source, self.report))
            check = _CHECKS.get(node.type)
            self.ops[name] = op if check is None or source is None else check(self, name, op, source)
        self._note_shape(name, self.ops[name], source)

    def source(self, name: str) -> Shape | None:
        """The shape of what feeds a node, from the first such node whose shape is known."""
        return next((self.shapes[before] for before in self.flat.before[name] if before in self.shapes), None)

    def _note_shape(self, name: str, op: Op, source: Shape | None) -> None:
        if op.needs_source and source is None:
            return
        shape = op.output(None if source is None else Signal(source)).shape
        if prod(shape) > MAX_ELEMENTS:
            raise FieldError(
                f"its output {shape} has more than {MAX_ELEMENTS} elements", "", "AX105", "make it smaller"
            )
        self.shapes[name] = shape

    def _port(self, name: str, source: Shape | None) -> None:
        if source is not None:
            self.shapes[name] = source
            self._compare(name, source)

    def _compare(self, name: str, true: Shape) -> None:
        """Tell where the shape that an Input or Output states is not the true one."""
        node = self.flat.nodes[name]
        if "shape" not in node.fields or node.type == "Identity":
            return
        stated = shape_field(node.fields)
        self.outputs_agree += [stated == true] if node.type == "Output" else []
        if stated != true:
            self.report.repair("AX115", name, f"the file says shape {stated}", f"what feeds it has {true}")

    def _input(self, name: str) -> Input:
        shape, stated = input_shape(self.flat, name, self.followers(name), self.report)
        if stated is not None:
            self.doubtful[name] = (stated, shape)
        return Input(replace(self.signal, shape=shape))

    def followers(self, name: str) -> list[str]:
        """The nodes that a node feeds, directly or through ports."""
        found, pending, seen = [], deque(self.flat.after[name]), {name}
        while pending:
            after = pending.popleft()
            if after not in seen:
                seen.add(after)
                found += [after] if after not in self.flat.ports else []
                pending.extend(self.flat.after[after] if after in self.flat.ports else ())
        return found

    def judge_inputs(self) -> None:
        """Leading axes of an input that are not 1 were no part of the model if its outputs, as stated, lack them."""
        if self.outputs_agree and all(self.outputs_agree):
            return
        for name, (stated, taken) in self.doubtful.items():
            remedy = "correct the input's shape"
            self.report.refuse("AX301", name, f"its shape is {stated}", f"what follows takes {taken}", remedy)

    def output(self, name: str, op: Op, source: Shape) -> Op:
        """An output whose shape is what feeds it."""
        self._compare(name, source)
        return Output(source)

    def conv(self, name: str, op: Op, source: Shape) -> Op:
        """A convolution; its stated ``input_shape`` is compared with the true one."""
        assert isinstance(op, Conv)
        stated, true = stated_spatial(self.flat.nodes[name], len(op.axes)), source[1:]
        if stated is None:
            self.report.repair("AX117", name, "it states no input_shape", f"what feeds it has {true}")
        elif stated != true:
            self.report.repair("AX115", name, f"the file says input_shape {stated}", f"what feeds it has {true}")
        return op

    def flatten(self, name: str, op: Op, source: Shape) -> Op:
        """A flattening, its axes counted without a batch axis."""
        assert isinstance(op, Flatten)
        stated = as_array(self.flat.nodes[name].fields.get("input_type"))
        stated = None if stated is None or stated.dtype.kind not in "iu" else stated.reshape(-1)
        if stated is not None and stated.size == len(source) + 1 and stated[0] in (0, 1):
            self.report.repair(
                "AX116", name, f"its axes are counted in {stated.tolist()}", f"what feeds it has {source}"
            )
            return Flatten(_without_batch(op.start_dim), _without_batch(op.end_dim))
        if self._takes_all(name, op, source):
            found = f"axes from {op.start_dim} on of {source}"
            self.report.repair("AX116", name, found, f"all flattened: what follows takes ({prod(source)},)")
            return Flatten(0, -1)
        self._compare_flatten(name, source)
        return op

    def _takes_all(self, name: str, op: Flatten, source: Shape) -> bool:
        """Whether ``start_dim`` 1 counted a batch axis: the weights behind take all elements in one axis."""
        if op.start_dim != 1 or op.end_dim not in (-1, len(source) - 1) or len(source) < 2:
            return False
        takes = [wanted(after, self.flat.nodes[after]) for after in self.followers(name)]
        return bool(takes) and all(complete(pattern) == (prod(source),) for pattern in takes)

    def _compare_flatten(self, name: str, source: Shape) -> None:
        stated = stated_shape(self.flat.nodes[name], "input_type")
        if "input_type" not in self.flat.nodes[name].fields:
            self.report.repair("AX117", name, "it states no input_type", f"what feeds it has {source}")
        elif stated != source:
            self.report.repair("AX115", name, f"the file says input_type {stated}", f"what feeds it has {source}")


def _without_batch(axis: int) -> int:
    return axis if axis < 0 else max(axis - 1, 0)


_CHECKS: Mapping[str, Callable[[Inference, str, Op, Shape], Op]] = {
    "Output": Inference.output,
    "Conv1d": Inference.conv,
    "Conv2d": Inference.conv,
    "Flatten": Inference.flatten,
}
"""What compares a node's stated shapes with the true ones, or reads its fields by them."""
