"""Training for few bits: weights and states are rounded in the forward run, gradients pass straight through.

The rounded value stands where the exact one would; its derivative is taken as 1 (Bengio et al., arXiv:1308.3432; Jacob
et al., CVPR 2018). Weights are rounded by the functions that the compiler rounds them with, so that what is learned is
what it compiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from axonc.ir import Diagnostic, Graph, Node
from axonc.ir.levels import state_levels
from axonc.ir.ops import Array, Conv, Linear, Matrix, Neuron, Op, is_sparse

from ..number_formats import FormatChoice, chosen_format
from ..passes.host import GATED
from ..passes.payloads import matrix_groups
from ..passes.quantize import LEVELS, STATES, Quantize, level_problems, mixed_formats
from ..passes.weight_formats import WEIGHT_FORMATS, WeightFormat, WeightRules
from ..passes.weights import fan_in_scale, per_row
from .held import Grid, Held, Levels

FLOAT = "float32"


@dataclass(frozen=True)
class FakeQuantisation:
    """What training rounds to. ``weights`` and ``state`` are formats as in `Quantize`, float32 for no rounding;
    ``choices`` those of single nodes; ``rules`` say how weights get their scales.

    States q8 to q32 are fixed point whose range is ``reach`` times the largest threshold (of neurons without gate:
    ``reach``); levels (uniform4, centred4, ...) are those that the compiler makes, for spiking neurons.
    """

    weights: str = FLOAT
    state: str = FLOAT
    choices: tuple[FormatChoice, ...] = ()
    rules: WeightRules = WeightRules()  # noqa: RUF009 - a frozen value
    reach: float = 4.0

    def __str__(self) -> str:
        """What is not float32, by its name."""
        said = [f"{what} {name}" for what, name in (("weights", self.weights), ("state", self.state)) if name != FLOAT]
        return ", ".join([*said, *map(str, self.choices)])

    def problems(self, graph: Graph) -> Iterator[Diagnostic]:
        """What the compiler would refuse of these formats, and levels without a threshold to lie around."""
        how = self.rules
        weights = "int8" if self.weights == FLOAT else self.weights
        chosen = tuple(choice for choice in self.choices if (choice.what, choice.format) != ("weights", FLOAT))
        settings = (how.rounding, how.scope, how.scales, how.power_of_two, how.seed)
        yield from Quantize(weights, self.state, *settings, chosen).problems(graph)
        yield from (problem for population, maps in _sums(graph) for problem in self._mixed(population, maps))
        for node in graph:
            op = node.op
            if isinstance(op, Neuron) and op.gate is not None and self._state(node) in LEVELS:
                yield from level_problems(node, op.gate.threshold)

    def fan_ins(self, graph: Graph) -> tuple[FanIn, ...]:
        """All weights that are rounded, by the sum that they enter."""
        groups = [
            FanIn(tuple(node.name for node in maps), number, _gates(population, maps[0]))
            for population, maps in _sums(graph)
            if (number := self._format(population, maps)) is not None
        ]
        return tuple(groups)

    def rounded(self, fan_ins: tuple[FanIn, ...], ops: Mapping[str, Op]) -> dict[str, Op]:
        """``ops`` with rounded weights."""
        done = dict(ops)
        for group in fan_ins:
            done |= group.rounded(ops, self.rules)
        return done

    def grids(self, graph: Graph) -> dict[str, Held]:
        """What every neuron's states are rounded to."""
        neurons = ((node, node.op) for node in graph if isinstance(node.op, Neuron))
        found = {node.name: self._held(op, self._state(node)) for node, op in neurons}
        return {name: held for name, held in found.items() if held is not None}

    def _state(self, node: Node) -> str:
        return chosen_format(self.choices, "state", (node,), self.state)

    def _held(self, op: Neuron, name: str) -> Held | None:
        if name in LEVELS:
            return None if op.gate is None else Levels(state_levels(*LEVELS[name], float(op.gate.threshold.flat[0])))
        bits = STATES[name]
        if bits is None:
            return None
        limit = 2 ** (bits - 1) - 1
        return Grid(self._range(op) / limit, limit)

    def _range(self, op: Neuron) -> float:
        level = 1.0 if op.gate is None else float(np.max(np.abs(op.gate.threshold), initial=0.0))
        return self.reach * (level or 1.0)

    def _names(self, population: Node | None, maps: list[Node]) -> dict[str, str]:
        """The format of each map that enters one sum."""
        either = {node.name: (node,) if population is None else (node, population) for node in maps}
        return {name: chosen_format(self.choices, "weights", nodes, self.weights) for name, nodes in either.items()}

    def _mixed(self, population: Node | None, maps: list[Node]) -> Iterator[Diagnostic]:
        names = self._names(population, maps)
        if population is not None and len(set(names.values())) > 1:
            yield mixed_formats(population, names)

    def _format(self, population: Node | None, maps: list[Node]) -> WeightFormat | None:
        """The one format of weights that add up."""
        name = next(iter(self._names(population, maps).values()))
        return None if name == FLOAT else WEIGHT_FORMATS[name]


