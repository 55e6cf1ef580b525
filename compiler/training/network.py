"""A graph with what its training needs: the backward graph, and how values of parameters enter both."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from axonc.ir import Diagnostic, Graph, ModelError
from axonc.ir.ops import EGRU, Array, Op, Surrogate

from ..differentiate import DEFAULT, Backward, Parameter, differentiate
from .cells import Grid
from .losses import Loss
from .quantisation import EXACT, FakeQuantisation
from .sequence import Sequence

Values = Mapping[Parameter, Array]


@dataclass(frozen=True)
class Step:
    """What one batch gives: its loss, the labels that the network guessed (None without labels), the gradients."""

    loss: float
    guess: Array | None
    gradients: dict[Parameter, Array]


@dataclass(frozen=True)
class Network:
    """A graph in training. Parameters are values beside it; the graph itself does not change."""

    graph: Graph
    backward: Backward
    output: str
    loss: Loss
    quantisation: FakeQuantisation = EXACT
    dtype: str = "float32"

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters that are trained."""
        return tuple(self.backward.gradients.values())

    @cached_property
    def initial(self) -> dict[Parameter, Array]:
        """Their values in the graph."""
        return {p: np.ascontiguousarray(p.of(self.graph[p.node].op), self.dtype) for p in self.parameters}

    def ops(self, values: Values) -> dict[str, Op]:
        """The ops of the forward graph with these values, rounded if training is for few bits."""
        ops = {node.name: node.op for node in self.graph}
        for parameter, value in values.items():
            rounded = self.quantisation.weight(value) if parameter.kind == "weights" else value
            ops[parameter.node] = parameter.put(ops[parameter.node], rounded)
        return ops

    def with_values(self, values: Values) -> Graph:
        """The graph with these values, each in the type that it had."""
        ops = self.ops(values)
        for parameter in values:
            old = parameter.of(self.graph[parameter.node].op)
            new = parameter.of(ops[parameter.node]).astype(old.dtype if old.dtype.kind == "f" else np.float64)
            ops[parameter.node] = parameter.put(ops[parameter.node], new)
        return self.graph.with_nodes(replace(node, op=ops[node.name]) for node in self.graph)

    def run(self, values: Values, x: Mapping[str, Array]) -> Array:
        """The output [T, B, *S] over inputs of that form."""
        return self._forward.run(self.ops(values), x, self.dtype, self._grids)[self.output]

    def step(self, values: Values, x: Mapping[str, Array], target: Array) -> Step:
        """Forward, loss, backward over one batch; `ModelError` AX812 where a value is not finite."""
        ops = self.ops(values)
        recorded = self._taped.run(ops, x, self.dtype, self._grids)
        loss, seed = self.loss(recorded[self.output], target)
        if not np.isfinite(loss):
            raise ModelError(_diverged(self._first_bad(recorded), f"the loss is {loss}"))
        data = {name: recorded[reference] for name, reference in self.backward.tape.items()}
        for output, name in self.backward.seeds.items():
            data[name] = seed if output == self.output else np.zeros_like(recorded[output])
        done = self._backward.run(self.backward.ops(ops), data, self.dtype)
        gradients = {parameter: done[name] for name, parameter in self.backward.gradients.items()}
        for parameter, gradient in gradients.items():
            if not np.all(np.isfinite(gradient)):
                raise ModelError(_diverged(parameter.node, f"the gradient of {parameter.field} is not finite"))
        guess = self.loss.guess(recorded[self.output]) if self.loss.labelled else None
        return Step(loss, guess, gradients)

    def bounded(self, parameter: Parameter, value: Array) -> Array:
        """A value where the op allows it: decays from 0 to 1, thresholds from 0 (of an EGRU, to 1)."""
        if parameter.kind == "decays":
            return np.clip(value, 0, 1)
        if parameter.kind == "thresholds":
            return np.clip(value, 0, 1 if isinstance(self.graph[parameter.node].op, EGRU) else None)
        return value

    @cached_property
    def _forward(self) -> Sequence:
        return Sequence(self.graph)

    @cached_property
    def _taped(self) -> Sequence:
        return Sequence(self.graph, tuple(self.backward.tape.values()))

    @cached_property
    def _backward(self) -> Sequence:
        return Sequence(self.backward.graph, backwards=True)

    @cached_property
    def _grids(self) -> dict[str, Grid]:
        return self.quantisation.grids(self.graph)

    def _first_bad(self, recorded: Mapping[str, Array]) -> str:
        names = (node.name for node in self.graph.order if not np.all(np.isfinite(recorded[node.name])))
        return next(names, self.output)


def _diverged(node: str, found: str) -> Diagnostic:
    return Diagnostic("AX812", node, found, "every value must be finite", "lower the rate, or clip the gradients")


def network(
    graph: Graph,
    loss: Loss,
    output: str | None = None,
    kinds: Collection[str] = ("weights", "biases"),
    nodes: Collection[str] | None = None,
    surrogate: Surrogate | Mapping[str, Surrogate | None] | None = DEFAULT,
    attached: bool = False,
    quantisation: FakeQuantisation = EXACT,
    dtype: str = "float32",
) -> Network:
    """A graph in training; ``output`` None: its only one. See `differentiate` for the rest."""
    names = [node.name for node in graph.outputs]
    chosen = output if output is not None else names[0]
    if chosen not in names or (output is None and len(names) > 1):
        found = f"the output {output!r}" if output is not None else f"{len(names)} outputs"
        raise ModelError(Diagnostic("AX710", "", found, f"known: {', '.join(names)}", "say which one is trained"))
    backward = differentiate(graph, kinds, nodes=nodes, surrogate=surrogate, attached=attached)
    if not backward.gradients:
        raise ModelError(Diagnostic("AX810", chosen, "no parameter to train leads to the output", "", "add weights"))
    return Network(graph, backward, chosen, loss, quantisation, dtype)
