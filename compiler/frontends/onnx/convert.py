"""From the nodes of an ONNX model to a draft: names become values, functions and bodies are read in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from onnx import AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto, helper

from axonc.ir import Diagnostic
from axonc.ir.ops import Array, Constant

from .bodies import standard_body
from .call import Call, Item, Items, Made, format_from
from .draft import Draft, OperatorError, Value, known
from .files import MAX_DEPTH, array_of, shown
from .operators import CUSTOM, OPERATORS

STANDARD = ("", "ai.onnx")
Key = tuple[str, str, str]

MALFORMED = (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError)
"""What an operator that contradicts itself may raise: it is refused like one whose fault was looked for."""


@dataclass(frozen=True, eq=False)
class Scope:
    """What names mean: in a graph, a body or a function."""

    opsets: Mapping[str, int]
    prefix: str = ""
    items: dict[str, Item | None] = field(default_factory=dict)
    outer: Scope | None = None
    attributes: Mapping[str, AttributeProto] = field(default_factory=dict)
    depth: int = 0

    def find(self, name: str) -> Item | None:
        """What a name means here or outside; None if nothing could be made of it."""
        if name in self.items:
            return self.items[name]
        if self.outer is not None:
            return self.outer.find(name)
        raise OperatorError(f"nothing computes {name!r}", "operators stand after what they read", "AX104")


class Converter:
    """Reads one model. ``problems`` collects everything that is wrong with it."""

    def __init__(self, model: ModelProto, folder: Path | None, sequence: bool) -> None:
        self.model, self.folder, self.sequence = model, folder, sequence
        self.draft, self.problems = Draft(), list[Diagnostic]()
        self.functions = {key_of(function): function for function in model.functions}

    def initializers(self, graph: GraphProto) -> dict[str, Item | None]:
        """The stored tensors of a graph."""
        return {tensor.name: self._known(tensor, tensor.name) for tensor in graph.initializer}

    def _known(self, tensor: TensorProto, name: str) -> Value | None:
        try:
            return known(self.array(tensor), name)
        except OperatorError as error:
            self._refuse(name, error)
            return None

    def array(self, tensor: TensorProto) -> Array:
        """The numbers of a tensor."""
        format_from(tensor.data_type)
        return array_of(tensor, self.folder)

    def nodes(self, nodes: Iterable[NodeProto], scope: Scope) -> None:
        """Convert nodes in their order; what cannot be is a problem, and what depends on it is passed over."""
        for node in nodes:
            try:
                inputs = [scope.find(name) if name else None for name in node.input]
                if any(found is None and name for found, name in zip(inputs, node.input, strict=True)):
                    made: list[Item | None] = [None] * len(node.output)
                else:
                    made = list(self._node(node, inputs, scope))
            except OperatorError as error:
                self._refuse(self._path(node, scope), error, node.op_type)
                made = [None] * len(node.output)
            scope.items.update(zip([name for name in node.output], made, strict=False))

    def _refuse(self, path: str, error: OperatorError, operator: str = "") -> None:
        found = f"{operator}: {error.found}" if operator else error.found
        problem = Diagnostic(error.code, shown(path), found, error.limit, error.remedy)
        if problem not in self.problems:
            self.problems.append(problem)

    def _path(self, node: NodeProto, scope: Scope) -> str:
        return scope.prefix + (node.name or (node.output[0] if node.output else "") or node.op_type)

    def _node(self, node: NodeProto, inputs: list[Item | None], scope: Scope) -> Sequence[Item | None]:
        """The items of a node's outputs."""
        domain = "" if node.domain in STANDARD else node.domain
        version = scope.opsets.get(domain, 1)
        body = self.functions.get((node.domain, node.op_type, getattr(node, "overload", "")))
        maker = (OPERATORS if not domain else CUSTOM).get(node.op_type if not domain else f"{domain}::{node.op_type}")
        if body is None and maker is None and not domain:
            body = standard_body(node, version, [None if item is None else item for item in inputs])
        if body is not None:
            return self._function(body, node, inputs, scope)
        if maker is None:
            raise OperatorError("this operator is not supported", "", "AX130")
        attributes, body_of = self._attributes(node, scope), self.body(scope)
        call = Call(node, version, self.draft, tuple(inputs), attributes, scope, body_of, self.sequence)
        return self._made(call, maker, scope)

    def _made(self, call: Call, maker: Callable[[Call], Made], scope: Scope) -> Sequence[Item | None]:
        draft, node, since = self.draft, call.node, len(self.draft.nodes)
        outer = draft.hint, draft.origin
        first = next((name for name in node.output if name), node.op_type)
        draft.hint, draft.origin = scope.prefix + first, self._path(node, scope)
        try:
            made = maker(call)
        except MALFORMED as error:
            raise OperatorError(f"it cannot be read: {type(error).__name__}: {error}", "a valid operator") from error
        finally:
            draft.hint, draft.origin = outer
        items = [made] if isinstance(made, (Value, Items)) else list(made)
        new = set(islice(reversed(draft.nodes), len(draft.nodes) - since))
        return [
            self._named(item, scope.prefix + name if name else "", since if _node(item) in new else None)
            for item, name in zip(items, node.output, strict=False)
        ]

    def _named(self, item: Item, name: str, since: int | None) -> Item:
        """The item under the name that the model gives it; ``since``: where its node is new."""
        if not isinstance(item, Value) or not name:
            return item
        if item.known is not None:
            return replace(item, node=item.node or name)
        here = self.draft.current(item.node)
        if since is None or name in self.draft.reserved or here != item.node or self._is_constant(here):
            return item
        new = self.draft.fresh(name)
        self.draft.rename(item.node, new, since)
        return replace(item, node=new)

    def _is_constant(self, name: str) -> bool:
        return isinstance(self.draft.nodes[name].op, Constant)

    def _function(
        self, body: FunctionProto, node: NodeProto, inputs: list[Item | None], scope: Scope
    ) -> Sequence[Item | None]:
        """The items of a function that is read in place."""
        if scope.depth > MAX_DEPTH:
            raise OperatorError("functions call each other too deep", f"at most {MAX_DEPTH} deep", "AX105")
        given = {attribute.name: self._bound(attribute, scope) for attribute in node.attribute}
        defaults = {attribute.name: attribute for attribute in body.attribute_proto}
        opsets = {entry.domain: entry.version for entry in body.opset_import} or scope.opsets
        opsets = {"" if domain in STANDARD else domain: version for domain, version in opsets.items()}
        named = dict(zip(body.input, [*inputs, *[None] * len(body.input)], strict=False))
        prefix = f"{self._path(node, scope)}/"
        inner = Scope(opsets, prefix, named, None, {**defaults, **given}, scope.depth + 1)
        absent = {name for name, item in named.items() if item is None}
        self.nodes([_without(child, absent) for child in body.node], inner)
        return [inner.find(name) for name, _ in zip(body.output, node.output, strict=False)]

    def _bound(self, attribute: AttributeProto, scope: Scope) -> AttributeProto:
        """An attribute with its value, where it refers to one of the function that the node stands in."""
        if not attribute.ref_attr_name or attribute.ref_attr_name not in scope.attributes:
            return attribute
        bound = AttributeProto()
        bound.CopyFrom(scope.attributes[attribute.ref_attr_name])
        bound.name = attribute.name
        return bound

    def _attributes(self, node: NodeProto, scope: Scope) -> dict[str, Any]:
        bound = [self._bound(attribute, scope) for attribute in node.attribute]
        return {a.name: self._value(a) for a in bound if not a.ref_attr_name}

    def _value(self, attribute: AttributeProto) -> Any:
        if attribute.type == AttributeProto.TENSOR:
            return self.array(attribute.t)
        return helper.get_attribute_value(attribute)

    def body(self, scope: Scope) -> Any:
        """A reader of the graphs among the attributes of nodes in this scope."""

        def read(graph: GraphProto, items: Sequence[Item]) -> list[Item]:
            if scope.depth > MAX_DEPTH:
                raise OperatorError("graphs are nested too deep", f"at most {MAX_DEPTH} deep", "AX105")
            prefix = f"{self.draft.origin}/"
            named = dict(zip([value.name for value in graph.input], items, strict=False))
            outer = replace(scope, items={**self.initializers(graph), **named}, outer=scope)
            inner = replace(outer, prefix=prefix, depth=scope.depth + 1)
            before = len(self.problems)
            hint = self.draft.hint, self.draft.origin
            self.nodes(graph.node, inner)
            self.draft.hint, self.draft.origin = hint
            found = [inner.find(value.name) for value in graph.output]
            if len(self.problems) > before or any(item is None for item in found):
                raise _PassedOverError
            return [item for item in found if item is not None]

        return read


def _node(item: Item) -> str:
    return item.node if isinstance(item, Value) else ""


class _PassedOverError(OperatorError):
    """A body has problems of its own."""

    def __init__(self) -> None:
        super().__init__("its body cannot be compiled", "", "AX130", "see its operators")


def _without(node: NodeProto, absent: set[str]) -> NodeProto:
    """A node of a function, less the inputs that are left out where it is called."""
    if not absent & set(node.input):
        return node
    copy = NodeProto()
    copy.CopyFrom(node)
    copy.input[:] = ["" if name in absent else name for name in node.input]
    return copy


def key_of(function: FunctionProto) -> Key:
    """What a node calls a function by."""
    return function.domain, function.name, getattr(function, "overload", "")
