"""Reading what cores recorded: the buffers that ``mapping.json`` lists become traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from axonc.ir.mapping import box_neurons
from axonc.ir.ops import Array

from .engine import Machine, Probe


def read_buffers(machine: Machine, places: Sequence[Mapping[str, Any]], rows: int) -> Array:
    """The first ``rows`` steps of a signal, [rows, neurons]; ``places`` are its entries in ``mapping.json``."""
    parts = [(_neurons(place), _read(machine, place, rows)) for place in places]
    signal = np.zeros((rows, sum(len(neurons) for neurons, _ in parts)), parts[0][1].dtype)
    for neurons, part in parts:
        signal[:, neurons] = part
    return signal


def _neurons(place: Mapping[str, Any]) -> Array:
    return box_neurons(tuple(place["shape"]), tuple(place["lower"]), tuple(place["upper"]))


def _read(machine: Machine, place: Mapping[str, Any], rows: int) -> Array:
    size, count = place["row_bytes"], len(_neurons(place))
    table = machine.read(Probe(place["core"], place["at"], rows * size)).reshape(rows, size)
    if place["format"] == "bits":
        return np.unpackbits(table, axis=1, bitorder="little")[:, :count].astype(np.int64)
    values: Array = table.view(np.dtype(place["format"]).newbyteorder("<"))[:, :count]
    return values if place["format"] == "float32" else values.astype(np.int64)
