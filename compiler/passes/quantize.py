"""Quantisation: integer weights with one scale a fan-in, and states in float32 or fixed point."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, ClassVar, get_args

import numpy as np

from axonc.ir import Diagnostic, Fixed, Graph, Kind, Node, raise_if_any
from axonc.ir.levels import Spacing, state_levels
from axonc.ir.ops import (
    Array,
    Conv,
    Delay,
    FixedNeuron,
    FromFixed,
    LevelNeuron,
    Linear,
    Neuron,
    QuantConv,
    QuantLinear,
    Scale,
    ToFixed,
    uniform,
)
from axonc.ir.precision import with_precision

from ..number_formats import FormatChoice, choice_problems, chosen_format
from .base import Pass
from .fidelity import mean_error, restored, sqnr_db, state_fidelity
from .fixed_point import fix_neuron
from .gated import GatedUnits, in_units
from .host import GATED
from .observed import NOTHING, Observed
from .payloads import Sources, dense_sources, matrix_groups, payload_formats
from .populations import with_bias
from .weight_formats import WEIGHT_FORMATS, Rounding, Scales, Scope, WeightFormat, WeightRules
from .weights import ACCUMULATOR, MOST_FINER, accumulator_bound, fan_in_scale, grains, overflow, per_row, quantised

LEVELS: dict[str, tuple[Spacing, int]] = {
    f"{spacing}{bits}": (spacing, bits) for spacing in get_args(Spacing) for bits in (2, 3, 4, 8)
}
"""The state formats of tables of levels by name: how they are spaced, and their bits."""

STATES: dict[str, int | None] = {
    "float32": None,
    **{f"q{bits}": bits for bits in range(8, 33)},
    **dict.fromkeys(LEVELS),
}
"""The state formats by name: bits of the fixed point, None for float and for levels."""


@dataclass(frozen=True)
class Quantize(Pass):
    """Replaces every `Linear` by a `QuantLinear`, every `Conv` by a `QuantConv`, and every neuron by one that takes
    their integer sums.

    1. All weights W into a population share a scale s, over the whole fan-in (``scope`` fan_in) or per output channel
       (channel); Wq = W / s, rounded and clipped to ``weights``: int16, int8, int4, int2 or ternary. The output
       channels of a population are its neurons; if a convolution feeds it, the channels of its kernel.
    2. s is max |W| / (2^(bits-1) - 1), or that of the least squared error (``scales`` mse, which needs rounding to the
       nearest or at random); for ternary weights the mean of |W|. ``power_of_two`` rounds it up to a power of two.
       Weights that are integers times one step already, up to 127, keep their integers: s is the step.
    3. ``rounding``: nearest (half to even), truncate (toward zero), or stochastic: floor(W / s + u), with u uniform in
       [0, 1) from a hash of the node's name and ``seed``, so that the mean is W / s.
       With ``shifts``, matrices that add up in one sum may be finer than s by powers of two, each by its own for every
       scale: what they add is shifted to the finest of them, and no matrix loses by it (`grains`).
    4. The accumulator of neuron o is bounded by the sum of |Wq[o, j]| times the most events of source j in a step,
       pooled ones added up; it must fit in 32 bits.
    5. ``state`` float32: the input gain becomes gain * s. q8 to q32: `FixedNeuron`, formats by `fixed_point`, of the
       ranges that were ``observed`` where there are any. uniform2, 3, 4, 8 and centred2, 3, 4, 8: a neuron with a gate
       becomes a `LevelNeuron`, its levels those of `ir.levels`; others keep float32, and so does i.
    6. Values that graded events carry are integers of a unit u (`payloads`); W u takes the place of W.
    7. Gated units get cells of 16 bits whatever ``state`` (`gated`); their weights have one scale a gate, or a row.
    8. ``choices``: other formats for single nodes; all weights that enter one sum have the same.
    9. Where the mean of a source's events was ``observed``, E[(W - s Wq) x] is added to the population's offset.

    The property ``precision`` says what it cost.
    """

    name: ClassVar[str] = "quantize"
    requires: ClassVar[str] = "the form that the pass populations ensures"
    ensures: ClassVar[str] = "every accumulator is an exact int32"
    weights: str = "int8"
    state: str = "q32"
    rounding: Rounding = "nearest"
    scope: Scope = "fan_in"
    scales: Scales = "max"
    power_of_two: bool = False
    seed: int = 0
    choices: tuple[FormatChoice, ...] = ()
    observed: Observed = NOTHING
    shifts: bool = False

    @property
    def rules(self) -> WeightRules:
        """How weights get their scales and are rounded."""
        return WeightRules(self.rounding, self.scope, self.scales, self.power_of_two, self.seed)

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        raise_if_any(self.problems(graph))
        run = _Run(self, payload_formats(graph, self._limit))
        matrices = [matrix for _, group in matrix_groups(graph) for matrix in group]
        run.problems += [problem for matrix in matrices for problem in dense_sources(run.sources, matrix)]
        run.all()
        raise_if_any(run.problems)
        quantised_graph = _left(graph.with_nodes(new for node in graph for new in run.done.get(node.name, [node])))
        noted = quantised_graph.with_notes(run.notes)
        return with_precision(noted, run.weights_said, run.states_said), True

    def problems(self, graph: Graph) -> list[Diagnostic]:
        """Formats that do not exist, choices for nothing, options that contradict each other."""
        return [*self._unknown(), *choice_problems(graph, self.choices), *self._contradictions()]

    def weights_of(self, population: Node, matrix: Node) -> str:
        """The name of the format of a matrix into a population."""
        return chosen_format(self.choices, "weights", (matrix, population), self.weights)

    def state_of(self, population: Node) -> str:
        """The name of the format of a population's states."""
        return chosen_format(self.choices, "state", (population,), self.state)

    def _limit(self, population: Node, matrices: Sequence[Node]) -> int:
        """The largest integer of weights into a population."""
        return max(WEIGHT_FORMATS[self.weights_of(population, matrix)].limit for matrix in matrices)

    def _unknown(self) -> Iterator[Diagnostic]:
        given = [("", "weights", self.weights), ("", "state", self.state)]
        for name, what, number in [*given, *((c.pattern, c.what, c.format) for c in self.choices)]:
            known: Iterable[str] = WEIGHT_FORMATS if what == "weights" else ("float32", "q8 to q32", *LEVELS)
            if number not in (WEIGHT_FORMATS if what == "weights" else STATES):
                yield Diagnostic(
                    "AX403", name, f"{what} {number!r}", f"known: {', '.join(known)}", "choose one of them"
                )

    def _contradictions(self) -> Iterator[Diagnostic]:
        if self.scales == "mse" and self.rounding == "truncate":
            found, limit = "scales mse with rounding truncate", "the least squared error is that of the nearest integer"
            yield Diagnostic("AX407", "", found, limit, "choose rounding=nearest (weight_rounding=nearest)")
        ternary = [c.pattern for c in self.choices if c.format == "ternary"]
        if self.scales == "mse" and (self.weights == "ternary" or ternary):
            found, limit = "scales mse with ternary weights", "their scale is the mean of |W|"
            yield Diagnostic("AX407", ", ".join(ternary), found, limit, "choose int2, or leave scales out")


