"""An operator of a model with its operands: what the makers of ops are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import NodeProto, TensorProto

from axonc.ir.ops import Array
from axonc.ir.signal import Format

from .draft import Draft, OperatorError, Value, known
from .files import TYPES

if TYPE_CHECKING:
    from .convert import Scope


@dataclass(frozen=True, eq=False)
class Items:
    """A sequence of tensors. ``stacked``: of a loop that runs step by step, its elements along a new first axis;
    ``added`` collects them while the body of that loop is read."""

    values: tuple[Value, ...] = ()
    stacked: Value | None = None
    added: tuple[Value, ...] | None = None


Item = Value | Items
Made = Item | Sequence[Item]


@dataclass(frozen=True, eq=False)
class Call:
    """One operator. ``inputs`` are None where an optional one is left out; ``version`` is that of its operator set."""

    node: NodeProto
    version: int
    draft: Draft
    inputs: tuple[Item | None, ...]
    attributes: Mapping[str, Any]
    scope: Scope
    body: Callable[..., list[Item]] = field(repr=False)
    """Reads a graph among the attributes: ``body(graph, items)`` gives its outputs."""
    sequence: bool = False
    """Whether recurrences become steps; else they are unrolled."""

    def has(self, index: int) -> bool:
        """Whether an input is given."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def __getitem__(self, index: int) -> Value:
        """A tensor that must be given."""
        found = self.inputs[index] if self.has(index) else None
        if not isinstance(found, Value):
            raise OperatorError(f"input {index} is {'a sequence' if found else 'missing'}", "a tensor")
        return found

    def optional(self, index: int) -> Value | None:
        """A tensor that may be left out."""
        return self[index] if self.has(index) else None

    @property
    def tensors(self) -> list[Value]:
        """All inputs."""
        return [self[index] for index in range(len(self.inputs))]

    def known(self, index: int) -> Array:
        """The numbers of an input that must be known when the model is compiled."""
        value = self[index]
        if value.known is None:
            name = self.node.input[index]
            limit = "this input must be known when the model is compiled"
            raise OperatorError(f"{name!r} is computed while the model runs", limit, "AX132", "make it an initializer")
        return value.known

    def whole(self, index: int) -> list[int]:
        """The whole numbers of such an input."""
        return [int(number) for number in np.asarray(self.known(index)).reshape(-1)]

    def whole_of(self, name: str, index: int) -> list[int] | None:
        """Whole numbers that older operator sets hold in an attribute, newer ones in an input."""
        if name in self.attributes:
            return [int(number) for number in np.atleast_1d(self.attributes[name])]
        return self.whole(index) if self.has(index) else None

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute; text as str."""
        found = self.attributes.get(name, default)
        return found.decode("utf8", "replace") if isinstance(found, bytes) else found

    def axis(self, rank: int, default: int | None = 0) -> int:
        """The attribute ``axis``, from the end if negative."""
        return axis_of(int(self.get("axis", default)), rank)

    def wants(self, index: int) -> bool:
        """Whether an output is used."""
        return index < len(self.node.output) and bool(self.node.output[index])

    def number(self, value: float, like: Value) -> Value:
        """A number in the format of another tensor."""
        return self.draft.scalar(value, like)


def axis_of(axis: int, rank: int) -> int:
    """An axis counted from the front."""
    if not -rank <= axis < max(rank, 1):
        raise OperatorError(f"axis {axis} of {rank}", f"from {-rank} to {rank - 1}", "AX301")
    return axis + rank if axis < 0 else axis


def format_from(number: int) -> Format:
    """The format of an ONNX element type."""
    if number not in TYPES:
        name = TensorProto.DataType.Name(number) if number in TensorProto.DataType.values() else str(number)
        raise OperatorError(f"elements of type {name.lower()}", "real numbers and bool", "AX131", "use another type")
    return known(np.zeros(0, TYPES[number])).signal.format
