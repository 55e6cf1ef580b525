"""Running a built training: samples and what was learned pass through files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from axonc.ir.ops import Array

from ...training.samples import Learned, Samples
from ..build import opened
from ..layout import Layout
from ..simulator import run_program
from .pieces import Tensor
from .program import Training


def run_training(directory: Path, training: Training, turns: Iterable[Samples]) -> Learned:
    """Run the training built in ``directory`` over all steps of training."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        with (folder / "samples.bin").open("wb") as file:
            count = sum(bool(file.write(_given(training, samples))) for samples in turns)
        arguments = {
            "weights": directory.resolve() / "data" / "weights.bin",
            "samples": folder / "samples.bin",
            "learned": folder / "learned.bin",
            "steps": count,
        }
        given = [f"{name}={value}" for name, value in arguments.items()]
        finished = run_program(opened(directory, folder), given, folder=directory / "src")
        words = np.fromfile(folder / "learned.bin", np.float32)
    assert finished.report is not None
    return _learned(training, words, count, finished.report)


def _given(training: Training, samples: Samples) -> bytes:
    """The bytes of one step of training, in the order in which the host reads them."""
    inputs = [
        in_order(samples.x[name].reshape(*samples.x[name].shape[:2], -1), buffer.tensors[0])
        for name, buffer in training.inputs.items()
    ]
    target = samples.target
    if training.target.dtype == "f4":
        target = in_order(target.reshape(1, len(target), -1), training.pooled)
    parts = (*inputs, target.astype(training.target.dtype), samples.hyper.astype(np.float32))
    return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)


def in_order(x: Array, tensor: Tensor) -> Array:
    """A signal [T, B, elements] as its tensor holds it: for every step tile after tile, on each sample after sample."""
    layout, steps, batch = tensor.layout, *x.shape[:2]
    lanes = x.shape[2] // layout.neurons
    split = x.reshape(steps, batch, lanes, layout.neurons)
    tiles = [split[..., layout.range(tile)].reshape(steps, -1) for tile in range(layout.tiles)]
    return np.concatenate(tiles, axis=1).astype(tensor.dtype)


def out_of_order(stored: Array, layout: Layout, batch: int) -> Array:
    """The signal [K, B, elements] of K pieces as tensors hold them; `in_order` backwards."""
    lanes = stored.shape[1] // (batch * layout.neurons)
    made = np.empty((len(stored), batch, lanes, layout.neurons), stored.dtype)
    at = 0
    for tile in range(layout.tiles):
        here = layout.range(tile)
        size = batch * lanes * len(here)
        made[..., here] = stored[:, at : at + size].reshape(len(stored), batch, lanes, len(here))
        at += size
    return made.reshape(len(stored), batch, lanes * layout.neurons)


def _learned(training: Training, words: Array, count: int, accounts: Mapping[str, Any]) -> Learned:
    pooled = int(training.pooled.sizes.sum())
    each, rest = words[: count * (1 + pooled)].reshape(count, 1 + pooled), words[count * (1 + pooled) :]
    parameters, at = {}, 0
    for parameter, tensor in training.trained:
        size = int(tensor.sizes.sum())
        value = training.draft.packings[parameter].unpacked(rest[at : at + size])
        parameters[parameter] = value.reshape(np.shape(training.task.parameters[parameter]))
        at += size
    batch = training.task.batch
    counts = rest[at:].view(np.uint32).reshape(-1, batch).max(axis=1).tolist()
    longest = dict(zip(training.draft.longest, counts, strict=True))
    return Learned(each[:, 0], out_of_order(each[:, 1:], training.pooled.layout, batch), parameters, accounts, longest)