@dataclass
class _Run:
    """One run of the pass: what was made of each node, and what there is to say."""

    options: Quantize
    sources: Sources
    done: dict[str, list[Node]] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)
    notes: list[Diagnostic] = field(default_factory=list)
    weights_said: dict[str, dict[str, Any]] = field(default_factory=dict)
    states_said: dict[str, Any] = field(default_factory=dict)

    def all(self) -> None:
        """Every population and rounded input, with what feeds it."""
        refused = {problem.node for problem in self.problems}
        for node in self.sources.graph:
            if isinstance(node.op, ToFixed):
                self.done[node.name] = [replace(node, op=ToFixed(self.sources.formats[node.name]))]
            elif isinstance(node.op, Delay) and self.sources.origin(node.name).name in self.sources.formats:
                initial = in_units(node.op.initial, self.sources.formats[self.sources.origin(node.name).name])
                self.done[node.name] = [replace(node, op=replace(node.op, initial=initial))]
            elif isinstance(node.op, (Neuron, *GATED)):
                matrices = [self.sources.graph[name] for name in _matrices(self.sources.graph, node)]
                if refused.isdisjoint(matrix.name for matrix in matrices):
                    number = self._format(node, [m for m in matrices if isinstance(m.op, (Linear, Conv))])
                    if number is not None:
                        self._quantise(node, number)

    def _quantise(self, node: Node, number: WeightFormat) -> None:
        if isinstance(node.op, Neuron):
            self._population(node, node.op, number)
        else:
            self._gated(node, number)

    def _format(self, node: Node, matrices: Sequence[Node]) -> WeightFormat | None:
        """The one format of all weights into a population; None, and a problem, where there are several."""
        formats = {matrix.name: self.options.weights_of(node, matrix) for matrix in matrices}
        if len(set(formats.values())) > 1:
            self.problems.append(mixed_formats(node, formats))
            return None
        return WEIGHT_FORMATS[next(iter(formats.values()), self.options.weights)]

    def _gated(self, node: Node, number: WeightFormat) -> None:
        if self.options.state_of(node) == "float32":
            self.problems.append(_float_state(node))
            return
        units = GatedUnits(self.sources, self.options.rules, number, self.options.observed)
        parts, found, said = units.quantised(node)
        self.problems += found
        self.weights_said |= said
        added = [part for part in parts if part.name not in self.sources.graph]
        self.done |= {part.name: [part] for part in parts if part.name in self.sources.graph}
        self.done[node.name] = [*added, *self.done.get(node.name, [])]
        for read in node.reads:  # what added several matrices up is done by the accumulators
            if isinstance(self.sources.graph[read].op, Scale):
                self.done[read] = []

    def _population(self, node: Node, op: Neuron, number: WeightFormat) -> None:
        graph, count = self.sources.graph, prod(op.shape)
        maps = {name: map_op for name in node.inputs if isinstance(map_op := graph[name].op, (Linear, Conv))}
        units = {name: self.sources.unit(graph[name].inputs[0]) for name in maps}
        for most in range(MOST_FINER if self.options.shifts else 0, -1, -1):
            scale, integers = self._integers(maps, units, number, most)
            parts = (
                accumulator_bound(integer, self.sources.most(graph[name].inputs[0]), count)
                for name, integer in integers.items()
            )
            bound = np.asarray(sum(parts, np.zeros(count)))
            if float(np.max(bound)) <= ACCUMULATOR.limit:
                break
        else:
            self.problems.append(overflow(node.name, float(np.max(bound)), number.bits))
            return
        for name, map_op in maps.items():
            self.done[name] = [replace(graph[name], op=integers[name])]
            op = self._judged(graph[name], map_op, integers[name], units[name], number, op)
        self.done[node.name] = [replace(node, op=self._neuron(node, op, scale, bound))]

    def _integers(
        self, maps: Mapping[str, Linear | Conv], units: Mapping[str, float], number: WeightFormat, most: int
    ) -> tuple[Array, dict[str, QuantLinear | QuantConv]]:
        """The integer weights into a population, and what a unit of their sum is worth; some up to 2^``most`` finer
        than others."""
        rules, weights = self.options.rules, [map_op.weight for map_op in maps.values()]
        scale = fan_in_scale(weights, list(units.values()), rules, number)
        shifts: Sequence[Array | None] = [None] * len(weights)
        if most and len(weights) > 1:
            scale, shifts = grains(weights, list(units.values()), scale, rules, number, most)
        up = dict(zip(maps, shifts, strict=True))
        return scale, {
            name: quantised(name, map_op, scale, units[name], rules, number, up[name]) for name, map_op in maps.items()
        }

    def _judged(
        self,
        node: Node,
        map_op: Linear | Conv,
        integer: QuantLinear | QuantConv,
        unit: float,
        number: WeightFormat,
        op: Neuron,
    ) -> Neuron:
        """The population, its offset corrected for what the integers of ``node`` lose on average."""
        held = restored(integer.weight, integer.weight_scale / unit)
        sqnr = sqnr_db(map_op.weight, held)
        self.weights_said[node.name] = {"format": number.name, "scales": int(integer.scale.size), "sqnr_db": sqnr}
        mean = self.options.observed.means.get(node.name)
        return op if mean is None else with_bias(op, mean_error(map_op, held, mean))

    def _levels(self, node: Node, op: Neuron, spacing: Spacing, bits: int) -> Neuron | LevelNeuron:
        said = {"decay_error": None, "steady_error": None}
        if op.gate is None:
            self.states_said[f"{node.name}:v"] = {"format": "float32", **said}
            return op
        theta = op.gate.threshold
        if problems := list(level_problems(node, theta)):
            self.problems += problems
            return op
        self.states_said[f"{node.name}:v"] = {"format": f"{1 << bits} {spacing} levels", **said}
        return LevelNeuron(op, state_levels(spacing, bits, float(theta.flat[0])))

    def _neuron(self, node: Node, op: Neuron, scale: Array, bound: Array) -> Neuron | FixedNeuron | LevelNeuron:
        scaled = _scaled_gain(op, per_row(scale, prod(op.shape)).reshape(op.shape if scale.ndim else ()))
        bits = STATES[self.options.state_of(node)]
        if (name := self.options.state_of(node)) in LEVELS:
            return self._levels(node, scaled, *LEVELS[name])
        if bits is None:
            return scaled
        limits = bound.reshape(op.shape) if bound.size > 1 else bound.reshape(())
        seen = self.options.observed.ranges
        if self.options.observed.complete:
            self.notes += [_silent(node, name) for name in op.states() if f"{node.name}:{name}" not in seen]
        ranges = {name: seen[key] for name in op.states() if (key := f"{node.name}:{name}") in seen}
        fixed, found = fix_neuron(scaled, limits, bits, ranges)
        self.notes += [Diagnostic(p.code, node.name, p.found, p.limit, p.remedy) for p in found]
        self.states_said |= {f"{node.name}:{name}": said for name, said in state_fidelity(scaled, fixed).items()}
        return fixed


