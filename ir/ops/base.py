"""What every op is: a frozen dataclass that knows its output signal, its states and its own problems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeGuard

import numpy as np
import numpy.typing as npt
from scipy import sparse

from ..signal import Element, Kind, Shape, Signal

Array = npt.NDArray[Any]
Matrix = Array | sparse.csr_array


COUNT = Signal((), Kind.DENSE, Element("int64"))
"""A number of steps."""


@dataclass(frozen=True)
class Problem:
    """A violation that an op found in itself; the verifier adds the node's name."""

    code: str
    found: str
    limit: str = ""
    remedy: str = ""


@dataclass(frozen=True, eq=False)
class Op:
    """Base of all ops. The inputs of a node are summed; the op sees one source signal.

    ``stage`` says where the op may stand: in a ``model`` as imported (continuous time), in a graph in ``steps``,
    or in both.
    """

    name: ClassVar[str] = "op"
    stage: ClassVar[str] = "both"
    stateful: ClassVar[bool] = False
    needs_source: ClassVar[bool] = True
    """Whether the output's shape depends on the source's."""
    fed: ClassVar[bool] = True
    """Whether a node of it has an input."""

    def output(self, source: Signal | None) -> Signal:
        """The output signal; ``source`` is None only where ``needs_source`` is False."""
        raise TypeError(f"{self.name} does not define its output")

    def accepts(self) -> Shape | None:
        """The shape the source must have, or None where any will do."""
        return None

    def states(self) -> dict[str, Signal]:
        """The states by name, in the order in which they are updated."""
        return {}

    def carried(self, source: Signal | None) -> dict[str, Signal]:
        """What a step hands to the next, by name: all that a run needs to go on from another's end."""
        return self.states()

    def internals(self) -> dict[str, Signal]:
        """What a step computes on its way and the interpreter can record beside the states, by name."""
        return {}

    def read_shapes(self) -> tuple[Shape, ...]:
        """The shapes of the signals that a node of this op reads beside its summed input."""
        return ()

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        """The op's own problems; parameters that no float32 holds are always among them."""
        yield from not_finite(self)


class Parameters:
    """Base of the parts of an op: every number in it becomes an array."""

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if isinstance(value, np.generic):
                object.__setattr__(self, field.name, np.asarray(value))


FLOAT32_MAX = float(np.finfo(np.float32).max)

ZERO: Array = np.asarray(0.0)
ONE: Array = np.asarray(1.0)


def is_sparse(matrix: Matrix) -> TypeGuard[sparse.csr_array]:
    """Whether a matrix is held sparse."""
    return sparse.issparse(matrix)


def arrays(value: object, prefix: str = "") -> Iterator[tuple[str, Array]]:
    """Every array below a dataclass, with its dotted name; of a sparse matrix, its stored values."""
    for field in fields(value):  # type: ignore[arg-type]
        member = getattr(value, field.name)
        if isinstance(member, np.ndarray):
            yield prefix + field.name, member
        elif isinstance(member, sparse.csr_array):
            yield prefix + field.name, member.data
        elif hasattr(member, "__dataclass_fields__"):
            yield from arrays(member, prefix + field.name + ".")


def not_finite(op: Op) -> Iterator[Problem]:
    """One problem for every parameter with values that are NaN, infinite or beyond a float32."""
    for name, array in arrays(op):
        if array.size and array.min() >= -FLOAT32_MAX and array.max() <= FLOAT32_MAX:  # NaN is in every extreme
            continue
        bad = array.size - int(np.count_nonzero(np.abs(array) <= FLOAT32_MAX))
        if bad:
            yield Problem(
                "AX302",
                f"{name} has {bad} of {array.size} values that are NaN, infinite or beyond a float32",
                "every parameter must be finite",
                "export the model again from finite weights",
            )


def initial_problems(initial: Array | None, shape: Shape, whole: int | None = None) -> Iterator[Problem]:
    """What is wrong with the values that a state begins with: their shape, and, where they are ``whole``, integers that
    lie beyond that."""
    if initial is not None and initial.shape != shape:
        yield Problem("AX103", f"initial values of {initial.shape}", f"one a unit: {shape}", "correct the parameters")
    elif initial is not None and whole is not None and not _are_whole(initial, whole):
        found, limit = f"initial values up to {np.abs(initial).max():g}", f"whole numbers up to {whole}"
        yield Problem("AX306", found, limit, "correct the parameters")


def _are_whole(values: Array, most: int) -> bool:
    return bool(np.all(values == np.rint(values)) and np.abs(values).max(initial=0) <= most)


def misshapen(op: Op, shape: Shape) -> Iterator[Problem]:
    """One problem for every parameter that is neither one number nor one a neuron."""
    for name, array in arrays(op):
        if array.shape not in ((), shape):
            limit = f"one value, or one a neuron: {shape}"
            yield Problem("AX103", f"{name} has shape {array.shape}", limit, "correct the parameters")


def uniform(array: Array) -> bool:
    """Whether all elements are equal (so that one copy suffices)."""
    return array.size > 0 and bool(np.all(array == array.flat[0]))
