"""What can be recorded, and the tensors that hold it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from axonc.ir.network import Network
from axonc.ir.ops import Input

from .lower.units import unit_of
from .operations.operation import Stored

BESIDE_V = ("i", "t")
"""States that lie where currents do: those, and when a neuron spiked within its step."""


@dataclass(frozen=True)
class Recorded:
    """A signal ``name`` of a population, in its tensor ``tensor``, whose elements have the numpy type ``dtype``."""

    name: str
    population: str
    tensor: str
    dtype: str


def signals_of(net: Network) -> tuple[Recorded, ...]:
    """Every output and state of every population, in the order of the program's list."""
    return tuple(signal for population in net.populations for signal in _signals(net, population.name))


def _signals(net: Network, name: str) -> Iterator[Recorded]:
    op = net.by_name[name].op
    if isinstance(op, (Input, Stored)):
        return
    unit = unit_of(op)
    output = ("sent", unit.sent) if unit.sent else ("voltage", unit.state)
    yield Recorded(name, name, *output)
    for state in op.states():
        yield Recorded(f"{name}:{state}", name, "current" if state in BESIDE_V else "voltage", unit.state)
