"""What a training program is made of: both graphs of a training and how they belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from axonc.ir import Graph
from axonc.ir.loops import Item
from axonc.ir.ops import Array


@dataclass(frozen=True)
class Goal:
    """The loss: of the output ``over`` the steps, reduced to r [B, C].

    ``cross_entropy``: -log softmax(scale r)[label]; ``mean_squared``: the mean of (r - target)^2.
    """

    name: Literal["cross_entropy", "mean_squared"]
    over: Literal["sum", "mean", "last"]
    scale: float = 1.0


@dataclass(frozen=True)
class Update:
    """How parameters move: an optimiser's ``name``, the ``numbers`` that its vertex takes, and the arrays (``slots``)
    that it keeps of each parameter."""

    name: Literal["sgd", "adam"]
    numbers: Mapping[str, float]
    slots: tuple[str, ...]


Form = Literal["dense", "spikes", "gradients"]


@dataclass(frozen=True)
class Lists:
    """How the events of populations come to matrices.

    ``form``: ``dense``: all values; ``spikes``: lists of the neurons that sent; ``gradients``: of those that learn,
    too, and derivatives of these alone go back; ``auto``: what takes the fewest cycles. ``capacity``: neurons that the
    list of a sample has room for, by population; other lists have room for all. ``active``, ``learning``: the parts of
    the neurons that send and that learn in an ordinary step, for estimates alone.
    """

    form: Form | Literal["auto"] = "auto"
    capacity: Mapping[str, int] = field(default_factory=dict)
    active: float = 1 / 8
    learning: float = 1 / 4


@dataclass(frozen=True)
class Task:
    """A training of ``batch`` sequences of ``steps`` steps at once.

    Attributes:
        forward, backward: graphs in steps; step k of the backward one is the forward step T-1-k.
        tape: input of the backward graph -> the forward signal, or internal of a node, that it takes.
        seeds: forward output -> the input of the backward graph that takes the loss's derivative.
        origins: backward node -> the forward node that it is the adjoint of.
        gradients: output of the backward graph -> (node, field) of the parameter.
        parameters: (node, field) -> the value that training begins with.
        output: the output that the loss sees.
        moves: what one step of training does, with the checkpoints of a plan.
        lists: how events come to matrices.
    """

    forward: Graph
    backward: Graph
    tape: Mapping[str, str]
    seeds: Mapping[str, str]
    origins: Mapping[str, str]
    gradients: Mapping[str, tuple[str, str]]
    parameters: Mapping[tuple[str, str], Array]
    output: str
    goal: Goal
    update: Update
    steps: int
    batch: int
    moves: tuple[Item, ...] = ()
    lists: Lists = field(default_factory=Lists)

    @property
    def divisor(self) -> int:
        """What the loss divides the output pooled over the steps by."""
        return self.steps if self.goal.over == "mean" else 1
