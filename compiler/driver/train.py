"""Training from Python: `axonc.train`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from axonc.ir import Diagnostic, Graph, ModelError
from axonc.ir.ops import SURROGATES, Surrogate

from ..training import (
    LOSSES,
    OPTIMISERS,
    PRUNINGS,
    Dropout,
    Epoch,
    Loss,
    Once,
    Optimiser,
    Options,
    Pruning,
    Schedule,
    Trained,
    training,
)
from ..training.cells import BLOCK
from ..training.texts import named
from .quantisation import Quantisation
from .rounding import Formats, fake_quantisation

Pair = tuple[npt.ArrayLike | Mapping[str, npt.ArrayLike], npt.ArrayLike]
Data = Pair | Mapping[str, npt.ArrayLike]
"""(inputs, targets), or arrays by name of which ``labels``, ``y`` or ``targets`` are the targets."""

Paths = tuple[Path | None, Path | None]
Sent = tuple[str, int | Mapping[str, int] | None]
"""Of a target: machine description and folder; lists of events and their capacity."""

CHOICES = {"surrogate": {surrogate.name: surrogate for surrogate in SURROGATES}}
SCHEDULES = ("constant", "cosine", "step")


def train(
    graph: Graph,
    data: Data,
    *,
    validation: Data | None = None,
    loss: str | Loss = "cross_entropy,over=mean",
    optimiser: str | Optimiser = "adam",
    schedule: str | Schedule = "cosine",
    surrogate: str | Surrogate | Mapping[str, str | Surrogate | None] | None = "triangle,damping=1",
    attached: bool = False,
    epochs: int = 20,
    batch: int = 64,
    seed: int = 0,
    output: str | None = None,
    kinds: Collection[str] = ("weights", "biases"),
    nodes: Collection[str] | None = None,
    weights: Formats = None,
    state: Formats = None,
    quantize: str | Quantisation | None = None,
    prune: float | str | Pruning | None = None,
    dropout: float | str | Dropout | None = None,
    clip: float | None = None,
    precision: str = "float32",
    checkpoint: str | Path | None = None,
    save_every: int | None = None,
    block: int = BLOCK,
    memory: int | None = None,
    checkpoints: str = "auto",
    packed: bool = False,
    target: str | None = None,
    machine: str | Path | None = None,
    folder: str | Path | None = None,
    lists: str = "auto",
    capacity: int | Mapping[str, int] | None = None,
) -> Trained:
    """Train a graph in steps by backpropagation through time, on this computer, in numpy.

    The gradients are those of `axonc.compiler.differentiate`: the graph that walks each sequence backwards. Here both
    graphs run with matrix products over whole batches and, outside cycles, whole sequences: sums of floats run in
    another order than the canonical one of `axonc.interpret`, so that results differ in the last bits, and where a
    membrane is that near its threshold a spike may, too. A training depends on its arguments alone: the same ones give
    the same weights, on the same computer with the same numpy and number of threads bit for bit.

    Args:
        graph: a graph in steps, in float. Every gate needs one of the resets none, value, subtract, and one spike a
            step at most.
        data: (inputs, targets): inputs as `interpret` takes them, with the batch first: [N, T, *shape], or by name;
            targets are labels [N] or what the loss takes. Or arrays by name, targets among them.
        validation: data to measure after every epoch.
        loss: ``cross_entropy``, ``stepwise_cross_entropy`` (labels [N, T]), ``mean_squared`` or ``rate_target``, with
            settings as ``NAME,field=value``, or a value of `axonc.compiler.training`.
        optimiser: ``adam`` or ``sgd``, the same way: ``adam,rate=2e-3``.
        schedule: of the learning rate: ``cosine``, ``constant``, ``step``, or a `Schedule`.
        surrogate: of every gate, or by node; ``triangle``, ``superspike``, ``fast_sigmoid``, ``straight_through``.
        attached: whether events pass the derivative of the reset, too.
        epochs, batch, seed: passes over the data, samples a step, what their order depends on.
        output: the output that the loss sees, where there are several.
        kinds: of parameters: ``weights``, ``biases``, ``decays``, ``thresholds``.
        nodes: whose parameters are trained; None: all.
        weights: the format that weights are rounded to in the forward run, as in `compile`: ``int4``; or formats by
            node. Weights that enter one sum share scales, as in a compiled program, which keeps the very integers.
        state: that of states: ``q8`` to ``q32``, ``uniform4``, ``centred4`` and so on.
        quantize: how weights get their scales: ``scales=mse,scope=channel``.
        prune: the share of each layer's weights that stays 0, the smallest at the beginning; 0.0 keeps zeros that are
            there. Or a schedule: ``cubic,share=0.9`` prunes more and more while it trains, ``rigl,share=0.9`` moves
            the weights in use about.
        dropout: the share of what populations send on that is left out while it learns, drawn for every sample and
            step; ``0.2,per=sequence``: once for a sequence; or a `Dropout` for some populations. The rest is scaled
            up, so that the trained graph needs no change. It depends on ``seed``, and on no plan.
        clip: the largest norm of the gradients.
        precision: ``float32`` or ``float64``.
        checkpoint: a file that keeps the training, written whole or not at all; a training that finds its own there
            goes on from it, and ends with the very weights that it would have had without a break.
        save_every: steps between checkpoints; None: one an epoch.
        block: steps of time that one matrix product takes; the last bits of sums depend on it.
        memory: the most bytes that a step of training may hold, parameters and temporaries of single operations
            aside. Of each sequence then only some states are kept, and parts of it run again; what is learned is the
            same bit for bit. None: no limit.
        checkpoints: which states: ``auto`` (the fastest plan in memory that fits), ``none``, or a kind of plan
            ([checkpoints](checkpoints.md)); those off chip write to files.
        packed: whether spikes that wait for the way back take a bit each.
        target: ``native``: a C program trains ([native](native.md#training)); then ``memory`` is all that it holds.
            ``ipu``: a program for tiles trains, on the simulator ([IPU](ipu.md#training)); then ``memory`` is that
            of a tile, and ``checkpoints`` that are off chip are in the memory beside it. None: numpy on this computer.
        machine: a TOML file that overrides the target's machine description.
        folder: where the target's program is left.
        lists: how events come to matrices on tiles: as all values (``dense``), as lists of the neurons that sent
            (``spikes``), of those that have a derivative, too, of which alone derivatives go back (``gradients``), or
            as takes the fewest cycles (``auto``). No bit of what is learned depends on it.
        capacity: neurons that a list of a sample has room for: of all populations, or by name; a list that is longer is
            an error. None: room for all.

    Returns:
        The trained graph, the history, an entry an epoch, and the plan, if there was one.

    Raises:
        ModelError: data or options do not fit (AX701, AX705, AX402, AX403, AX406, AX407, AX410), the graph cannot be
            differentiated (AX810, AX811), the checkpoint is of another training (AX707), a value is no longer finite
            (AX812), no plan fits the memory (AX820) or there is none of that name (AX822); for a target, it does not
            train (AX603), lacks an option (AX823), or does not run a node (AX601, AX602).
    """
    options = Options(
        named("loss", loss, LOSSES),
        named("optimiser", optimiser, OPTIMISERS),
        _schedule(schedule),
        epochs,
        batch,
        seed,
        output,
        tuple(kinds),
        None if nodes is None else tuple(nodes),
        _surrogate(surrogate),
        attached,
        fake_quantisation(graph, weights, state, quantize),
        pruning(prune),
        clip,
        precision,
        save_every,
        block,
        memory,
        checkpoints,
        packed,
        dropping(dropout),
    )
    if target is not None:
        others = {"validation": validation is not None, "checkpoint": checkpoint is not None}
        return _on_target(target, graph, data, options, others, (machine, folder), (lists, capacity))
    if lists != "auto" or capacity is not None:
        limit = "targets send lists of events"
        raise ModelError(Diagnostic("AX403", "", "lists or a capacity without a target", limit, "name a target"))
    with _shown() as bar:
        return training(graph, data, options, validation, None if checkpoint is None else Path(checkpoint), bar.show)


def _on_target(
    target: str,
    graph: Graph,
    data: Data,
    options: Options,
    others: Mapping[str, bool],
    paths: tuple[str | Path | None, str | Path | None],
    sent: Sent,
) -> Trained:
    """Training by a program of a target; ``others``: whether options that numpy alone has were given;
    ``paths``: machine and folder; ``sent``: lists and their capacity."""
    if target not in TRAINING:
        known = f"known: {', '.join(TRAINING)}"
        raise ModelError(Diagnostic("AX603", "", f"training for {target!r}", known, "choose one, or none"))
    machine, folder = (None if path is None else Path(path) for path in paths)
    return TRAINING[target](graph, data, options, others, (machine, folder), sent)


def _natively(
    graph: Graph, data: Data, options: Options, others: Mapping[str, bool], paths: Paths, sent: Sent
) -> Trained:
    from .native_training.train import train_natively

    lists, capacity = sent
    lacking = {"lists": lists != "auto", "capacity": capacity is not None}
    return train_natively(graph, data, options, {**others, **lacking}, *paths)


def _on_tiles(
    graph: Graph, data: Data, options: Options, others: Mapping[str, bool], paths: Paths, sent: Sent
) -> Trained:
    from .tile_training.lists import lists_of
    from .tile_training.train import train_on_tiles

    return train_on_tiles(graph, data, options, others, *paths, lists_of(graph, *sent))


TRAINING: Mapping[str, Callable[[Graph, Data, Options, Mapping[str, bool], Paths, Sent], Trained]] = {
    "native": _natively,
    "ipu": _on_tiles,
}
"""The targets that have training programs."""


def _schedule(given: str | Schedule) -> Schedule:
    if isinstance(given, Schedule):
        return given
    found: Schedule = named("schedule", given, dict.fromkeys(SCHEDULES, Schedule))
    return replace(found, shape=given.split(",")[0])  # type: ignore[arg-type]


def pruning(given: float | str | Pruning | None) -> Pruning | None:
    """A schedule by its text ``NAME,field=value,...``; a share alone is pruned at once."""
    if given is None or isinstance(given, Pruning):
        return given
    try:
        return Once(float(given))
    except ValueError:
        return named("prune", str(given), PRUNINGS)


def dropping(given: float | str | Dropout | None) -> Dropout | None:
    """A dropout by its text ``SHARE,per=sequence``, or by its share."""
    if given is None or isinstance(given, Dropout):
        return given
    share, *settings = str(given).split(",")
    return named("dropout", ",".join(["dropout", f"share={share}", *settings]), {"dropout": Dropout})


def _surrogate(
    given: str | Surrogate | Mapping[str, str | Surrogate | None] | None,
) -> Surrogate | Mapping[str, Surrogate | None] | None:
    table = CHOICES["surrogate"]
    if isinstance(given, Mapping):
        return {name: None if value is None else named("surrogate", value, table) for name, value in given.items()}
    return None if given is None else named("surrogate", given, table)


class _shown:  # noqa: N801 - used as a function
    """A bar on a terminal, nothing where standard error is a pipe or a file."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
        self.task = self.bar.add_task("training", total=None)

    def __enter__(self) -> _shown:
        self.bar.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.bar.stop()

    def show(self, done: int, steps: int, epochs: tuple[Epoch, ...]) -> None:
        """Say how far it is."""
        said = f"loss {epochs[-1].loss:.4f}" if epochs else "training"
        self.bar.update(self.task, completed=done, total=steps, description=said)
