"""The table of rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from axonc.ir import Node
from axonc.ir.ops import (
    Delay,
    Flatten,
    FlattenAdjoint,
    Input,
    Linear,
    Neuron,
    NeuronAdjoint,
    Op,
    OuterTotal,
    Output,
    Scale,
    Total,
)

from ..draft import Draft, Side
from .maps import delay, given, linear, outer_total, passed, scale, total
from .neurons import neuron, neuron_adjoint

Rule = Callable[[Draft, Side, Node], None]

RULES: Mapping[type[Op], Rule] = {
    Input: given,
    Output: passed,
    Flatten: passed,
    FlattenAdjoint: passed,
    Delay: delay,
    Scale: scale,
    Linear: linear,
    OuterTotal: outer_total,
    Total: total,
    Neuron: neuron,
    NeuronAdjoint: neuron_adjoint,
}
"""What lowers a node of either graph: a forward op to vertices that leave a tape, an adjoint to those that take it."""
