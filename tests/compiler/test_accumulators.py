"""Bounds of accumulators: the worst inputs reach them and no more, on every machine; what may pass them is refused."""

from __future__ import annotations

from typing import Any

import core_images
import numpy as np
import pytest
from scipy import sparse

import axonc
from axonc import Graph, ModelError
from axonc.backends.spinnaker2.backend import SpiNNaker2
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import prepare
from axonc.compiler.passes.form import form_problems
from axonc.compiler.passes.weights import accumulator_bound, most_of
from axonc.ir import Fixed, Kind, Node, Signal, require_valid
from axonc.ir.ops import FixedMembrane, FixedNeuron, Input, Output, QuantLinear, ToFixed

Array = np.ndarray[Any, Any]
WORD = 2**31 - 1
SOURCES, TARGETS = 48, 21
ONE, ZERO = np.asarray(1.0), np.asarray(0)
LIMITS = {1: 8, 7: 8, 127: 8, 32767: 16}
"""The bits in which weights up to a limit are held."""


def summed(weights: Array, bits: int, payload: Fixed | None, peak: int, shift: int = 0) -> Graph:
    """Neurons whose voltage is the sum of their inputs in this step: spikes, or values of a format."""
    source = Input(Signal((SOURCES,)) if payload else Signal((SOURCES,), Kind.EVENT, peak=peak))
    whole = {"decay": ZERO, "multiplier": np.asarray(1 << 30), "shift": np.asarray(30), "leak": ZERO, "offset": ZERO}
    up = np.asarray(shift, np.int64) if shift else None
    nodes = [
        Node("x", source),
        *([Node("fixed", ToFixed(payload), ("x",))] if payload else []),
        Node("w", QuantLinear(sparse.csr_array(weights), ONE, bits, shift=up), ("fixed" if payload else "x",)),
        Node("sum", FixedNeuron((len(weights),), None, FixedMembrane(Fixed(32), **whole), None), ("w",)),
        Node("y", Output(), ("sum",)),
    ]
    return require_valid(Graph("sums", tuple(nodes), "steps", 1e-3))


def worst(weights: Array, most: int, signed: bool) -> Array:
    """For every target, the inputs that bring its sum to its largest and to its least value: [2 targets, sources]."""
    signs = np.sign(weights.astype(np.int64))
    if signed:
        return most * np.concatenate([signs, -signs])
    return most * np.concatenate([signs > 0, signs < 0]).astype(np.int64)


def drawn(limit: int, density: float, seed: int) -> Array:
    """Weights of all sizes up to ``limit``, that among them."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-limit, limit + 1, (TARGETS, SOURCES)) * (rng.random((TARGETS, SOURCES)) < density)
    weights[:, 0] = limit
    return weights.astype(np.int8 if limit < 128 else np.int16)


@pytest.mark.parametrize("kind", ["native", "emulated"])
@pytest.mark.parametrize("payload", [None, Fixed(16, 10)])
@pytest.mark.parametrize("limit", LIMITS)
def test_the_worst_inputs_reach_the_bound_and_no_more(limit: int, payload: Fixed | None, kind: str) -> None:
    """In dense and in sparse rows. Of the largest payloads and weights an int32 holds the sum of two."""
    weights = np.concatenate([drawn(limit, density, limit) for density in (1.0, 0.1)])
    most, graded = (payload.limit, True) if payload else (3, False)
    if graded and limit == 32767:
        weights[:, 2:] = 0
    graph = summed(weights, LIMITS[limit], payload, most)
    op = graph["w"].op
    assert isinstance(op, QuantLinear)
    bound = accumulator_bound(op, most_of(graph, graph["w"].inputs[0]), len(weights))
    inputs = worst(weights, most, graded)
    exact = inputs @ weights.T.astype(np.int64)
    assert np.all(np.abs(exact) <= bound)
    assert np.max(bound) <= WORD
    assert not graded or np.array_equal(np.abs(exact).max(axis=0), bound)
    x = inputs * (payload.scale if payload else 1)
    assert np.array_equal(axonc.interpret(graph, x).outputs["y"], exact)
    chip = SpiNNaker2().machine(None)
    mapping = prepare(graph, "spinnaker2", Options(slice_size=TARGETS))[1]  # a slice of each density
    assert mapping is not None
    found = core_images.run(graph, mapping, x[None], kind, (), 1, chip=chip, keep_going=True)
    assert np.array_equal(found.outputs["y"][0], exact)


@pytest.mark.parametrize("shift", [0, 3])
def test_one_unit_beyond_an_int32_is_refused(shift: int) -> None:
    """2^31 - 1 is a sum of products of 32767 and a rest; one more is not."""
    weights = np.zeros((2, SOURCES), np.int16)
    weights[1, :3] = 32767, 32767, 2  # 32767 (32767 + 32767 + 2) = 2147352578
    rest = (WORD - 32767 * 65536) // 32767
    weights[1, 3] = rest
    assert not list(form_problems(summed(weights, 16, Fixed(16, 10), 1)))
    weights[1, 4] = 1 << shift
    (problem,) = form_problems(summed(weights, 16, Fixed(16, 10), 1, shift))
    assert (problem.code, problem.node) == ("AX401", "sum")
    with pytest.raises(ModelError, match="AX401 sum"):
        prepare(summed(weights, 16, Fixed(16, 10), 1, shift), "spinnaker2", Options())
