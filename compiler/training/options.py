"""The options of a training, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from axonc.ir import Diagnostic, raise_if_any
from axonc.ir.ops import Surrogate

from ..differentiate import DEFAULT, KINDS
from .cells import BLOCK
from .losses import CrossEntropy, Loss
from .optimisers import Adam, Optimiser, Schedule
from .quantisation import EXACT, FakeQuantisation


@dataclass(frozen=True)
class Options:
    """Everything that a training depends on but graph and data.

    ``clip``: gradients are scaled down to this norm, over all parameters. ``prune``: the share of weights that a mask
    keeps at 0; 0.0 keeps the zeros that are there. ``save_every``: steps between checkpoints; None: each epoch.
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
    prune: float | None = None
    clip: float | None = None
    precision: str = "float32"
    save_every: int | None = None
    block: int = BLOCK
    memory: int | None = None
    checkpoints: str = "auto"
    packed: bool = False

    @property
    def numbers(self) -> Options:
        """Those that what is learned depends on; the others as they are by default."""
        return replace(self, save_every=None, memory=None, checkpoints="auto", packed=False)


def require_sound(options: Options) -> None:
    """`ModelError` with every problem of ``options``."""
    raise_if_any(_problems(options))


def _problems(options: Options) -> Iterator[Diagnostic]:
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
    if options.prune is not None and not 0 <= options.prune < 1:
        yield Diagnostic("AX403", "", f"prune={options.prune}", "0 to below 1", "correct it")
    bits = (options.quantisation.weights, options.quantisation.states)
    if any(count is not None and count < 2 for count in bits):
        yield Diagnostic("AX403", "", f"{bits} bits", "at least 2", "correct it")


def _unknown(name: str, given: Collection[str], known: Collection[str]) -> Iterator[Diagnostic]:
    for value in given:
        if value not in known:
            yield Diagnostic("AX403", "", f"{name} {value!r}", f"known: {', '.join(known)}", "choose one of them")
