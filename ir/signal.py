"""What flows along an edge: its shape, its kind and the format of its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Float:
    """IEEE 754 binary32 or binary64."""

    bits: int = 32

    def __str__(self) -> str:
        return f"float{self.bits}"


@dataclass(frozen=True)
class Fixed:
    """Signed fixed point: a stored integer n means n * 2^-frac; |n| <= 2^(bits-1) - 1, clipped symmetrically."""

    bits: int
    frac: int = 0

    @property
    def limit(self) -> int:
        """The largest stored integer."""
        return (1 << (self.bits - 1)) - 1

    @property
    def scale(self) -> float:
        """The value of one unit in the last place."""
        return 2.0**-self.frac

    def __str__(self) -> str:
        return f"fixed{self.bits}.{self.frac}" if self.frac else f"int{self.bits}"


@dataclass(frozen=True)
class Element:
    """Numbers of a plain machine type, by its name in `elements.ELEMENTS`: ``bool``, ``int64``, ``float16``, ..."""

    name: str

    def __str__(self) -> str:
        return self.name


Format = Float | Fixed | Element


class Kind(Enum):
    """``DENSE``: a value at every step. ``EVENT``: spikes, counted. ``GRADED``: events that carry a value."""

    DENSE = "dense"
    EVENT = "event"
    GRADED = "graded"


@dataclass(frozen=True)
class Signal:
    """A signal of ``shape``. ``peak`` is the largest number of events an element of an EVENT signal has in a step."""

    shape: Shape
    kind: Kind = Kind.DENSE
    format: Format = Float()
    peak: int = 1

    def __str__(self) -> str:
        extents = "x".join(map(str, self.shape)) or "scalar"
        if self.kind is Kind.EVENT:
            return f"event[{extents}]" if self.peak == 1 else f"event[{extents}, up to {self.peak}]"
        return f"{self.kind.value}[{extents}] {self.format}"


def added(signals: list[Signal]) -> Signal:
    """The signal of a sum: events add up to counts, anything else to a dense value of the first one's format."""
    first = signals[0]
    if len(signals) == 1:
        return first
    if all(signal.kind is Kind.EVENT for signal in signals):
        return Signal(first.shape, Kind.EVENT, first.format, sum(signal.peak for signal in signals))
    dense = next(signal for signal in signals if signal.kind is not Kind.EVENT)
    return Signal(first.shape, dense.kind, dense.format)
