"""The options of a training, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from axonc.ir import Diagnostic, Graph
from axonc.ir.ops import Surrogate

from ..differentiate import DEFAULT, KINDS
from .cells import BLOCK
from .dropout import Dropout
from .losses import CrossEntropy, Loss
from .optimisers import Adam, Optimiser, Schedule
from .pruning import Pruning
from .quantisation import EXACT, FakeQuantisation


@dataclass(frozen=True)
class Options:
    """Everything that a training depends on but graph and data.

    ``clip``: gradients are scaled down to this norm, over all parameters. ``prune``: which weights masks keep at 0.
    ``save_every``: steps between checkpoints; None: each epoch.
    ``block``: the steps of time that one matrix product takes. ``memory``, ``checkpoints``, ``packed``: how much is
    held at once; what is learned does not depend on them, bit for bit.
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
    prune: Pruning | None = None
    clip: float | None = None
    precision: str = "float32"
    save_every: int | None = None
    block: int = BLOCK
    memory: int | None = None
    checkpoints: str = "auto"
    packed: bool = False
    dropout: Dropout | None = None

    @property
    def said(self) -> str:
        """The chosen kinds, as the trained graph names them."""
        said = f"{self.epochs} epochs, {self.loss.name}, {self.optimiser.name}, seed {self.seed}"
        pruned = "" if self.prune is None else f"prune {self.prune.name},share={self.prune.share:g}"
        dropped = "" if self.dropout is None else f"dropout {self.dropout.share:g} a {self.dropout.per}"
        return ", ".join(filter(None, (said, str(self.quantisation), pruned, dropped)))

    @property
    def numbers(self) -> Options:
        """Those that what is learned depends on; the others as they are by default."""
        return replace(self, save_every=None, memory=None, checkpoints="auto", packed=False)


def problems(options: Options, graph: Graph) -> Iterator[Diagnostic]:
    """Every problem of ``options`` for ``graph``."""
    counts = (
        ("epochs", options.epochs, 0),
        ("batch", options.batch, 1),
        ("block", options.block, 1),
        ("save_every", options.save_every or 1, 1),
    )
    for name, value, least in counts:
        if value < least:
            yield Diagnostic("AX403", "", f"{name}={value}", f"at least {least}", "correct it")
    yield from _unknown("kinds", options.kinds, KINDS)
    yield from _unknown("precision", (options.precision,), ("float32", "float64"))
    if options.prune is not None:
        yield from options.prune.problems()
    if options.dropout is not None:
        yield from options.dropout.problems(graph)
    yield from options.quantisation.problems(graph)


def _unknown(name: str, given: Collection[str], known: Collection[str]) -> Iterator[Diagnostic]:
    for value in given:
        if value not in known:
            yield Diagnostic("AX403", "", f"{name} {value!r}", f"known: {', '.join(known)}", "choose one of them")
