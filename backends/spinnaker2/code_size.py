"""How much memory the code of a program takes, before it is compiled.

The figures are those of the images that the shipped toolchain links, measured by
``tests/backends/test_code_size.py``, which also holds them to be right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from axonc.ir.network import Network
from axonc.ir.ops import Input, LevelNeuron

from .memory import MemoryMap, round_up
from .parameters import kernel

RUNTIME_BYTES = 6928
"""A program without kernels."""

KERNEL_BYTES: Mapping[str, int] = {
    "lif_q16": 1904,
    "lif_q32": 1856,
    "lif_f32": 1284,
    "cuba_lif_q16": 2516,
    "cuba_lif_q32": 2452,
    "cuba_lif_f32": 1560,
    "gru_after_q16": 4944,
    "gru_before_q16": 4756,
    "reset_gate_q16": 3444,
    "lstm_q16": 4888,
}
"""What each kernel adds alone; those of gated units share tables, and add less together."""

MARGIN = 1.1
"""Other compilers, and later versions of this one, may need so much more."""

UNIT = 4096
"""Code is set aside in such units, so that few sizes occur."""


def code_bytes(kernels: Iterable[str]) -> int:
    """Bytes to set aside for a program of some kernels."""
    return round_up(int(MARGIN * (RUNTIME_BYTES + sum(KERNEL_BYTES[name] for name in set(kernels)))), UNIT)


def fitted(memory: MemoryMap, network: Network) -> MemoryMap:
    """The memory with no more set aside for code than the kernels of a network need; the same for all cores."""
    kernels = {kernel(p.op) for p in network.populations if not isinstance(p.op, (Input, LevelNeuron))}
    return replace(memory, code_bytes=min(memory.code_bytes, code_bytes(kernels)))
