"""Inputs of a run: what an input's tensors receive in every step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from axonc.ir import Diagnostic, Graph, Kind, ModelError
from axonc.ir.ops import Array
from axonc.ir.signal import Element

from ..spinnaker2.graded_inputs import rounded


def input_bytes(graph: Graph, data: Array, source: Mapping[str, Any], word: str) -> list[bytes]:
    """For every sample the lists of all steps, then their values, as ``source`` (of ``plan.json``) has them; nothing of
    an input that nobody reads."""
    if not source["capacity"] and not source["values"]:
        return [b""] * len(data)
    in_float = source["values"] == "<f4" or source["value"] == "FLOAT"
    given = _values(graph, source["name"], data, in_float)
    parts = [listed(source["name"], given, source, word)] if source["capacity"] else []
    parts += [given.astype(source["values"])] if source["values"] else []
    return [b"".join(np.ascontiguousarray(part[sample]).tobytes() for part in parts) for sample in range(len(given))]


def _values(graph: Graph, name: str, data: Array, in_float: bool) -> Array:
    """What an input sends, [B, T, elements]: counts of spikes, values as they are rounded for tiles, or in float."""
    if isinstance(graph.signals[name].format, Element):
        return np.asarray(data).reshape(*data.shape[:2], -1)
    graded = graph.signals[name].kind is not Kind.EVENT
    values = rounded(graph, name, data) if graded and not in_float else data
    return np.asarray(values).astype(np.float32 if in_float and graded else np.int64).reshape(*data.shape[:2], -1)


def listed(name: str, values: Array, source: Mapping[str, Any], word: str) -> Array:
    """The list of every step, [B, T, 1 + capacity * words]: how many events, then the source of each and its value,
    of a float its bits. Events without room are dropped where ``source`` (of ``plan.json``) says so, else an error."""
    capacity, words = source["capacity"], source["words"]
    steps = values.reshape(-1, values.shape[-1])
    most = int(np.count_nonzero(steps, axis=1).max(initial=0))
    if most > capacity and not source["drops"]:
        limit = f"its list holds {capacity}"
        raise ModelError(Diagnostic("AX701", name, f"{most} events in a step", limit, "calibrate with busier data"))
    lists = np.zeros((len(steps), 1 + capacity * words), word)
    row, sender = np.nonzero(steps)
    place = np.arange(len(row)) - np.searchsorted(row, row)
    row, sender, place = (part[place < capacity] for part in (row, sender, place))
    lists[:, 0] = np.bincount(row, minlength=len(steps))
    lists[row, 1 + place * words] = sender
    if words == 2:
        in_float, sent = source["value"] == "FLOAT", steps[row, sender]
        lists[row, 2 + place * words] = sent.astype(np.float32).view(word) if in_float else sent.astype(word)
    return lists.reshape(*values.shape[:2], -1)


def dropped(values: Array, capacity: int) -> Array:
    """How many events of each sample [B, T, elements] have no room in their steps, [B]."""
    events = np.count_nonzero(values.reshape(*values.shape[:2], -1), axis=2)
    return np.asarray(np.maximum(events - capacity, 0).sum(axis=1))
