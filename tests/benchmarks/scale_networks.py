"""Networks of any size, written to a file by a script: a sheet of neurons without layers, chains of dense layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import models
import nir
import numpy as np
from scipy import sparse

from axonc import Graph

Array = np.ndarray[Any, Any]

FAN_OUT = 112
"""Synapses that are drawn for a neuron; those that are drawn twice become one, so that it has about 101."""

LONG = 1
"""Of these, how many lead anywhere."""

DISTANCE = 7.0
"""Standard deviation of the distance of the others, along each axis; neighbours are 1 apart."""

DRIVEN = 0.05
"""The part of the neurons that an input drives."""

TAU, GAIN = 20e-3, 20.0
"""Of all neurons: a weight of 1 brings a neuron to its threshold at once, with steps of 1 ms."""

DENSE = 100
"""Neurons of a layer of the dense network: each has so many synapses from the layer before."""

DEPTH = 10
"""Layers of a chain."""

SHOWN = 10
"""Chains whose last layers an output adds up: a single core has no time for all."""


def irregular(neurons: int, path: Path) -> Path:
    """A graph file: LIF neurons in a square whose borders meet, each with `FAN_OUT` synapses, `LONG` of them to
    anywhere and the others to normally distributed distances; a delay of one step. An input drives some of them.

    Neurons are numbered patch by patch (8 by 8, or less at the borders of the square), as a simulator that builds a
    sheet of columns numbers them; no other order is given away.
    """
    rng = np.random.default_rng(neurons)
    side = max(1, round(neurons**0.5))
    count = side * side
    builder = Graph.builder()
    driven = max(1, int(count * DRIVEN))
    builder.input("in", driven)
    builder.population("sheet", "lif", count, tau=TAU, r=GAIN)
    builder.connect("in", "sheet", _one_each(driven, count, rng))
    builder.connect("sheet", "sheet", _sheet(side, rng), delay=1e-3)
    builder.output("out", "sheet")
    builder.graph().save(path)
    return path


def _one_each(sources: int, targets: int, rng: np.random.Generator) -> sparse.csr_array:
    """A strong synapse from each source to a target of its own."""
    chosen = np.sort(rng.choice(targets, sources, replace=False))
    ends = (chosen, np.arange(sources))
    return sparse.csr_array((np.full(sources, 2.0, np.float32), ends), shape=(targets, sources))


def _sheet(side: int, rng: np.random.Generator) -> sparse.csr_array:
    """The weights between the neurons of a square, float32 CSR [targets, sources]."""
    count = side * side
    number = _by_patches(side)
    places = np.empty(count, np.int32)
    places[number] = np.arange(count, dtype=np.int32)  # where each neuron is
    targets = np.empty((count, FAN_OUT), np.int32)
    for column in range(FAN_OUT):  # one synapse of every neuron at a time: little memory at once
        if column < LONG:
            there = rng.integers(0, count, count, dtype=np.int32)
        else:
            apart = np.rint(rng.normal(0.0, DISTANCE, (2, count))).astype(np.int32)
            there = (places // side + apart[0]) % side * side + (places % side + apart[1]) % side
        targets[:, column] = number[there]
    weights = rng.uniform(0.03, 0.15, targets.size).astype(np.float32)
    weights[rng.random(targets.size, np.float32) < 0.5] *= -1
    starts = np.arange(0, targets.size + 1, FAN_OUT, dtype=np.int32)
    by_source = sparse.csc_array((weights, targets.reshape(-1), starts), shape=(count, count))
    by_source.sum_duplicates()
    return sparse.csr_array(by_source)


def _by_patches(side: int, patch: int = 8) -> Array:
    """The number of the neuron at every place of a square, row by row: int32."""
    row, column = np.divmod(np.arange(side * side, dtype=np.int32), np.int32(side))
    order = np.lexsort((column, row, column // patch, row // patch))
    number = np.empty(len(order), np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    return number


def dense(neurons: int, path: Path) -> Path:
    """A NIR file: chains of `DEPTH` layers of `DENSE` LIF neurons, each layer fed by all of the one before."""
    rng = np.random.default_rng(neurons)
    chains = max(1, round(neurons / (DENSE * DEPTH)))
    nodes: dict[str, nir.NIRNode] = {"input": models.source(DENSE), "output": models.sink(DENSE)}
    edges = []
    for chain in range(chains):
        before = "input"
        for layer in range(DEPTH):
            weights, neuron = f"w{chain}_{layer}", f"lif{chain}_{layer}"
            nodes[weights] = nir.Linear(weight=rng.normal(0.0, 0.3, (DENSE, DENSE)).astype(np.float32))
            nodes[neuron] = models.neuron("LIF", DENSE, tau=TAU, r=GAIN)
            edges += [(before, weights), (weights, neuron)]
            before = neuron
        if chain < SHOWN:
            edges.append((before, "output"))
    nir.write(str(path), nir.NIRGraph(nodes=nodes, edges=edges, type_check=False))
    return path


KINDS = {"irregular": (irregular, "axg"), "dense": (dense, "nir")}
"""What makes a network of so many neurons, and the suffix of its file."""
