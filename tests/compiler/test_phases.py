"""Loops without slack: where events need more hops than steps, a step takes several slots."""

from __future__ import annotations

import models
import nir
import numpy as np
import pytest

import axonc


def relayed_loop(relays: int) -> nir.NIRGraph:
    """A population whose spikes come back through thresholds, each on a core of its own, within one step."""
    rng = np.random.default_rng(relays)
    count = 5
    nodes = {
        "input": models.source(3),
        "fc": models.affine(rng.normal(0, 2, (count, 3)), rng.normal(0, 0.1, count)),
        "cell": models.neuron("LIF", count, v_leak=rng.normal(0, 0.8, count)),
        "output": models.sink(count),
    }
    path = "cell"
    for index in range(relays):
        nodes[f"w{index}"] = models.linear(rng.normal(0, 1.5, (count, count)))
        nodes[f"relay{index}"] = models.neuron("Threshold", count, threshold=0.4)
        path += f" w{index} relay{index}"
    nodes["back"] = models.linear(rng.normal(0, 2, (count, count)))
    return models.graph(nodes, "input fc cell output", f"{path} back cell")


@pytest.mark.parametrize("target", ["native", "spinnaker2"])
@pytest.mark.parametrize("relays", [1, 2, 3])
def test_a_loop_of_hops_takes_as_many_phases(relays: int, target: str) -> None:
    graph = axonc.load(relayed_loop(relays), "nir", 1e-3)
    program = axonc.compile(graph, target, slice_size=2, strategy="spread")
    assert program.manifest["phases"] == relays + 1
    x = models.events((2, 40, 3), 0.4)
    for seed in range(3):
        verification = program.verify(x, seed=seed, shuffle=True)
        assert verification.equal, str(verification.divergence)
    assert verification.result.outputs["output"].any()
