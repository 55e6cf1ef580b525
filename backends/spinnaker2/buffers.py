"""Reading what cores recorded: the buffers that ``mapping.json`` lists become traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from axonc.ir.ops import Array

from .engine import Machine, Probe


def read_buffers(machine: Machine, places: Sequence[Mapping[str, Any]], rows: int) -> Array:
    """The first ``rows`` steps of a signal, [rows, neurons]; ``places`` are its entries in ``mapping.json``."""
    return np.concatenate([_read(machine, place, rows) for place in places], axis=1)


def _read(machine: Machine, place: Mapping[str, Any], rows: int) -> Array:
    size, count = place["row_bytes"], place["stop"] - place["start"]
    table = machine.read(Probe(place["core"], place["at"], rows * size)).reshape(rows, size)
    if place["format"] == "bits":
        return np.unpackbits(table, axis=1, bitorder="little")[:, :count].astype(np.int64)
    values: Array = table.view(np.dtype(place["format"]).newbyteorder("<"))[:, :count]
    return values if place["format"] == "float32" else values.astype(np.int64)
