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
from axonc.backends.spinnaker2.counts import predicted_macs, received_events
from axonc.backends.spinnaker2.graded_inputs import rounded
from axonc.backends.spinnaker2.lower import plan_cores
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


@pytest.mark.parametrize("kind", ["native", "emulated"])
@pytest.mark.parametrize("density", [1.0, 0.5, 0.15, 0.05])
@strategies.examples(2)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_weights_are_counted_as_predicted(kind: str, density: float, data: st.DataObject, seed: int) -> None:
    """Every event of a source adds the weights of its rows on all cores that hear it: no more, no less."""
    rng = np.random.default_rng(seed)
    dense = data.draw(st.booleans())
    made = gated_graphs.chain(rng, ["egru", "lif", "egru"], dense, [40, 30, 50], 20, density=density)
    graph, x = made.graph, gated_graphs.values(rng, dense, (1, 6, 20))
    net = network(graph)
    mapping = data.draw(core_images.mappings(net, ["readout"]))
    populations = [p.name for p in net.populations if p.peak and p.name != "in"]
    seen = axonc.interpret(graph, x[0], populations).recorded
    given_in = rounded(graph, "in", x)[0] if dense else x[0]
    graded = frozenset(p.name for p in net.populations if p.graded)
    received = received_events(mapping, {"in": given_in, **seen}, graded)
    listed = HostInterface((), 0, 2000 * (mapping.of("in")[0].core is not None))
    stats = core_images.run(graph, mapping, x, kind, (), seed % 7, listed).stats
    predicted = predicted_macs(plan_cores(net, mapping), received)
    np.testing.assert_array_equal(stats["macs"][0], predicted)
    assert predicted.sum() > 500 * density
