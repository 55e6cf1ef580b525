"""How much memory the code of a program takes, before it is compiled.

The figures are those of the images that the shipped toolchain links, measured by
``tests/backends/test_code_size.py``, which also holds them to be right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from axonc.ir.machine import BYTEWISE, Synapses
from axonc.ir.network import Network
from axonc.ir.ops import Input

from .memory import MemoryMap, round_up
from .parameters import kernel
from .rows import linked_formats

RUNTIME_BYTES = 4096
"""A program without kernels and without rows."""

KERNEL_BYTES: Mapping[str, int] = {
    "lif_q16": 1796,
    "lif_q32": 1796,
    "lif_f32": 1376,
    "lif_levels": 1312,
    "cuba_lif_levels": 1396,
    "cuba_lif_q16": 2512,
    "cuba_lif_q32": 2492,
    "cuba_lif_f32": 1608,
    "gru_after_q16": 4944,
    "gru_before_q16": 4756,
    "reset_gate_q16": 3444,
    "lstm_q16": 4888,
    "partial_sums_q16": 600,
}
"""What each kernel adds alone; those of gated units share tables, and add less together."""

ROW_BYTES: Mapping[str, int] = {
    "dense": 852,
    "blocks": 332,
    "sparse": 332,
    "kernel": 888,
    "kernel16": 888,
    "kernel4": 844,
    "kernel2": 984,
    "sparse16": 704,
    "dense16": 812,
    "dense4": 1064,
    "dense2": 1340,
    "wide": 332,
    "pairs": 368,
    "signs": 512,
    "dram_dense": 476,
    "dram_sparse": 556,
}
"""What rows of spikes add, by their format."""

GRADED_ROW_BYTES: Mapping[str, int] = {
    "dense": 732,
    "blocks": 396,
    "sparse": 352,
    "kernel": 980,
    "kernel16": 980,
    "kernel4": 892,
    "kernel2": 1076,
    "sparse16": 784,
    "dense16": 536,
    "dense4": 584,
    "dense2": 736,
    "wide": 372,
    "pairs": 400,
    "signs": 524,
    "dram_dense": 372,
    "dram_sparse": 440,
}
"""What rows of graded events add."""

MARGIN = 1.1
"""Other compilers, and later versions of this one, may need so much more."""

UNIT = 4096
"""Code is set aside in such units, so that few sizes occur."""


def code_bytes(kernels: Iterable[str], formats: Iterable[str] = (), graded: Iterable[str] = ()) -> int:
    """Bytes to set aside for a program of some kernels, and of some formats of rows of spikes and ``graded`` events."""
    parts = [
        *(KERNEL_BYTES[name] for name in set(kernels)),
        *(ROW_BYTES[name] for name in set(formats)),
        *(GRADED_ROW_BYTES[name] for name in set(graded)),
    ]
    return round_up(int(MARGIN * (RUNTIME_BYTES + sum(parts))), UNIT)


@lru_cache(maxsize=16)
def fitted(memory: MemoryMap, network: Network, synapses: Synapses = BYTEWISE) -> MemoryMap:
    """The memory with no more set aside for code than the kernels and rows of a network need; the same for all
    cores."""
    kernels = {kernel(p.op) for p in network.populations if not isinstance(p.op, Input)}
    formats = (linked_formats(network, synapses, graded) for graded in (False, True))
    return replace(memory, code_bytes=min(memory.code_bytes, code_bytes(kernels, *formats)))
