"""Events that come as lists, and derivatives of those alone that have one, learn the bits of all values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tasks
from ipu_training import Case, Step, built, canonical, exchange, learned, planned

from axonc.backends.ipu.training.memory import memory_of
from axonc.backends.ipu.training.program import Training
from axonc.backends.training.samples import Learned
from axonc.backends.training.task import Lists
from axonc.compiler.training import SGD, Adam, MeanSquared, network
from axonc.ir.ops import SuperSpike, Triangle

Array = np.ndarray[Any, Any]
BATCH = 3
NEAR = SuperSpike(below=0.3)
NETS = {
    "lif": network(tasks.lif(), MeanSquared(over="mean"), surrogate=NEAR),
    "cuba_lif": network(
        tasks.lif("cuba_lif", reset="zero"), MeanSquared(over="last"), attached=True, surrogate=Triangle(2.0)
    ),
}
SPIKES, GRADIENTS = Lists("spikes"), Lists("gradients")
CASES = {
    "lif, dense": Case(NETS["lif"], SGD(rate=0.05), planned("none", 13), BATCH, 4, Lists("dense")),
    "lif, spikes": Case(NETS["lif"], SGD(rate=0.05), planned("double", 13), BATCH, 4, SPIKES),
    "lif, gradients": Case(NETS["lif"], SGD(rate=0.05), planned("none", 13), BATCH, 4, GRADIENTS),
    "lif, gradients, double": Case(NETS["lif"], SGD(rate=0.05), planned("double", 13, 3), BATCH, 5, GRADIENTS),
    "lif, with room": Case(
        NETS["lif"], SGD(rate=0.05), planned("offload", 13), BATCH, 4, Lists("gradients", {"hidden": 13})
    ),
    "cuba_lif, spikes": Case(NETS["cuba_lif"], Adam(decay=0.1), planned("single", 12), BATCH, 24, SPIKES),
    "cuba_lif, gradients": Case(NETS["cuba_lif"], Adam(decay=0.1), planned("single_off", 12), BATCH, 5, GRADIENTS),
    "too little room": Case(NETS["lif"], SGD(), planned("none", 13), BATCH, 4, Lists("spikes", {"hidden": 1})),
}


def samples(case: Case, count: int = 2) -> list[Step]:
    """Some steps of training."""
    rng, steps = np.random.default_rng(0), case.plan.problem.steps
    targets = [rng.normal(0, 1, (BATCH, 3)) for _ in range(count)]
    return [({"in": (rng.random((steps, BATCH, 12)) < 0.3).astype(np.uint8)}, target) for target in targets]


@pytest.fixture(scope="module")
def programs() -> Iterator[dict[str, tuple[Path, Training]]]:
    with built(list(CASES.values())) as made:
        yield dict(zip(CASES, made, strict=True))


@pytest.fixture(scope="module")
def results(programs: dict[str, tuple[Path, Training]]) -> dict[str, Learned]:
    return {name: learned(*programs[name], case.optimiser, samples(case)) for name, case in CASES.items()}


@pytest.mark.parametrize("name", [name for name in CASES if name != "too little room"])
def test_parameters_are_those_of_canonical_sums(
    name: str, programs: dict[str, tuple[Path, Training]], results: dict[str, Learned]
) -> None:
    case = CASES[name]
    for parameter, value in canonical(case, programs[name][1], samples(case)).parameters.items():
        np.testing.assert_array_equal(results[name].parameters[parameter], value, str(parameter))


@pytest.mark.parametrize("name", list(CASES))
def test_memory_is_predicted_to_the_byte(
    name: str, programs: dict[str, tuple[Path, Training]], results: dict[str, Learned]
) -> None:
    accounts = results[name].accounts
    np.testing.assert_array_equal(memory_of(programs[name][1]).total, accounts["memory"]["tiles"]["total"])
    assert not accounts["undefined_reads"]


def test_forms_change_no_bit(results: dict[str, Learned]) -> None:
    first = results["lif, dense"]
    for name in ("lif, spikes", "lif, gradients"):
        np.testing.assert_array_equal(results[name].losses, first.losses)
        assert all(
            value.tobytes() == first.parameters[key].tobytes() for key, value in results[name].parameters.items()
        )


def test_the_longest_list_is_known(results: dict[str, Learned]) -> None:
    assert results["lif, dense"].longest == {}
    spikes, both = results["lif, spikes"].longest, results["lif, gradients"].longest
    assert both == results["lif, with room"].longest == results["lif, gradients, double"].longest
    assert 1 < spikes["hidden"] < both["hidden"] <= 13
    assert results["too little room"].longest["hidden"] > 1


@pytest.mark.parametrize("name", list(CASES))
def test_exchange_is_predicted_to_the_byte(
    name: str, programs: dict[str, tuple[Path, Training]], results: dict[str, Learned]
) -> None:
    predicted, observed = exchange(programs[name][1], results[name].accounts)
    assert predicted == observed
    assert sum(predicted.values()) > 0
