"""The formats of kernels: how wide the weights of a convolution are on a core, and how its loops go over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from typing import Any

import numpy as np
from scipy import sparse

from axonc.ir.machine import Synapses
from axonc.ir.network import SharedKernel
from axonc.ir.ops import Array

from .formats import BY_NAME, BYTE, Form

Table = np.ndarray[Any, Any]


@dataclass(frozen=True)
class KernelFormat:
    """One way of storing a kernel: its weights stand side by side as those of a dense row do, in the format ``row``.

    A run of weights is added in blocks of ``block``, which begin at multiples of ``unit`` weights. Where a run begins
    elsewhere, weights go one by one: up to the next such place if it is ``sought``, else all of them.
    """

    name: str
    row: str
    block: int
    unit: int
    sought: bool

    @property
    def largest(self) -> int:
        """The largest magnitude of a weight."""
        return BY_NAME[self.row].largest

    def data_bytes(self, weights: int) -> int:
        """Bytes of so many weights in a core's memory."""
        return BY_NAME[self.row].data_bytes(Form(1, weights, weights))

    def table(self, weights: Array) -> Table:
        """What a core stores of weights [n]."""
        (stored,) = BY_NAME[self.row].tables(sparse.csc_array(weights.reshape(-1, 1)))
        return stored.reshape(-1)

    def blocks(self, weights: Array, channels: int) -> Array:
        """The blocks of runs of so many weights: the mean over all places at which a run can begin, which are the
        multiples of ``channels``. float64."""
        begins = np.arange(0, self.unit, gcd(channels, self.unit))
        ahead = -begins % self.unit
        found = np.maximum(weights[:, None] - ahead, 0) // self.block
        return np.asarray(np.where(self.sought | (ahead == 0), found, 0).mean(axis=1))


KERNEL_FORMATS = (
    KernelFormat("kernel2", "dense2", 16, 16, True),
    KernelFormat("kernel4", "dense4", 8, 8, True),
    KernelFormat("kernel", "dense", 8, 4, False),
    KernelFormat("kernel16", "dense16", 4, 2, False),
)
"""Every format, from the smallest weights up."""

KERNELS: Mapping[str, KernelFormat] = {format.name: format for format in KERNEL_FORMATS}

ON_HOST = ("kernel", "kernel16")
"""The formats of a host: memory is no concern of it."""


@lru_cache(maxsize=1024)
def kernel_format(kernel: SharedKernel, synapses: Synapses) -> KernelFormat:
    """The format of a kernel: that for the smallest weights which holds its own."""
    largest = int(np.abs(kernel.weight.astype(np.int64)).max(initial=0))
    return next(format for format in _offered(synapses) if format.largest >= largest)


def _offered(synapses: Synapses) -> Iterator[KernelFormat]:
    host = synapses.window > BYTE
    return (format for format in KERNEL_FORMATS if not host or format.name in ON_HOST)
