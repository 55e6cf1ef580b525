"""The options of a training that programs of targets do not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from axonc.ir import Diagnostic
from axonc.ir.ops import Array

from ...training import EXACT, SGD, Adam, CrossEntropy, MeanSquared, Options, RateTarget
from ...training.losses import PooledLoss

IN_NUMPY = "leave it out, or train without a target"


def lacking(options: Options, others: Mapping[str, bool]) -> Iterator[Diagnostic]:
    """One for each option; ``others``: whether those were given that are not in ``options``, by name."""
    given = {
        **others,
        "weights or state": options.quantisation != EXACT,
        "prune": options.prune is not None,
        "clip": options.clip is not None,
        f"precision {options.precision}": options.precision != "float32",
        f"kinds {', '.join(options.kinds)}": not set(options.kinds) <= {"weights", "biases"},
        f"optimiser {options.optimiser.name}": type(options.optimiser) not in (SGD, Adam),
        f"loss {options.loss.name}": type(options.loss) not in (CrossEntropy, MeanSquared, RateTarget),
        "over=max": isinstance(options.loss, PooledLoss) and options.loss.over == "max",
    }
    for option, here in given.items():
        if here:
            yield Diagnostic("AX823", "", f"the option {option}", "programs of targets do not have it", IN_NUMPY)


def target_problems(options: Options, target: Array) -> Iterator[Diagnostic]:
    """Targets of every step."""
    if isinstance(options.loss, MeanSquared) and target.ndim > 2:
        found = f"targets of shape {target.shape}"
        yield Diagnostic(
            "AX823", "", found, "in programs of targets the loss sees what is reduced over the steps", IN_NUMPY
        )