EXACT = FakeQuantisation()
"""No rounding."""


@dataclass(frozen=True)
class FanIn:
    """The maps ``names`` whose outputs add up, and their format. ``gates``: the equal parts of their rows that have
    scales of their own."""

    names: tuple[str, ...]
    number: WeightFormat
    gates: int = 1

    def rounded(self, ops: Mapping[str, Op], rules: WeightRules) -> dict[str, Op]:
        """The maps with what their integers stand for, in the type of the weights."""
        weights = [_weight(ops[name]) for name in self.names]
        scale = self._scale(weights, rules)
        held = (_restored(rules, name, w, scale, self.number) for name, w in zip(self.names, weights, strict=True))
        return {name: _with_weight(ops[name], new) for name, new in zip(self.names, held, strict=True)}

    def _scale(self, weights: list[Matrix], rules: WeightRules) -> Array:
        """() or one a channel, as `fan_in_scale` gives it; of several gates one a row."""
        units, height = [1.0] * len(weights), weights[0].shape[0] // self.gates
        parts = [[w[gate * height : (gate + 1) * height] for w in weights] for gate in range(self.gates)]
        scales = [fan_in_scale(part, units, rules, self.number) for part in parts]
        if self.gates == 1:
            return scales[0]
        return np.concatenate([np.broadcast_to(per_row(scale, height), height) for scale in scales])


def _sums(graph: Graph) -> Iterator[tuple[Node | None, list[Node]]]:
    """Every map once: with the population that it enters, and with those that enter it beside it; else alone."""
    seen: set[str] = set()
    for population, nodes in matrix_groups(graph):
        maps = [node for node in nodes if isinstance(node.op, (Linear, Conv)) and node.name not in seen]
        seen |= {node.name for node in maps}
        if maps:
            yield population, maps
    yield from ((None, [n]) for n in graph if isinstance(n.op, (Linear, Conv)) and n.name not in seen)


def _gates(population: Node | None, first: Node) -> int:
    if population is None or not isinstance(population.op, GATED):
        return 1
    return int(_weight(first.op).shape[0]) // population.op.units


def _weight(op: Op) -> Matrix:
    assert isinstance(op, (Linear, Conv))
    return op.weight


def _with_weight(op: Op, weight: Any) -> Op:
    assert isinstance(op, (Linear, Conv))
    return replace(op, weight=weight)


def _restored(rules: WeightRules, name: str, weight: Matrix, scale: Array, number: WeightFormat) -> Matrix:
    """scale * integers, in the type and with the stored places of ``weight``, those of zeros included."""
    rows = per_row(scale, weight.shape[0])
    if is_sparse(weight):
        each = np.repeat(np.broadcast_to(rows, weight.shape[0]), np.diff(weight.indptr))
        values = rules.whole(name, weight.data, each, number) * each
        return type(weight)((values.astype(weight.dtype), weight.indices, weight.indptr), shape=weight.shape)
    dense = np.asarray(weight)
    each = rows.reshape(-1, *(1,) * (dense.ndim - 1)) if rows.ndim else rows
    return np.asarray(rules.whole(name, dense, each, number) * each, dense.dtype)
