"""Signal to noise of integer weights: least squares against the largest weight, on random and on published networks."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.networks import recurrent
from benchmarks.sqnr import FILES, Layer, decibels, gains, joined, layers
from recorded import recorded

import axonc
from axonc import Graph

FOLDERS = {"cnn_sinabs.nir": "02_cnn"}
GOAL = 38.6
"""Decibels that int8 weights reach with a scale for each output channel of each layer."""


def require_never_worse(graph: Graph, weights: str, scope: str) -> list[Layer]:
    """The layers under max, after comparing every channel of every population with those under mse."""
    largest, least = (layers(graph, weights, scope, how) for how in ("max", "mse"))
    for target in {layer.target for layer in largest}:
        before, after = joined(largest, target).noise, joined(least, target).noise
        if scope == "fan_in":
            before, after = before.sum(), after.sum()
        assert np.all(after <= before * (1 + 1e-9))
    return largest


@pytest.mark.parametrize("scope", ["channel", "fan_in"])
@pytest.mark.parametrize("weights", ["int16", "int8", "int4", "int2"])
def test_least_squares_are_never_worse(weights: str, scope: str) -> None:
    require_never_worse(recurrent(20, 30, 4), weights, scope)


@pytest.mark.parametrize("scope", ["channel", "fan_in"])
@pytest.mark.parametrize("weights", ["int8", "int4"])
def test_shifts_never_lose(weights: str, scope: str) -> None:
    """Of matrices of very different weights into one population, none; in the mean they win a bit and more."""
    _, shared, finer = gains(25, weights, scope).T
    assert np.all(finer >= shared - 1e-9)
    assert np.mean(finer - shared) > 6


def test_with_shifts_no_matrix_is_left_behind() -> None:
    """Where weights differ up to 200 times, the worst matrix is held to less than two bits of what it is alone."""
    alone, shared, finer = gains(25, "int8", "channel").T
    assert shared.min() < 10
    assert np.all(finer > alone - 12)


@pytest.mark.parametrize("name", FILES)
def test_published_networks_gain_by_shifts(name: str) -> None:
    """Every layer has what the goal asks for, shared scales or not, and none less than without shifts."""
    path = recorded(f"paper/{FOLDERS.get(name, '03_rnn')}/{name}")
    graph = axonc.load(path, semantics="nir,dt=1e-4,reset=zero")
    shared, finer = (layers(graph, "int8", "channel", "max", shifts) for shifts in (False, True))
    for one, other in zip(shared, finer, strict=True):
        assert decibels(other.exact, other.held) >= max(GOAL, decibels(one.exact, one.held) - 1e-9)


@pytest.mark.parametrize("name", FILES)
def test_published_networks_keep_their_signal(name: str) -> None:
    path = recorded(f"paper/{FOLDERS.get(name, '03_rnn')}/{name}")
    graph = axonc.load(path, semantics="nir,dt=1e-4,reset=zero")
    found = require_never_worse(graph, "int8", "channel")
    assert all(layer.alone >= GOAL for layer in found)
    assert all(joined(found, target).alone >= GOAL - 1 for target in {layer.target for layer in found})
