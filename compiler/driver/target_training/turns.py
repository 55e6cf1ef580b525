"""The batches of a training in numpy for a program, and what it learned from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from axonc.backends.training.samples import Learned, Samples
from axonc.backends.training.task import Task
from axonc.ir import Diagnostic, Graph, ModelError, raise_if_any
from axonc.ir.ops import Array

from ...checkpoint import Plan
from ...training import Epoch, Network, Options, RateTarget, Trained, network, trained_graph
from ...training.data import Data, checked
from ...training.options import problems
from .check import lacking, target_problems
from .task import hyper, task_of

NO_CLASS = 2**32 - 1
"""The label of a sample that fills a batch up."""


NONE: Mapping[str, bool] = MappingProxyType({})


@dataclass(frozen=True)
class Prepared:
    """A training by a program before it is one: its network and data, and the task for the target."""

    net: Network
    data: Data
    options: Options
    task: Task

    def turns(self) -> Iterator[Samples]:
        """What the program takes with every step."""
        return turns(self.net, self.data, self.options)

    def result(self, plan: Plan, learned: Learned) -> Trained:
        """The trained graph, if every value is finite, and the history."""
        return result(self.net, self.data, self.options, plan, learned)


def prepared(graph: Graph, data: object, options: Options, others: Mapping[str, bool]) -> Prepared:
    """A training by a program, whatever its plan.

    Raises:
        ModelError: as of `axonc.train`; an option that programs do not have (AX823), of which ``others`` says whether
            those were given that are not in ``options``, by name.
    """
    raise_if_any((*problems(options, graph), *lacking(options, others)))
    how = options
    net = network(
        graph, how.loss, how.output, how.kinds, how.nodes, how.surrogate, how.attached, block=how.block,
        dropout=how.dropout, seed=how.seed,
    )  # fmt: skip
    known = checked(net.plain, data)
    raise_if_any(target_problems(options, known.target))
    steps = next(iter(known.x.values())).shape[1]
    return Prepared(net, known, options, task_of(net, how.optimiser, steps, min(how.batch, len(known)), ()))


def _batches(data: Data, options: Options) -> Iterator[tuple[int, Array]]:
    """The samples of every step of training, with the number of its epoch: those of a training in numpy."""
    for epoch in range(options.epochs):
        order = np.random.default_rng((options.seed, epoch)).permutation(len(data))
        yield from ((epoch, order[first : first + options.batch]) for first in range(0, len(data), options.batch))


def turns(net: Network, data: Data, options: Options) -> Iterator[Samples]:
    """What the program takes with every step; the last batch of an epoch is filled up with samples of no weight."""
    batches = list(_batches(data, options))
    size = min(options.batch, len(data))
    target = _targets(net, data.target)
    for number, (_, chosen) in enumerate(batches):
        share = options.schedule.share(number, len(batches))
        numbers = hyper(options.optimiser, number + 1, share, target[chosen].size)
        missing = size - len(chosen)
        x = data.part(chosen)
        masks = net.drawn(number, *next(iter(x.values())).shape[:2])
        x = {name: _filled(part[:], 1, missing, 0) for name, part in {**x, **masks}.items()}
        nothing = NO_CLASS if target.ndim == 1 else np.nan
        yield Samples(x, _filled(target[chosen], 0, missing, nothing), numbers)


def _targets(net: Network, target: Array) -> Array:
    """Labels, or what r must be: of a `RateTarget`, the rates that are wanted."""
    if not isinstance(net.loss, RateTarget):
        return target
    classes = int(np.prod(net.graph.signals[net.output].shape))
    wanted = np.full((len(target), classes), net.loss.wrong, np.float32)
    wanted[np.arange(len(target)), target] = net.loss.correct
    return wanted


def _filled(array: Array, axis: int, missing: int, value: float) -> Array:
    widths = [(0, missing if dimension == axis else 0) for dimension in range(array.ndim)]
    return np.pad(array, widths, constant_values=value)


def result(net: Network, data: Data, options: Options, plan: Plan, learned: Learned) -> Trained:
    """The trained graph, if every value is finite, and the history."""
    bad = np.flatnonzero(~np.isfinite(learned.losses))
    if len(bad):
        said = f"the loss is {learned.losses[bad[0]]} in step {bad[0] + 1} of {len(learned.losses)}"
        raise ModelError(Diagnostic("AX812", net.output, said, "every value must be finite", "lower the rate"))
    values = {p: learned.parameters[p.node, p.field] for p in net.parameters}
    raise_if_any(
        Diagnostic("AX812", p.node, f"{p.field} is not finite", "every value must be finite", "lower the rate")
        for p, value in values.items()
        if not np.all(np.isfinite(value))
    )
    graph = trained_graph(net, values, options.said)
    return Trained(graph, tuple(_history(net, data, options, learned)), plan, learned.accounts)


def _history(net: Network, data: Data, options: Options, learned: Learned) -> Iterator[Epoch]:
    """Of every epoch the mean loss and the accuracy, from what the machine sent with each step."""
    batches = list(_batches(data, options))
    for epoch in range(options.epochs):
        numbers = [number for number, (owner, _) in enumerate(batches) if owner == epoch]
        loss = sum(float(learned.losses[n]) * len(batches[n][1]) for n in numbers) / len(data)
        hits = sum(_hits(net, data, batches[n][1], learned.pooled[n]) for n in numbers)
        yield Epoch(loss, hits / len(data) if net.loss.labelled else float("nan"))


def _hits(net: Network, data: Data, chosen: Array, pooled: Array) -> int:
    if not net.loss.labelled:
        return 0
    guess = np.argmax(pooled[: len(chosen)].reshape(len(chosen), -1), axis=1)
    return int(np.sum(guess == data.target[chosen]))
