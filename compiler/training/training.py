"""The loop of a training: shuffled batches, gradients, an optimiser, checkpoints."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from math import sqrt
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from axonc.ir import Diagnostic, Graph, ModelError, raise_if_any
from axonc.ir.ops import Array
from axonc.ir.serialize import to_bytes

from ..checkpoint import Plan
from ..differentiate import Parameter
from .checkpoint import Checkpoint, load_checkpoint
from .checkpointed import checkpointed_step, forward_blocks
from .data import Data, accuracy, checked
from .footprint import training_plan
from .network import Network, Step, Values, network
from .options import Options, problems
from .pruning import Pruning, masked, weight_sizes


@dataclass(frozen=True)
class Epoch:
    """What one pass over the data gave: means over its batches as they were met; ``validation``: afterwards."""

    loss: float
    accuracy: float
    validation: float = float("nan")


@dataclass(frozen=True)
class Trained:
    """A trained graph and the history of its training. Accuracies are nan where targets are no labels. ``plan``: of
    checkpoints within a sequence, where there was one. ``stats``: what a machine that trained it counted."""

    graph: Graph
    history: tuple[Epoch, ...]
    plan: Plan | None = None
    stats: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)


def trained_graph(net: Network, values: Values, said: str) -> Graph:
    """The graph with its learned values; its properties say how it was trained, and no longer from which file it is."""
    graph = net.plain.with_values(values)
    kept = {name: value for name, value in graph.properties.items() if name != "source_sha256"}
    return replace(graph, properties={**kept, "trained": said})


DEFAULTS = Options()

Progress = Callable[[int, int, tuple[Epoch, ...]], None]
"""(steps done, steps in all, finished epochs)."""


def training(
    graph: Graph,
    data: object,
    options: Options = DEFAULTS,
    validation: object = None,
    checkpoint: Path | None = None,
    progress: Progress = lambda done, steps, epochs: None,
) -> Trained:
    """Train ``graph``; see `axonc.train`."""
    run = _Training(graph, data, options, validation, checkpoint)
    with np.errstate(all="ignore"):  # what overflows is found and named
        while run.step < run.steps:
            run.next()
            progress(run.step, run.steps, tuple(run.history))
    return run.result()


class _Training:
    """A training in progress. What `next` does depends on the options and on what a checkpoint holds alone."""

    def __init__(
        self, graph: Graph, data: object, options: Options, validation: object, checkpoint: Path | None
    ) -> None:
        raise_if_any(problems(options, graph))
        how = options
        self.options, self.checkpoint = options, checkpoint
        self.net = network(
            graph, how.loss, how.output, how.kinds, how.nodes, how.surrogate, how.attached, how.quantisation,
            how.precision, how.block, how.dropout, how.seed,
        )  # fmt: skip
        self.data = checked(self.net.plain, data)
        self.plan = training_plan(self.net, self.data, how)
        self.validation = None if validation is None else checked(self.net.plain, validation)
        self.batches = -(-len(self.data) // how.batch)
        self.steps = how.epochs * self.batches
        self.sizes = weight_sizes(graph, self.net.parameters)
        self.masks = {} if how.prune is None else how.prune.initial(self.net.initial, self.sizes)
        self.values = masked(self.net.initial, self.masks)
        self.state = how.optimiser.initial(self._named(self.values))
        self.step, self.sums = 0, (0.0, 0, 0)
        self.history: list[Epoch] = []
        self.digest = "" if checkpoint is None else self._digest(graph)
        if checkpoint is not None:
            self._resume(load_checkpoint(checkpoint, self.digest))

    def next(self) -> None:
        """One step; at the end of an epoch also its history; checkpoints as they are due."""
        epoch, batch = divmod(self.step, self.batches)
        order = np.random.default_rng((self.options.seed, epoch)).permutation(len(self.data))
        chosen = order[batch * self.options.batch :][: self.options.batch]
        try:
            self._move(self._gradients(chosen), chosen)
        except ModelError as error:
            error.diagnostics = tuple(self._at(problem) for problem in error.diagnostics)
            raise
        self.step += 1
        if batch == self.batches - 1:
            self._close_epoch()
        every = self.options.save_every or self.batches
        if self.checkpoint is not None and (self.step % every == 0 or self.step == self.steps):
            self._state().save(self.checkpoint)

    def result(self) -> Trained:
        """The trained graph; `ModelError` if a parameter is not finite."""
        for parameter, value in self.values.items():
            if not np.all(np.isfinite(value)):
                found = f"{parameter.field} is not finite"
                raise ModelError(self._at(Diagnostic("AX812", parameter.node, found, "", "lower the rate")))
        return Trained(trained_graph(self.net, self.values, self.options.said), tuple(self.history), self.plan)

    def _gradients(self, chosen: Array) -> Step:
        target, x = self.data.target[chosen], self.data.part(chosen)
        x |= self.net.drawn(self.step, *next(iter(x.values())).shape[:2])
        if self.plan is None:
            whole = {name: np.ascontiguousarray(array[:], self.net.dtype) for name, array in x.items()}
            return self.net.step(self.values, whole, target)
        actions = self.plan.actions()
        return checkpointed_step(self.net, self.values, x, target, actions, self.options.packed)

    def _move(self, step: Step, chosen: Array) -> None:
        target = self.data.target[chosen]
        hits, count = (0, len(chosen)) if step.guess is None else (int(np.sum(step.guess == target)), target.size)
        self.sums = (self.sums[0] + step.loss * count, self.sums[1] + hits, self.sums[2] + count)
        if self.options.prune is not None:
            self._prune(self.options.prune, step)
        gradients = _clipped(self._named(masked(step.gradients, self.masks)), self.options.clip)
        share = self.options.schedule.share(self.step, self.steps)
        moved, self.state = self.options.optimiser.step(
            self._named(self.values), gradients, self.state, self.step + 1, share
        )
        self.values = masked({p: self.net.bounded(p, moved[str(p)]) for p in self.values}, self.masks)

    def _prune(self, how: Pruning, step: Step) -> None:
        self.masks = how.moved(self.masks, self.values, step.gradients, self.sizes, self.step, self.steps)
        self.values = masked(self.values, self.masks)

    def _close_epoch(self) -> None:
        loss, hits, count = self.sums
        known = float("nan") if self.validation is None else self._known(self.validation)
        right = hits / count if self.options.loss.labelled else float("nan")
        self.history.append(Epoch(loss / count, right, known))
        self.sums = (0.0, 0, 0)

    def _known(self, validation: Data) -> float:
        if self.plan is None:
            return accuracy(self.net.plain, self.values, validation)
        return accuracy(self.net.plain, self.values, validation, self.options.batch, forward_blocks)

    def _state(self) -> Checkpoint:
        arrays = {f"parameter/{name}": value for name, value in self._named(self.values).items()}
        arrays.update({f"optimiser/{name}": value for name, value in self.state.items()})
        arrays.update({f"mask/{parameter}": mask for parameter, mask in self.masks.items()})
        return Checkpoint(self.digest, self.step, arrays, self.sums, tuple(map(asdict, self.history)))

    def _resume(self, found: Checkpoint | None) -> None:
        if found is None:
            return
        self.step, self.sums = found.step, found.sums
        self.history = [Epoch(**epoch) for epoch in found.history]
        self.values = {p: found.arrays[f"parameter/{p}"] for p in self.values}
        self.state = {name: found.arrays[f"optimiser/{name}"] for name in self.state}
        self.masks = {p: found.arrays[f"mask/{p}"] for p in self.masks}

    def _digest(self, graph: Graph) -> str:
        said = hashlib.sha256(to_bytes(graph))
        said.update(repr(self.options.numbers).encode())
        for data in (self.data, self.validation):
            for array in () if data is None else (*data.x.values(), data.target):
                said.update(f"{array.shape} {array.dtype}".encode())
                said.update(np.ascontiguousarray(array).tobytes())
        return said.hexdigest()

    def _at(self, problem: Diagnostic) -> Diagnostic:
        where = f"{problem.found} in step {min(self.step + 1, self.steps)} of {self.steps}"
        return replace(problem, found=where) if problem.code == "AX812" else problem

    @staticmethod
    def _named(values: Mapping[Parameter, Array]) -> dict[str, Array]:
        return {str(parameter): value for parameter, value in values.items()}


def _clipped(gradients: dict[str, Array], clip: float | None) -> dict[str, Array]:
    if clip is None:
        return gradients
    norm = sqrt(sum(float(np.sum(np.square(g, dtype=np.float64))) for g in gradients.values()))
    if norm <= clip:
        return gradients
    return {name: gradient * gradient.dtype.type(clip / norm) for name, gradient in gradients.items()}
