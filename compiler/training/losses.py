"""Losses: what is learned from the output of a network over a sequence. Frozen values; batches [T, B, C].

``over`` says what of the T steps counts: their ``sum``, ``mean`` or ``max`` (each element's largest value), or the
``last`` one. `StepwiseCrossEntropy` sees every step for itself.

In float32 a loss and its derivative are the same bits here, in C and on tiles: exp and log are the project's own, and
sums over classes, then over samples, run upwards. In float64 they are numpy's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal

import numpy as np

from axonc.ir import Diagnostic, ModelError, Shape
from axonc.ir.interpret.functions import exp, log
from axonc.ir.ops import Array

Over = Literal["sum", "mean", "max", "last"]


def reduced(output: Array, over: str) -> Array:
    """[B, C] of an output [T, B, C]."""
    if over == "last":
        return np.asarray(output[-1])
    return np.asarray({"sum": np.sum, "mean": np.mean, "max": np.max}[over](output, axis=0))  # type: ignore[operator]


def spread(gradient: Array, output: Array, over: str) -> Array:
    """The derivative [T, B, C] with respect to ``output`` from that with respect to `reduced`."""
    if over in ("sum", "mean"):
        share = gradient if over == "sum" else gradient / gradient.dtype.type(len(output))
        return np.broadcast_to(share, output.shape)
    spread_out = np.zeros_like(output)
    if over == "last":
        spread_out[-1] = gradient
    else:
        np.put_along_axis(spread_out, np.argmax(output, axis=0)[None], gradient[None], axis=0)
    return spread_out


@dataclass(frozen=True)
class Loss:
    """Base of all losses.

    ``__call__`` gives the mean loss of a batch and its derivative with respect to the output; both in the precision of
    the output, the loss as a float. Targets come as labels [B], whole numbers from 0, or as arrays.
    """

    name: ClassVar[str] = "loss"
    labelled: ClassVar[bool] = True
    """Whether targets are labels."""

    def __call__(self, output: Array, target: Array) -> tuple[float, Array]:
        raise TypeError(f"{self.name} is no loss")

    def guess(self, output: Array) -> Array:
        """The labels that an output [T, B, C] stands for, in the form of the targets."""
        raise TypeError(f"{self.name} has no labels")

    def check(self, node: str, shape: Shape, target: Array, samples: int, steps: int) -> Array:
        """The targets as an array that fits an output of ``shape`` at every step; `ModelError` otherwise."""
        return _labels(node, shape, target, (samples,), f"one label a sample: {samples}")


def _labels(node: str, shape: Shape, target: Array, wanted: Shape, what: str) -> Array:
    """Whole numbers that name an element of ``shape``, as many as ``wanted``."""
    limit = f"{what} whole numbers from 0 to {prod(shape) - 1}"
    if target.shape != wanted or target.dtype.kind not in "iub":
        found = f"labels of shape {target.shape} and type {target.dtype}"
        raise ModelError(Diagnostic("AX705", node, found, limit, "give one class a sample"))
    if target.size and not 0 <= target.min() <= target.max() < prod(shape):
        found = f"labels from {target.min()} to {target.max()}"
        raise ModelError(Diagnostic("AX705", node, found, limit, "number the classes from 0"))
    return target.astype(np.int64)


@dataclass(frozen=True)
class PooledLoss(Loss):
    """Base of the losses that see r, the output `reduced` over the steps."""

    over: Over = "sum"

    def guess(self, output: Array) -> Array:
        """The labels [B] that an output [T, B, C] stands for."""
        return np.asarray(np.argmax(reduced(output, self.over), axis=1))


@dataclass(frozen=True)
class CrossEntropy(PooledLoss):
    """-log softmax(scale r)[label], with r the output `reduced` over the steps."""

    name: ClassVar[str] = "cross_entropy"
    scale: float = 1.0

    def __call__(self, output: Array, target: Array) -> tuple[float, Array]:
        flat = output.reshape(*output.shape[:2], -1)
        loss, slope = _cross_entropy(self.scale * reduced(flat, self.over), target)
        slope *= slope.dtype.type(self.scale)
        return loss, spread(slope, flat, self.over).reshape(output.shape)


@dataclass(frozen=True)
class StepwiseCrossEntropy(Loss):
    """The mean over steps and samples of -log softmax(y[k])[label[k]], with a label [B, T] for every step.

    This is the loss of language models, whose label is the next token, and of framewise classification. Its
    exponential is the perplexity, divided by log 2 it is bits a token.
    """

    name: ClassVar[str] = "stepwise_cross_entropy"

    def __call__(self, output: Array, target: Array) -> tuple[float, Array]:
        steps, batch = output.shape[:2]
        loss, slope = _cross_entropy(output.reshape(steps * batch, -1), target.T.reshape(-1))
        return loss, slope.reshape(output.shape)

    def guess(self, output: Array) -> Array:
        """The labels [B, T] that an output [T, B, C] stands for."""
        return np.asarray(np.argmax(output.reshape(*output.shape[:2], -1), axis=2)).T

    def check(self, node: str, shape: Shape, target: Array, samples: int, steps: int) -> Array:
        return _labels(node, shape, target, (samples, steps), f"one label a sample and step: {samples} x {steps}")


def _cross_entropy(logits: Array, labels: Array) -> tuple[float, Array]:
    """The mean over N of -log softmax(logits [N, C])[labels [N]], and its derivative [N, C]."""
    logits = logits - logits.max(axis=1, keepdims=True)
    powers = exp(logits)
    sums = _total(powers)[:, None]
    rows = np.arange(len(labels))
    loss = _mean(log(sums[:, 0]) - logits[rows, labels])
    slope = np.divide(powers, sums, out=powers)
    slope[rows, labels] -= 1
    slope *= slope.dtype.type(1 / len(labels))
    return loss, slope


def _total(x: Array) -> Array:
    """The sum over the last axis; in float32 one element after the other, as programs add."""
    return np.asarray(np.add.accumulate(x, axis=-1)[..., -1] if x.dtype == np.float32 else x.sum(axis=-1))


def _mean(x: Array) -> float:
    """The mean of all elements; in float32 their sum, one after the other, times 1 / size, as programs have it."""
    if x.dtype != np.float32 or not x.size:
        return float(np.mean(x))
    return float(_total(x.reshape(-1)) * np.float32(1 / x.size))


@dataclass(frozen=True)
class MeanSquared(PooledLoss):
    """The mean of (r - target)^2 over all elements; target [B, *S] with r the output `reduced` over the steps, or
    [B, T, *S] with the output itself."""

    name: ClassVar[str] = "mean_squared"
    labelled: ClassVar[bool] = False
    over: Over = "mean"

    def __call__(self, output: Array, target: Array) -> tuple[float, Array]:
        wanted = target.astype(output.dtype)
        every = wanted.ndim == output.ndim
        off = (output if every else reduced(output, self.over)) - (wanted.swapaxes(0, 1) if every else wanted)
        slope = off * off.dtype.type(2 / max(off.size, 1))
        return _mean(off * off), slope if every else spread(slope, output, self.over)

    def check(self, node: str, shape: Shape, target: Array, samples: int, steps: int) -> Array:
        fits = target.ndim in (len(shape) + 1, len(shape) + 2) and target.shape[target.ndim - len(shape) :] == shape
        if not fits or len(target) != samples or target.dtype.kind not in "biuf" or not np.all(np.isfinite(target)):
            found = f"targets of shape {target.shape} and type {target.dtype}"
            limit = f"finite numbers, [{samples}, {', '.join(map(str, shape))}], with or without steps behind the batch"
            raise ModelError(Diagnostic("AX705", node, found, limit, "reshape the targets"))
        return target


@dataclass(frozen=True)
class RateTarget(PooledLoss):
    """The mean of (rate - wanted)^2, rate the events of an element for each step; wanted is ``correct`` for the
    element of the label and ``wrong`` for all others."""

    name: ClassVar[str] = "rate_target"
    over: Over = "mean"
    correct: float = 0.5
    wrong: float = 0.05

    def __call__(self, output: Array, target: Array) -> tuple[float, Array]:
        flat = output.reshape(*output.shape[:2], -1)
        wanted = np.full(flat.shape[1:], self.wrong, output.dtype)
        wanted[np.arange(len(target)), target] = self.correct
        off = reduced(flat, self.over) - wanted
        slope = off * off.dtype.type(2 / max(off.size, 1))
        return _mean(off * off), spread(slope, flat, self.over).reshape(output.shape)


LOSSES: dict[str, type[Loss]] = {
    loss.name: loss for loss in (CrossEntropy, StepwiseCrossEntropy, MeanSquared, RateTarget)
}
"""Every loss by name."""
