"""Graded events and gated units: cores compute what the interpreter does, however a network is cut and mapped."""

from __future__ import annotations

import core_images
import gated_graphs
import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import axonc
from axonc.backends.spinnaker2.backend import SpiNNaker2
from axonc.backends.spinnaker2.traces import recordable
from axonc.ir.network import network
from axonc.ir.target import HostInterface


@pytest.mark.parametrize("kind", ["native", "emulated"])
@strategies.examples(25)
@given(data=st.data(), case=gated_graphs.cases(), seed=st.integers(0, 9))
def test_cores_compute_what_the_interpreter_does(
    kind: str, data: st.DataObject, case: gated_graphs.Case, seed: int
) -> None:
    graph = case.graph
    assert not SpiNNaker2().check(graph)
    mapping = data.draw(core_images.mappings(network(graph), ["readout"]))
    listed = any(part.core is not None and part.population == "in" for part in mapping.slices)
    names = recordable(graph)
    recorded = data.draw(st.lists(st.sampled_from(names), unique=True))
    host = HostInterface(tuple(recorded), case.data.shape[0] * case.data.shape[1] * bool(recorded), 200 * listed)
    expected = axonc.interpret(graph, case.data, names)
    for back_to_back in (False, True):
        ours = core_images.run(graph, mapping, case.data, kind, names, seed, host, back_to_back)
        for name in names:
            np.testing.assert_array_equal(ours.recorded[name], expected.recorded[name], name)
        np.testing.assert_array_equal(ours.outputs["out"], expected.outputs["out"])
        assert not ours.stats["stray"].any()
