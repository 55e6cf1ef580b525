"""Training programs on the simulator learn what canonical sums in numpy do, bit for bit, whatever the plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tasks
from ipu_training import Case, Step, built, canonical, exchange, in_blocks, learned, planned

from axonc.backends.ipu.training.depths import counts
from axonc.backends.ipu.training.memory import memory_of
from axonc.backends.ipu.training.program import Training
from axonc.backends.training.samples import Learned
from axonc.backends.training.task import Lists
from axonc.compiler.training import SGD, Adam, CrossEntropy, Dropout, MeanSquared, network
from axonc.ir.ops import SuperSpike

Array = np.ndarray[Any, Any]
BATCH = 3
SQUARED = MeanSquared(over="mean")
NETS = {
    "lif": network(tasks.lif(), SQUARED),
    "cuba_lif": network(tasks.lif("cuba_lif", reset="zero"), MeanSquared(over="last"), attached=True),
    "feed_forward": network(tasks.lif("cuba_lif", loops=False), MeanSquared(over="sum"), attached=True),
    "egru": network(tasks.begun(tasks.pruned(tasks.egru())), SQUARED, attached=True),
    "gru": network(tasks.gated("gru"), SQUARED),
    "gru, reset before": network(tasks.gru_before(), SQUARED),
    "lstm": network(tasks.gated("lstm"), SQUARED, nodes=("w", "r", "o")),
    "images": network(tasks.images(), SQUARED),
    "counts": network(tasks.images(average=False), MeanSquared(over="sum"), surrogate=SuperSpike(below=0.3)),
    "sparse": network(tasks.begun(tasks.pruned(tasks.lif())), SQUARED),
}
PLANS = ("none", "offload", "single", "single_off", "double")
CASES = {
    **{f"lif, {kind}": Case(NETS["lif"], SGD(rate=0.05), planned(kind, 13), BATCH, 4) for kind in PLANS},
    "lif, double, long": Case(NETS["lif"], SGD(rate=0.05), planned("double", 31, 3), BATCH, 4),
    "lif, binomial": Case(NETS["lif"], SGD(rate=0.05), planned("binomial", 31, 3), BATCH, 4),
    "lif, optimal": Case(NETS["lif"], SGD(rate=0.05), planned("optimal", 31, 4), BATCH, 4),
    "lif, blocks": Case(NETS["lif"], SGD(rate=0.05), in_blocks(31, 3, 7), BATCH, 4),
    "lif, one step": Case(NETS["lif"], SGD(rate=0.05), planned("double", 1), BATCH, 24),
    "cuba_lif, single": Case(NETS["cuba_lif"], Adam(decay=0.1), planned("single", 12), BATCH, 5),
    "cuba_lif, double": Case(NETS["cuba_lif"], Adam(decay=0.1), planned("double", 12), BATCH, 24),
    "feed_forward, offload": Case(NETS["feed_forward"], SGD(rate=0.01), planned("offload", 7), BATCH, 1),
    "sparse, none": Case(NETS["sparse"], Adam(decay=0.1), planned("none", 13), BATCH, 5),
    "sparse, double": Case(NETS["sparse"], Adam(decay=0.1), planned("double", 13, 3), BATCH, 5),
    "sparse, one tile": Case(NETS["sparse"], SGD(rate=0.05), planned("single_off", 13), BATCH, 24),
    "gru, none": Case(NETS["gru"], Adam(), planned("none", 13), BATCH, 3),
    "gru, double": Case(NETS["gru"], Adam(), planned("double", 13, 3), BATCH, 3),
    "gru, reset before": Case(NETS["gru, reset before"], Adam(), planned("single", 7), BATCH, 5),
    "lstm, none": Case(NETS["lstm"], Adam(), planned("none", 13), BATCH, 3),
    "lstm, double": Case(NETS["lstm"], Adam(), planned("double", 13, 3), BATCH, 3),
    "images, none": Case(NETS["images"], Adam(decay=0.1), planned("none", 13), BATCH, 5),
    "images, double": Case(NETS["images"], Adam(decay=0.1), planned("double", 13, 3), BATCH, 5),
    "counts, single": Case(NETS["counts"], SGD(rate=0.05), planned("single", 13), BATCH, 7),
    "counts, one tile": Case(NETS["counts"], SGD(rate=0.05), planned("none", 7), BATCH, 32),
    "begun, lists": Case(
        network(tasks.begun(tasks.lif()), SQUARED, surrogate=SuperSpike(below=0.3)),
        SGD(rate=0.05),
        planned("single", 13),
        BATCH,
        8,
        Lists("gradients"),
    ),
    "second threshold": Case(
        network(tasks.lif(), SQUARED, surrogate=SuperSpike(below=0.3)), SGD(rate=0.05), planned("single", 13), BATCH, 8
    ),
    "dropout, none": Case(
        network(tasks.lif(), SQUARED, dropout=Dropout(0.3)), SGD(rate=0.05), planned("none", 13), BATCH, 4
    ),
    "dropout, double": Case(
        network(tasks.lif(), SQUARED, dropout=Dropout(0.3)), SGD(rate=0.05), planned("double", 13, 3), BATCH, 4
    ),
    "labels": Case(
        network(tasks.lif(classes=11), CrossEntropy("mean", 2.0)), Adam(), planned("single_off", 13), BATCH, 2
    ),
    "egru, double": Case(NETS["egru"], Adam(), planned("double", 13, 3), BATCH, 3),
    "egru, none": Case(NETS["egru"], Adam(), planned("none", 13), BATCH, 3),
}


def samples(case: Case, count: int = 2) -> list[Step]:
    """Some steps of training."""
    rng, steps = np.random.default_rng(0), case.plan.problem.steps
    (classes,) = case.net.graph.signals["out"].shape
    targets = [rng.normal(0, 1, (BATCH, classes)) for _ in range(count)]
    if case.net.loss.labelled:
        targets = [rng.integers(0, classes, BATCH) for _ in range(count)]
    drawn = [case.net.drawn(number, steps, BATCH) for number in range(count)]
    masks = [{name: mask[:] for name, mask in here.items()} for here in drawn]
    shape = (steps, BATCH, *case.net.graph.signals["in"].shape)
    events = [(rng.random(shape) < 0.3).astype(np.uint8) for _ in targets]
    return [({"in": x, **here}, target) for x, here, target in zip(events, masks, targets, strict=True)]


@pytest.fixture(scope="module")
def programs() -> Iterator[dict[str, tuple[Path, Training]]]:
    with built(list(CASES.values())) as made:
        yield dict(zip(CASES, made, strict=True))


@pytest.fixture(scope="module")
def results(programs: dict[str, tuple[Path, Training]]) -> dict[str, Learned]:
    return {name: learned(*programs[name], case.optimiser, samples(case)) for name, case in CASES.items()}


@pytest.mark.parametrize("name", list(CASES))
def test_losses_and_parameters_are_those_of_canonical_sums(
    name: str, programs: dict[str, tuple[Path, Training]], results: dict[str, Learned]
) -> None:
    case = CASES[name]
    expected = canonical(case, programs[name][1], samples(case))
    found = results[name].parameters
    np.testing.assert_array_equal(results[name].losses, expected.losses)
    for parameter, value in expected.parameters.items():
        np.testing.assert_array_equal(found[parameter], value, str(parameter))
    assert any(np.any(found[p.node, p.field] != before) for p, before in case.net.initial.items())


def test_a_plan_changes_no_bit(results: dict[str, Learned]) -> None:
    first, *others = (results[f"lif, {kind}"] for kind in PLANS)
    for other in others:
        np.testing.assert_array_equal(other.losses, first.losses)
        np.testing.assert_array_equal(other.pooled, first.pooled)
        assert all(np.array_equal(other.parameters[key], value) for key, value in first.parameters.items())


def test_what_is_left_out_does_not_depend_on_the_plan(results: dict[str, Learned]) -> None:
    one, other, plain = (results[name] for name in ("dropout, none", "dropout, double", "lif, none"))
    assert all(np.array_equal(other.parameters[key], value) for key, value in one.parameters.items())
    assert any(np.any(plain.parameters[key] != value) for key, value in one.parameters.items())


@pytest.mark.parametrize("net", ["egru", "gru", "lstm", "sparse", "images"])
def test_checkpoints_change_no_bit(net: str, results: dict[str, Learned]) -> None:
    one, other = results[f"{net}, none"], results[f"{net}, double"]
    assert all(np.array_equal(other.parameters[key], value) for key, value in one.parameters.items())


@pytest.mark.parametrize("name", list(CASES))
def test_memory_is_predicted_to_the_byte(
    name: str, programs: dict[str, tuple[Path, Training]], results: dict[str, Learned]
) -> None:
    observed = np.array(results[name].accounts["memory"]["tiles"]["total"])
    np.testing.assert_array_equal(memory_of(programs[name][1]).total, observed)


@pytest.mark.parametrize("name", list(CASES))
def test_traffic_and_steps_are_those_of_the_plan(
    name: str, programs: dict[str, tuple[Path, Training]], results: dict[str, Learned]
) -> None:
    case, (_, training), accounts = CASES[name], programs[name], results[name].accounts
    runs, plan = accounts["runs"] - 2, case.plan
    assert not accounts["undefined_reads"]
    steps = accounts["steps"]
    forwards = sum(step["executions"] for step in steps if step["name"] == "forward 1")
    assert (
        forwards
        == runs * plan.cost.forwards
        == runs * sum(count for move, count in counts(training.task.moves).items() if move.do in ("advance", "tape"))
    )
    moved = {step["name"]: step for step in steps if step["kind"] == "remote" and not step["name"].startswith("input")}
    traffic = sum(step["executions"] * step["host_bytes"] for step in steps if step["name"] in moved)
    transfers = sum(step["executions"] for step in steps if step["name"] in moved)
    row = sum(buffer.row_bytes for buffer in training.checkpoints)
    sized = replace(plan, problem=replace(plan.problem, state=row, tape=row, memory=None))
    cost = sized.schedule.cost(sized.problem, 0, sized.problem.steps)
    assert traffic == runs * cost.traffic
    done = counts(training.task.moves).items()
    rows = sum(count for move, count in done if move.off and move.do in ("store", "load", "store tape", "load tape"))
    assert transfers == runs * rows * len(training.checkpoints)
    assert rows >= cost.transfers  # a plan moves tapes of a block at once, a program one after the other
    assert rows == cost.transfers or name == "lif, blocks"
    assert (traffic > 0) == (plan.kind in ("offload", "single_off", "double", "two_level") and plan.cost.traffic > 0)


@pytest.mark.parametrize("name", list(CASES))
def test_exchange_is_predicted_to_the_byte(
    name: str, programs: dict[str, tuple[Path, Training]], results: dict[str, Learned]
) -> None:
    predicted, observed = exchange(programs[name][1], results[name].accounts)
    assert predicted == observed
    assert sum(predicted.values()) > 0
