"""A recurrent LIF network of the same sizes in Norse, snnTorch and SpikingJelly, stepped, where they are installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Sizes = tuple[int, int, int]


def available(sizes: Sizes, x: Array) -> dict[str, Callable[[], object]]:
    """A run over all steps for every framework that can be imported; what cannot is named."""
    ways: dict[str, Callable[[], object]] = {}
    for name, make in (("norse", _norse), ("snntorch", _snntorch), ("spikingjelly", _spikingjelly)):
        try:
            ways[f"{name}, stepped"] = make(sizes, x)
        except ImportError:
            print(f"({name} is not installed and left out)")
    return ways


def _loop(sizes: Sizes, x: Array, step: Callable[[Any, Any], tuple[Any, Any]]) -> Callable[[], object]:
    """``step`` takes the current and a state (None at first) and returns spikes and state."""
    torch: Any = importlib.import_module("torch")
    torch.set_num_threads(1)
    into, back, out = (torch.randn(a, b) for a, b in ((sizes[0], sizes[1]), (sizes[1], sizes[1]), sizes[1:]))
    rows = torch.tensor(x, dtype=torch.float32)

    def run() -> object:
        spikes, state, total = torch.zeros(sizes[1]), None, torch.zeros(sizes[2])
        with torch.no_grad():
            for row in rows:
                spikes, state = step(row @ into + spikes @ back, state)
                total = 0.9 * total + spikes @ out
        return total

    return run


def _norse(sizes: Sizes, x: Array) -> Callable[[], object]:
    norse: Any = importlib.import_module("norse.torch")
    cell = norse.LIFBoxCell()
    return _loop(sizes, x, lambda current, state: cell(current, state))


def _snntorch(sizes: Sizes, x: Array) -> Callable[[], object]:
    snntorch: Any = importlib.import_module("snntorch")
    neuron = snntorch.Leaky(beta=0.95, reset_mechanism="zero")
    return _loop(sizes, x, lambda current, state: neuron(current, neuron.reset_mem() if state is None else state))


def _spikingjelly(sizes: Sizes, x: Array) -> Callable[[], object]:
    modules: Any = importlib.import_module("spikingjelly.activation_based.neuron")
    neuron = modules.LIFNode()

    def step(current: Any, state: Any) -> tuple[Any, Any]:
        if state is None:
            neuron.reset()
        return neuron(current), True

    return _loop(sizes, x, step)
