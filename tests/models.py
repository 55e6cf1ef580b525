"""Small NIR models: builders of nodes with plain parameters, and of graphs from paths such as ``"input fc lif"``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import nir
import numpy as np
from numpy.typing import ArrayLike


def array(value: ArrayLike, count: int) -> np.ndarray[Any, Any]:
    """One value, or one a neuron, as an array of ``count`` float64."""
    return np.broadcast_to(np.asarray(value, np.float64), (count,)).copy()


def neuron(kind: str, count: int, **parameters: ArrayLike) -> nir.NIRNode:
    """``count`` neurons of a NIR type; parameters that are not given have usual values."""
    usual = {
        "tau": 5e-3,
        "tau_syn": 4e-3,
        "tau_mem": 8e-3,
        "r": 1.0,
        "v_leak": 0.0,
        "w_in": 1.0,
        "v_threshold": 1.0,
        "v_reset": 0.0,
        "threshold": 1.0,
    }
    fields = FIELDS[kind]
    return getattr(nir, kind)(**{name: array(parameters.get(name, usual[name]), count) for name in fields})


FIELDS = {
    "Threshold": ("threshold",),
    "I": ("r",),
    "LI": ("tau", "r", "v_leak"),
    "IF": ("r", "v_threshold", "v_reset"),
    "LIF": ("tau", "r", "v_leak", "v_threshold", "v_reset"),
    "CubaLI": ("tau_syn", "tau_mem", "r", "v_leak", "w_in"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "w_in", "v_threshold", "v_reset"),
}
"""The parameters of every NIR neuron."""


def source(*shape: int) -> nir.Input:
    """An input."""
    return nir.Input(input_type={"input": np.array(shape)})


def sink(*shape: int) -> nir.Output:
    """An output."""
    return nir.Output(output_type={"output": np.array(shape)})


def linear(weight: ArrayLike) -> nir.Linear:
    """Weights without bias."""
    return nir.Linear(weight=np.asarray(weight, np.float64))


def affine(weight: ArrayLike, bias: ArrayLike) -> nir.Affine:
    """Weights and bias."""
    return nir.Affine(weight=np.asarray(weight, np.float64), bias=np.asarray(bias, np.float64))


def flat(*shape: int, start: int = 0, end: int = -1) -> nir.Flatten:
    """Flattening of a signal of ``shape``."""
    return nir.Flatten(input_type={"input": np.array(shape)}, start_dim=start, end_dim=end)


def graph(nodes: Mapping[str, nir.NIRNode], *paths: str) -> nir.NIRGraph:
    """A graph whose edges follow the paths, unchecked."""
    names = [path.split() for path in paths]
    edges = [edge for path in names for edge in pairwise(path)]
    return nir.NIRGraph(nodes=dict(nodes), edges=list(dict.fromkeys(edges)), type_check=False)


def single(node: nir.NIRNode, weight: ArrayLike = ((1.0,),), bias: ArrayLike | None = None) -> nir.NIRGraph:
    """input -> fc -> cell -> output."""
    matrix = np.asarray(weight, np.float64)
    fc = linear(matrix) if bias is None else affine(matrix, bias)
    nodes = {"input": source(matrix.shape[1]), "fc": fc, "cell": node, "output": sink(matrix.shape[0])}
    return graph(nodes, "input fc cell output")


def recurrent(count: int = 6, channels: int = 3, kind: str = "CubaLIF", seed: int = 0) -> nir.NIRGraph:
    """input -> fc -> cell -> out -> readout -> output, with cell -> rec -> cell, and biases in fc and rec."""
    rng = np.random.default_rng(seed)
    nodes = {
        "input": source(channels),
        "fc": affine(rng.normal(0, 2, (count, channels)), rng.normal(0, 0.2, count)),
        "cell": neuron(kind, count, r=rng.uniform(1, 3, count)),
        "rec": affine(rng.normal(0, 1, (count, count)), rng.normal(0, 0.2, count)),
        "out": linear(rng.normal(0, 1, (2, count))),
        "readout": neuron("LI", 2),
        "output": sink(2),
    }
    return graph(nodes, "input fc cell rec cell", "cell out readout output")


def events(shape: tuple[int, ...], density: float = 0.3, peak: int = 1, seed: int = 0) -> np.ndarray[Any, Any]:
    """Random events: whole numbers from 0 to ``peak``."""
    rng = np.random.default_rng(seed)
    return rng.integers(1, peak + 1, shape) * (rng.random(shape) < density)
