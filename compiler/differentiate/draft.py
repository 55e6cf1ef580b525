"""The backward graph while it grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from axonc.ir import Graph, Node, Shape, Signal
from axonc.ir.interpret.run import recordable, split_reference
from axonc.ir.ops import Delay, Input, Op, Output, Surrogate, Total

from .adjoint import Make
from .parameters import Parameter


def of_input(node: Node) -> str:
    """The backward node that gives the derivative with respect to the summed input of a forward node."""
    return f"d({node.name})"


def of_read(node: Node) -> str:
    """The same, with respect to the signal that it reads."""
    return f"d({node.name} read)"


@dataclass
class Draft:
    """Nodes by name, and what belongs to what. Backward nodes are called after forward ones:

    ``d(lif1)`` the derivative with respect to the summed input of lif1, ``d(lif1:v)`` to its v before the reset,
    ``tape(lif1:m)`` a recorded signal, ``grad(fc.weight)`` a gradient.
    """

    forward: Graph
    surrogates: Mapping[str, Surrogate | None]
    attached: bool
    wanted: Mapping[str, tuple[Parameter, ...]]
    nodes: dict[str, Node] = field(default_factory=dict)
    tape: dict[str, str] = field(default_factory=dict)
    seeds: dict[str, str] = field(default_factory=dict)
    gradients: dict[str, Parameter] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    origins: dict[str, tuple[str, Make]] = field(default_factory=dict)

    def add(self, name: str, forward: Node, make: Make, inputs: Sequence[str], reads: Sequence[str] = ()) -> str:
        """A node whose op follows from that of ``forward``."""
        self.nodes[name] = Node(name, make(forward.op), tuple(inputs), forward.origin, tuple(reads))
        self.origins[name] = (forward.name, make)
        return name

    def late(self, name: str, steps: int = 1) -> str:
        """The value that ``name`` had at the step before, which is that of the next forward step."""
        delayed = f"late({name})"
        self.nodes[delayed] = Node(delayed, Delay(steps), (name,), self.nodes[name].origin)
        return delayed

    def seed(self, output: Node) -> None:
        """The input that takes the derivative with respect to a forward output."""
        name = self.seeds[output.name] = f"d({output.name})"
        self.nodes[name] = Node(name, Input(Signal(self.forward.signals[output.name].shape)), (), output.origin)

    def read(self, reference: str) -> str:
        """The input that takes a recorded forward signal."""
        name = f"tape({reference})"
        if name not in self.nodes:
            node, part = split_reference(reference)
            known = recordable(self.forward[node].op)[part] if part else self.forward.signals[node]
            self.nodes[name] = Node(name, Input(Signal(known.shape)), (), self.forward[node].origin)
            self.tape[name] = reference
        return name

    def enters(self, node: Node) -> Shape:
        """The shape of what enters a forward node."""
        signal = self.forward.source(node.name)
        assert signal is not None
        return signal.shape

    def entering(self, node: Node) -> tuple[str, ...]:
        """The recorded signals whose sum enters a forward node."""
        return tuple(self.read(name) for name in node.inputs)

    def gradient(self, parameter: Parameter, *totals: str) -> None:
        """The output that gives a parameter's gradient, the sum of ``totals``."""
        name = f"grad({parameter})"
        self.nodes[name] = Node(name, Output(), totals, self.forward[parameter.node].origin)
        self.gradients[name] = parameter

    def total(self, parameter: Parameter, inputs: Sequence[str], takes: Shape, reads: Sequence[str] = ()) -> str:
        """A total of ``inputs``, times the sum of ``reads``, in the shape of the parameter."""
        name = f"sum({parameter})"
        while name in self.nodes:
            name += "'"
        gives = tuple(parameter.of(self.forward[parameter.node].op).shape)
        op: Op = Total(gives, takes, len(reads))
        self.nodes[name] = Node(name, op, tuple(inputs), self.forward[parameter.node].origin, tuple(reads))
        return name