def mixed_formats(population: Node, formats: Mapping[str, str]) -> Diagnostic:
    """The problem of weights that enter one sum in several formats, by their nodes."""
    found = "weights of " + ", ".join(f"{number} ({name})" for name, number in formats.items())
    remedy = f"choose one for {population.name!r}, or the same for all of them"
    return Diagnostic("AX406", population.name, found, "one sum takes one format", remedy)


def level_problems(node: Node, threshold: Array) -> Iterator[Diagnostic]:
    """The problem of a population whose voltage is to take levels around one threshold, and which has none."""
    if not uniform(threshold) or threshold.flat[0] <= 0:
        found = f"thresholds from {float(threshold.min()):g} to {float(threshold.max()):g}"
        limit, remedy = "levels need one threshold above 0", "choose another --state for it"
        yield Diagnostic("AX402", node.name, found, limit, remedy)


def _scaled_gain(op: Neuron, scale: Array) -> Neuron:
    if op.synapse is not None:
        return replace(op, synapse=replace(op.synapse, gain=op.synapse.gain * scale))
    return replace(op, membrane=replace(op.membrane, gain=op.membrane.gain * scale))


def _left(graph: Graph) -> Graph:
    """The graph, in which what leaves the cores is worth what its source says."""
    return graph.with_nodes(
        replace(node, op=FromFixed(_frac(graph, node.inputs[0]))) if isinstance(node.op, FromFixed) else node
        for node in graph
    )


def _frac(graph: Graph, name: str) -> int:
    signal = graph.signals[name]
    return signal.format.frac if isinstance(signal.format, Fixed) and signal.kind is not Kind.EVENT else 0


def _matrices(graph: Graph, node: Node) -> dict[str, None]:
    """What feeds a population, what a gated unit reads, and what feeds that."""
    if not isinstance(node.op, GATED):
        return dict.fromkeys(node.inputs)
    return dict.fromkeys((*node.inputs, *node.reads, *(name for read in node.reads for name in graph[read].inputs)))


def _silent(node: Node, state: str) -> Diagnostic:
    found, limit = f"the state {state} stays 0 in the given data", "its format follows from bounds"
    return Diagnostic("AX409", node.name, found, limit, "give data in which it is active")


def _float_state(node: Node) -> Diagnostic:
    limit = "with integer weights, gated units have cells of 16 bits"
    return Diagnostic("AX403", node.name, "the state format float32", limit, "choose --state q16")
