"""Building and running a training: one library for each level of the host's vectors, called once for each step."""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

import numpy as np

from axonc.ir.ops import Array, Linear

from ...spinnaker2.engine.bindings import host_level
from ...spinnaker2.toolchain import HOST_FORMS, library_form
from ...training.samples import Learned, Samples
from ..tensor.library import aligned
from ..tensor.library import build as build_program
from .emit import NAME
from .plan import Executable
from .program import Training

LIBRARY = Path(f"images/{NAME}.so")


COUNTED = ("forwards", "backwards", "traffic", "transfers")
"""What a program counts."""


class Store(ctypes.Structure):
    """``axonc_store_t``."""

    _fields_ = (
        ("bytes", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("states", ctypes.c_size_t),
        ("tapes", ctypes.c_size_t),
        ("most", ctypes.c_size_t),
    )


class Counts(ctypes.Structure):
    """``axonc_counts_t``."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in COUNTED)


def build(directory: Path) -> None:
    """Compile ``src/`` into ``images/``."""
    build_program(directory, NAME)


def run_training(directory: Path, training: Training, plan: Executable, turns: Iterable[Samples]) -> Learned:
    """Run the training built in ``directory`` over all steps of training, each by ``plan``."""
    with TemporaryFile() as away:
        run = _Run(directory, training, plan, _mapped(away, plan.off_chip))
        for samples in turns:
            run.step(samples)
        return run.learned()


def _mapped(file: Any, size: int) -> Array:
    """A file as memory: what is off the chip."""
    if not size:
        return np.empty(0, np.uint8)
    file.truncate(size)
    return np.memmap(file, np.uint8, "r+", shape=(size,))


class _Run:
    """A training in progress: its memory, both stores, and what it gave so far."""

    def __init__(self, directory: Path, training: Training, plan: Executable, away: Array) -> None:
        self.training, self.plan, self.library = training, plan, _opened(directory)
        self.memory = aligned(int(self.library.axonc_training_bytes()))
        self.memory[:] = 0
        numbers = np.fromfile(directory / "data" / "numbers.bin", np.uint8)
        self.memory[: len(numbers)] = numbers
        self.held = (aligned(plan.on_chip), away)
        self.stores = (Store * 2)(*(Store(held.ctypes.data, held.size, 0, 0, 0) for held in self.held))
        self.counts = Counts()
        self.losses: list[float] = []
        self.pooled: list[Array] = []
        self.given = 0

    def step(self, samples: Samples) -> None:
        """One step of training."""
        inputs = [np.ascontiguousarray(samples.x[name], dtype) for name, (dtype, _) in self.training.inputs.items()]
        self.given = sum(array.nbytes for array in inputs)
        kind = np.uint32 if self.training.task.goal.name == "cross_entropy" else np.float32
        target, hyper = (np.ascontiguousarray(a, t) for a, t in ((samples.target, kind), (samples.hyper, np.float32)))
        loss, pooled = np.empty(1, np.float32), np.empty((self.training.task.batch, self.training.outputs), np.float32)
        pointers = (ctypes.c_void_p * len(inputs))(*(array.ctypes.data for array in inputs))
        ends = (target, hyper, loss, pooled)
        self.library.axonc_training_step(
            _at(self.memory), self.stores, _at(self.plan.actions), ctypes.c_size_t(len(self.plan.actions)), pointers,
            *map(_at, ends), ctypes.byref(self.counts),
        )  # fmt: skip
        self.losses.append(float(loss[0]))
        self.pooled.append(pooled)

    def learned(self) -> Learned:
        """The parameters, and what was counted."""
        parameters = {key: self._parameter(key, at) for key, at in self.training.trained.items()}
        return Learned(np.array(self.losses, np.float32), np.array(self.pooled), parameters, self._accounts())

    def _parameter(self, parameter: tuple[str, str], at: int) -> Array:
        """A value as the op has it; a dense matrix lies turned round, with a row for every source."""
        task = self.training.task
        shape = np.shape(task.parameters[parameter])
        stored = self.memory[at : at + 4 * prod(shape)].view(np.float32).copy()
        turned = isinstance(task.forward[parameter[0]].op, Linear) and len(shape) > 1
        return np.ascontiguousarray(stored.reshape(shape[::-1]).T) if turned else stored.reshape(shape)

    def _accounts(self) -> Mapping[str, Any]:
        """Steps, bytes that moved off the chip and back, and the most that was held at once."""
        counted = {name: int(getattr(self.counts, name)) for name in COUNTED}
        on, off = (int(store.most) for store in self.stores)
        memory = {"program": self.memory.size, "inputs": self.given, "checkpoints": on}
        return {"turns": len(self.losses), **counted, "memory": {**memory, "total": sum(memory.values()), "off": off}}


def _at(array: Array) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _opened(directory: Path) -> ctypes.CDLL:
    """The library with the widest vectors that this processor has: a copy, since a process loads each path once."""
    library = directory / LIBRARY
    forms = (library_form(library, level) for level in HOST_FORMS if level <= host_level())
    best = next((form for form in forms if form.exists()), library)
    with TemporaryDirectory(ignore_cleanup_errors=True) as made:
        found = ctypes.CDLL(shutil.copy(best, made))
    found.axonc_training_bytes.restype = ctypes.c_size_t
    return found
