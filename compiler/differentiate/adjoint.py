"""What differentiation gives: the backward graph, and how it belongs to the forward one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from axonc.ir import Graph
from axonc.ir.ops import Op

from .parameters import Parameter

Make = Callable[[Op], Op]
"""The op of a backward node, from that of the forward node that it belongs to."""


@dataclass(frozen=True)
class Backward:
    """The gradient of a loss over a sequence of T steps, as a graph in steps; its step k is the forward step T-1-k.

    Attributes:
        graph: the backward graph. Its inputs are ``seeds`` and ``tape``, given in reverse; its outputs ``gradients``
            and ``inputs``. Of a gradient the last step counts; of an input's derivative every step does.
        seeds: forward output -> the input that takes dL/d(output), one value a step.
        tape: the input of the backward graph -> the forward signal (as `interpret` records it) that it takes.
        gradients: output -> the parameter whose gradient it gives.
        inputs: output -> the forward input whose derivative it gives at every step.
        origins: backward node -> (forward node, how its op follows from that node's op), for those that change with
            parameters.
    """

    graph: Graph
    seeds: Mapping[str, str]
    tape: Mapping[str, str]
    gradients: Mapping[str, Parameter]
    inputs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    origins: Mapping[str, tuple[str, Make]] = field(default_factory=lambda: MappingProxyType({}))

    def ops(self, forward: Mapping[str, Op]) -> dict[str, Op]:
        """The ops of the backward graph by node, for other parameters of the forward one."""
        ops = {node.name: node.op for node in self.graph}
        ops.update({name: make(forward[source]) for name, (source, make) in self.origins.items()})
        return ops
