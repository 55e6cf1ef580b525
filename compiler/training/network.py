"""A graph with what its training needs: the backward graph, and how values of parameters enter both."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from axonc.ir import Diagnostic, Graph, ModelError
from axonc.ir.ops import EGRU, Array, Op, Surrogate

from ..differentiate import DEFAULT, Backward, Parameter, differentiate
from .cells import BLOCK
from .dropout import Dropout, Masks, with_dropout
from .held import Held
from .losses import Loss
from .quantisation import EXACT, FakeQuantisation, FanIn
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
    """A graph in training. Parameters are values beside it; the graph itself does not change. ``block``: see
    `Sequence`. ``masks``: those of its inputs that are no data (`Dropout`); ``unmasked``: the network without them."""

    graph: Graph
    backward: Backward
    output: str
    loss: Loss
    quantisation: FakeQuantisation = EXACT
    dtype: str = "float32"
    block: int = BLOCK
    masks: Masks | None = None
    unmasked: Network | None = None

    @property
    def plain(self) -> Network:
        """The network as it is used, without dropout."""
        return self if self.unmasked is None else self.unmasked

    def drawn(self, number: int, steps: int, batch: int) -> dict[str, Any]:
        """The masks of step ``number`` of a training, by input; each [T, B, *shape], made where it is asked for."""
        return {} if self.masks is None else self.masks.of(number, steps, batch)

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
            ops[parameter.node] = parameter.put(ops[parameter.node], value)
        return self.quantisation.rounded(self.fan_ins, ops)

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
        return self._forward.run(self.ops(values), x, self.dtype, self.grids)[self.output]

    def step(self, values: Values, x: Mapping[str, Array], target: Array) -> Step:
        """Forward, loss, backward over one batch; `ModelError` AX812 where a value is not finite."""
        ops = self.ops(values)
        recorded = self.taped.run(ops, x, self.dtype, self.grids)
        loss, seed = self.loss(recorded[self.output], target)
        self.require_finite(loss, lambda: {n.name for n in self.graph if not np.all(np.isfinite(recorded[n.name]))})
        data = {name: recorded[reference] for name, reference in self.backward.tape.items()}
        for output, name in self.backward.seeds.items():
            data[name] = seed if output == self.output else np.zeros_like(recorded[output])
        done = self.adjoint.run(self.backward.ops(ops), data, self.dtype)
        gradients = {parameter: done[name] for name, parameter in self.backward.gradients.items()}
        return self.finished(loss, recorded[self.output], gradients)

    def require_finite(self, loss: float, bad: Callable[[], Collection[str]]) -> None:
        """`ModelError` AX812 if the loss is not finite: the first node in the order of the graph among ``bad``."""
        if not np.isfinite(loss):
            names = bad()
            first = next((node.name for node in self.graph.order if node.name in names), self.output)
            raise ModelError(_diverged(first, f"the loss is {loss}"))

    def finished(self, loss: float, output: Array, gradients: dict[Parameter, Array]) -> Step:
        """What a batch gives, all of it finite."""
        for parameter, gradient in gradients.items():
            if not np.all(np.isfinite(gradient)):
                raise ModelError(_diverged(parameter.node, f"the gradient of {parameter.field} is not finite"))
        return Step(loss, self.loss.guess(output) if self.loss.labelled else None, gradients)

    def bounded(self, parameter: Parameter, value: Array) -> Array:
        """A value where the op allows it: decays from 0 to 1, thresholds from 0 (of an EGRU, to 1)."""
        if parameter.kind == "decays":
            return np.clip(value, 0, 1)
        if parameter.kind == "thresholds":
            return np.clip(value, 0, 1 if isinstance(self.graph[parameter.node].op, EGRU) else None)
        return value

    @cached_property
    def _forward(self) -> Sequence:
        return Sequence(self.graph, block=self.block)

    @cached_property
    def taped(self) -> Sequence:
        """The graph, keeping what the backward graph takes."""
        return Sequence(self.graph, tuple(self.backward.tape.values()), block=self.block)

    @cached_property
    def adjoint(self) -> Sequence:
        """The backward graph."""
        return Sequence(self.backward.graph, backwards=True, block=self.block)

    @cached_property
    def fan_ins(self) -> tuple[FanIn, ...]:
        """The weights that are rounded."""
        return self.quantisation.fan_ins(self.graph)

    @cached_property
    def grids(self) -> dict[str, Held]:
        """What states are rounded to."""
        return self.quantisation.grids(self.graph)


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
    block: int = BLOCK,
    dropout: Dropout | None = None,
    seed: int = 0,
) -> Network:
    """A graph in training; ``output`` None: its only one; ``seed``: of the ``dropout``. See `differentiate` for the
    rest."""
    names = [node.name for node in graph.outputs]
    chosen = output if output is not None else names[0]
    if chosen not in names or (output is None and len(names) > 1):
        found = f"the output {output!r}" if output is not None else f"{len(names)} outputs"
        raise ModelError(Diagnostic("AX705", "", found, f"known: {', '.join(names)}", "say which one is trained"))
    backward = partial(differentiate, kinds=kinds, nodes=nodes, surrogate=surrogate, attached=attached)
    plain = Network(graph, backward(graph), chosen, loss, quantisation, dtype, block)
    if dropout is None:
        return plain
    masked, masks = with_dropout(graph, dropout, seed)
    return replace(plain, graph=masked, backward=backward(masked), masks=masks, unmasked=plain)
