"""Reading what cores recorded: the buffers that ``mapping.json`` lists become traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from axonc.ir import split_reference
from axonc.ir.mapping import Order, Slice
from axonc.ir.ops import Array

from .engine import Machine, Probe


def read_buffers(
    machine: Machine, places: Sequence[Mapping[str, Any]], rows: int, orders: Mapping[str, Order]
) -> Array:
    """The first ``rows`` steps of a signal, [rows, neurons]; ``places`` are its entries in ``mapping.json``, ``orders``
    those of the mapping."""
    parts = [(_neurons(place, orders), _read(machine, place, rows)) for place in places]
    signal = np.zeros((rows, sum(len(neurons) for neurons, _ in parts)), parts[0][1].dtype)
    for neurons, part in parts:
        signal[:, neurons] = part
    return signal


def _neurons(place: Mapping[str, Any], orders: Mapping[str, Order]) -> Array:
    name, _ = split_reference(place["names"][0])
    shape, lower, upper = (tuple(place[key]) for key in ("shape", "lower", "upper"))
    return Slice(name, shape, lower, upper, order=orders.get(name)).neurons


def _read(machine: Machine, place: Mapping[str, Any], rows: int) -> Array:
    size = place["row_bytes"]
    table = machine.read(Probe(place["core"], place["at"], rows * size)).reshape(rows, size)
    count = prod(last - first for first, last in zip(place["lower"], place["upper"], strict=True))
    if place["format"] == "bits":
        return np.unpackbits(table, axis=1, bitorder="little")[:, :count].astype(np.int64)
    values: Array = table.view(np.dtype(place["format"]).newbyteorder("<"))[:, :count]
    return values if place["format"] == "float32" else values.astype(np.int64)
