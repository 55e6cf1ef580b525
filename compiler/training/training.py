"""The loop of a training: shuffled batches, gradients, an optimiser, checkpoints."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from math import sqrt
from pathlib import Path

import numpy as np

from axonc.ir import Diagnostic, Graph, ModelError
from axonc.ir.interpret.run import batches
from axonc.ir.ops import Array, Surrogate
from axonc.ir.serialize import to_bytes

from ..differentiate import DEFAULT, Parameter
from .checkpoint import Checkpoint, load_checkpoint
from .losses import CrossEntropy, Loss
from .network import Network, Step, network
from .optimisers import Adam, Optimiser, Schedule
from .quantisation import EXACT, FakeQuantisation, pruning_masks

LABELS = ("labels", "y", "targets")
"""What targets may be called in data by name."""


@dataclass(frozen=True)
class Options:
    """Everything that a training depends on but graph and data.

    ``clip``: gradients are scaled down to this norm, over all parameters. ``prune``: the share of weights that a mask
    keeps at 0; 0.0 keeps the zeros that are there. ``save_every``: steps between checkpoints; None: each epoch.
    """

    loss: Loss = CrossEntropy()  # noqa: RUF009 - frozen values, here and below
    optimiser: Optimiser = Adam()  # noqa: RUF009
    schedule: Schedule = Schedule()  # noqa: RUF009
    epochs: int = 20
    batch: int = 64
    seed: int = 0
    output: str | None = None
    kinds: tuple[str, ...] = ("weights", "biases")
    nodes: tuple[str, ...] | None = None
    surrogate: Surrogate | Mapping[str, Surrogate | None] | None = DEFAULT
    attached: bool = False
    quantisation: FakeQuantisation = EXACT
    prune: float | None = None
    clip: float | None = None
    precision: str = "float32"
    save_every: int | None = None


@dataclass(frozen=True)
class Epoch:
    """What one pass over the data gave: means over its batches as they were met; ``validation``: afterwards."""

    loss: float
    accuracy: float
    validation: float = float("nan")


@dataclass(frozen=True)
class Trained:
    """A trained graph and the history of its training. Accuracies are nan where targets are no labels."""

    graph: Graph
    history: tuple[Epoch, ...]


@dataclass(frozen=True)
class Data:
    """Samples: inputs [N, T, *shape] by name, and targets [N, ...]."""

    x: Mapping[str, Array]
    target: Array

    def __len__(self) -> int:
        return len(self.target)

    def part(self, chosen: Array | slice, dtype: str) -> dict[str, Array]:
        """The inputs of some samples as [T, B, *shape]."""
        return {name: np.ascontiguousarray(x[chosen].swapaxes(0, 1), dtype) for name, x in self.x.items()}


def checked(net: Network, data: object) -> Data:
    """Data as a pair (inputs, targets), or by name with targets called as in `LABELS`; `ModelError` if unfit."""
    x, target = _pair(data)
    arrays, batched = batches(net.graph, x)  # type: ignore[arg-type]
    samples = len(next(iter(arrays.values()))) if batched else 0
    if not samples or not next(iter(arrays.values())).shape[1]:
        found = f"inputs of shape {next(iter(arrays.values())).shape}" if batched else "inputs without a batch axis"
        raise ModelError(Diagnostic("AX701", "", found, "at least one sample of one step: [N, T, ...]", "reshape them"))
    shape = net.graph.signals[net.output].shape
    return Data(arrays, net.loss.check(net.output, shape, np.asarray(target), samples))


def _pair(data: object) -> tuple[object, object]:
    if isinstance(data, Mapping):
        names = [name for name in LABELS if name in data]
        if len(names) == 1:
            return {name: value for name, value in data.items() if name != names[0]}, data[names[0]]
    elif isinstance(data, tuple) and len(data) == 2:
        return data
    limit = f"a pair (inputs, targets), or arrays by name with {' or '.join(LABELS)}"
    raise ModelError(Diagnostic("AX710", "", "data without targets", limit, "add the targets"))


def evaluate(graph: Graph, data: object, loss: Loss, output: str | None = None, batch: int = 256) -> float:
    """The share of samples whose label the output stands for, in float32; sums as in training, not as canonical."""
    net = network(graph, loss, output)
    return accuracy(net, net.initial, checked(net, data), batch)


def accuracy(net: Network, values: Mapping[Parameter, Array], data: Data, batch: int = 256) -> float:
    """The share of samples whose label the output stands for; nan where targets are no labels."""
    if not net.loss.labelled:
        return float("nan")
    hits = 0
    for first in range(0, len(data), batch):
        part = slice(first, first + batch)
        guess = net.loss.guess(net.run(values, data.part(part, net.dtype)))
        hits += int(np.sum(guess == data.target[part]))
    return hits / len(data)


Progress = Callable[[int, int, tuple[Epoch, ...]], None]
"""(steps done, steps in all, finished epochs)."""


def training(
    graph: Graph,
    data: object,
    options: Options = Options(),
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
        _require_sound(options)
        how = options
        self.options, self.checkpoint = options, checkpoint
        self.net = network(
            graph, how.loss, how.output, how.kinds, how.nodes, how.surrogate, how.attached, how.quantisation,
            how.precision,
        )  # fmt: skip
        self.data = checked(self.net, data)
        self.validation = None if validation is None else checked(self.net, validation)
        self.batches = -(-len(self.data) // how.batch)
        self.steps = how.epochs * self.batches
        self.masks = pruning_masks(self.net.initial, how.prune)
        self.values = {p: value * self.masks[p] if p in self.masks else value for p, value in self.net.initial.items()}
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
            self._move(
                self.net.step(self.values, self.data.part(chosen, self.net.dtype), self.data.target[chosen]), chosen
            )
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
        graph = self.net.with_values(self.values)
        kept = {name: value for name, value in graph.properties.items() if name != "source_sha256"}
        said = f"{self.options.epochs} epochs, {self.options.loss.name}, {self.options.optimiser.name}"
        graph = replace(graph, properties={**kept, "trained": f"{said}, seed {self.options.seed}"})
        return Trained(graph, tuple(self.history))

    def _move(self, step: Step, chosen: Array) -> None:
        self.sums = (
            self.sums[0] + step.loss * len(chosen),
            self.sums[1] + (0 if step.guess is None else int(np.sum(step.guess == self.data.target[chosen]))),
            self.sums[2] + len(chosen),
        )
        gradients = {str(p): g * self.masks[p] if p in self.masks else g for p, g in step.gradients.items()}
        gradients = _clipped(gradients, self.options.clip)
        share = self.options.schedule.share(self.step, self.steps)
        moved, self.state = self.options.optimiser.step(
            self._named(self.values), gradients, self.state, self.step + 1, share
        )
        self.values = {p: self.net.bounded(p, moved[str(p)]) for p in self.values}

    def _close_epoch(self) -> None:
        loss, hits, samples = self.sums
        known = float("nan") if self.validation is None else accuracy(self.net, self.values, self.validation)
        right = hits / samples if self.options.loss.labelled else float("nan")
        self.history.append(Epoch(loss / samples, right, known))
        self.sums = (0.0, 0, 0)

    def _state(self) -> Checkpoint:
        arrays = {f"parameter/{name}": value for name, value in self._named(self.values).items()}
        arrays.update({f"optimiser/{name}": value for name, value in self.state.items()})
        return Checkpoint(self.digest, self.step, arrays, self.sums, tuple(map(asdict, self.history)))

    def _resume(self, found: Checkpoint | None) -> None:
        if found is None:
            return
        self.step, self.sums = found.step, found.sums
        self.history = [Epoch(**epoch) for epoch in found.history]
        self.values = {p: found.arrays[f"parameter/{p}"] for p in self.values}
        self.state = {name: found.arrays[f"optimiser/{name}"] for name in self.state}

    def _digest(self, graph: Graph) -> str:
        said = hashlib.sha256(to_bytes(graph))
        said.update(repr(replace(self.options, save_every=None)).encode())
        for data in (self.data, self.validation):
            for array in () if data is None else (*data.x.values(), data.target):
                said.update(f"{array.shape} {array.dtype}".encode())
                said.update(np.ascontiguousarray(array).tobytes())
        return said.hexdigest()

    def _at(self, problem: Diagnostic) -> Diagnostic:
        where = f"{problem.found} in step {self.step + 1} of {self.steps}"
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


def _require_sound(options: Options) -> None:
    problems = list(_option_problems(options))
    if problems:
        raise ModelError(problems)


def _option_problems(options: Options) -> Iterator[Diagnostic]:
    counts = (("epochs", options.epochs, 0), ("batch", options.batch, 1), ("save_every", options.save_every or 1, 1))
    for name, value, least in counts:
        if value < least:
            yield Diagnostic("AX403", "", f"{name}={value}", f"at least {least}", "correct it")
    yield from _unknown("kinds", options.kinds, ("weights", "biases", "decays", "thresholds"))
    yield from _unknown("precision", (options.precision,), ("float32", "float64"))
    if options.prune is not None and not 0 <= options.prune < 1:
        yield Diagnostic("AX403", "", f"prune={options.prune}", "0 to below 1", "correct it")
    bits = (options.quantisation.weights, options.quantisation.states)
    if any(count is not None and count < 2 for count in bits):
        yield Diagnostic("AX403", "", f"{bits} bits", "at least 2", "correct it")


def _unknown(name: str, given: Collection[str], known: Collection[str]) -> Iterator[Diagnostic]:
    for value in given:
        if value not in known:
            yield Diagnostic("AX403", "", f"{name} {value!r}", f"known: {', '.join(known)}", "choose one of them")
