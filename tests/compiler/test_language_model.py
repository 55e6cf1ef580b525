"""The language model of the documentation: 95 % of its weights pruned, on one chip, equal to the interpreter."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from benchmarks.language_model import SIZES, STRATEGIES, column, compiled, language_model

import axonc
from axonc.backends.spinnaker2.counts import predicted_macs, received_events
from axonc.backends.spinnaker2.lower import plan_cores
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.network import network

ROOT = Path(__file__).parents[2]
LAYERS = ["egru1", "egru2", "egru3"]


def stated(strategy: str) -> dict[str, str]:
    """A column of the table of the documentation."""
    text = (ROOT / "docs" / "recurrent.md").read_text()
    (block,) = (part for part in text.split("\n\n") if part.startswith("| | `fewest-cores`"))
    head, _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in block.splitlines())
    return {row[0]: row[head.index(f"`{strategy}`")] for row in rows}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_egru_language_model_runs_on_one_chip(strategy: str) -> None:
    """What the documentation says of it is what it is."""
    graph = language_model()
    x = np.random.default_rng(5).normal(size=(60, SIZES[0]))
    made = compiled(graph, strategy, x)
    assert all(core["safe_activity"] == 1 for core in made.cores)
    sizes = made.bytes
    predicted = sizes["tables"] + sizes["weights"], sizes["state"] + sizes["queues"]
    assert made.built_bytes() == predicted

    ours = made.program.run(x[:20], record=LAYERS)
    reference = made.program.run(x[:20], record=[*LAYERS, "embedding.fixed"], engine="reference")
    assert all(np.array_equal(ours[name], reference[name]) for name in LAYERS)
    assert column(made, ours, 20) == stated(strategy)

    net, mapping = network(made.program.graph), CoreMapping.from_dict(made.described["mapping"])
    traces = {"embedding": reference["embedding.fixed"], **{name: reference[name] for name in LAYERS}}
    events = received_events(mapping, traces, frozenset(traces))
    assert np.array_equal(ours.stats["macs"][0], predicted_macs(plan_cores(net, mapping), events, mapping))


def test_the_readme_says_how_many_cores_it_takes() -> None:
    found = re.search(r"takes (\d+) cores", (ROOT / "README.md").read_text())
    assert found is not None
    assert found[1] == stated("fewest-cores")["cores"]


@pytest.mark.parametrize(("cores", "size"), [(1, None), (8, 20), (40, 4)])
@pytest.mark.parametrize("target", ["native", "spinnaker2"])
def test_three_layers_on_any_number_of_cores(target: str, cores: int, size: int | None) -> None:
    graph = language_model((24, 60, 60, 40), density=0.3)
    x = np.random.default_rng(6).normal(size=(200, 24))
    strategy = "fewest-cores" if size is None else "spread"
    program = axonc.compile(graph, target, weights="int8", calibrate=x, slice_size=size, strategy=strategy)
    assert program.manifest["cores"] == cores
    states = [f"{name}:c" for name in LAYERS]
    reference = program.run(x, record=[*LAYERS, *states], engine="reference")
    assert all(np.mean(reference[name] != 0) > 0.01 for name in LAYERS)
    for seed in (0, 1):
        ours = program.run(x, record=[*LAYERS, *states], seed=seed, shuffle=True)
        assert all(np.array_equal(ours[name], reference[name]) for name in (*LAYERS, *states))
