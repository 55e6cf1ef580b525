"""`axonc.train` for a target: programs for tiles learn what numpy learns, and say what they cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tasks
from click.testing import CliRunner

import axonc
from axonc import Graph, ModelError
from axonc.backends.ipu.machine import load_machine
from axonc.backends.ipu.training.check import problems
from axonc.backends.ipu.training.costs import sizes_of
from axonc.backends.ipu.training.depths import counts
from axonc.backends.ipu.training.program import Training, training_program
from axonc.backends.training.task import Form, Lists
from axonc.compiler.checkpoint.schedules import Offloaded, Segments, Taped
from axonc.compiler.driver.cli import cli
from axonc.compiler.driver.target_training.task import task_of
from axonc.compiler.driver.tile_training.planning import SAMPLE, Planned, moves_of, planned
from axonc.compiler.training import Adam, CrossEntropy, Network, Trained, network
from axonc.ir import Node
from axonc.ir.loops import size
from axonc.ir.ops import Conv, Delay, Linear, Output, SuperSpike

OPTIONS: dict[str, Any] = {"epochs": 4, "batch": 16, "optimiser": "adam,rate=1e-2", "loss": "cross_entropy,over=mean"}
TILE = 5400
"""Bytes of a tile that are too few for all tapes."""


def data() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Batches of 16, the last of 6."""
    return tasks.task(102)


@pytest.fixture(scope="module")
def on_tiles(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("program")
    return axonc.train(tasks.lif(), data(), target="ipu", memory=TILE, checkpoints="double", folder=folder, **OPTIONS)


def test_it_learns_what_numpy_learns(on_tiles: Trained) -> None:
    here = axonc.train(tasks.lif(), data(), **OPTIONS)
    assert on_tiles.stats["runs"] == 2 + 4 * 7
    for one, other in zip(on_tiles.graph, here.graph, strict=True):
        if isinstance(one.op, Linear) and isinstance(other.op, Linear):
            np.testing.assert_allclose(one.op.weight, other.op.weight, rtol=1e-5, atol=1e-6)
    for found, expected in zip(on_tiles.history, here.history, strict=True):
        assert found.loss == pytest.approx(expected.loss, rel=1e-5)
        assert found.accuracy == expected.accuracy
    assert here.history[-1].loss < 0.8 * here.history[0].loss


def test_it_does_so_in_the_memory_that_was_planned(on_tiles: Trained) -> None:
    plan = on_tiles.plan
    assert plan is not None
    assert plan.kind == "double"
    assert plan.factor > 1
    assert max(on_tiles.stats["memory"]["tiles"]["total"]) <= plan.peak <= TILE


def test_the_command_line_trains_the_same(on_tiles: Trained, tmp_path: Path) -> None:
    tasks.lif().save(tmp_path / "model.axg")
    x, labels = data()
    np.savez(tmp_path / "data.npz", x=x, labels=labels)
    given = {**OPTIONS, "target": "ipu", "memory": TILE, "checkpoints": "double", "data": tmp_path / "data.npz"}
    words = [text for name, value in given.items() for text in (f"--{name}", str(value))]
    done = CliRunner().invoke(cli, ["train", str(tmp_path / "model.axg"), *words, "-o", str(tmp_path / "out.axg")])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("checkpoints: double")
    learned = axonc.load(tmp_path / "out.axg")
    for one, other in zip(learned, on_tiles.graph, strict=True):
        if isinstance(one.op, Linear) and isinstance(other.op, Linear):
            np.testing.assert_array_equal(one.op.weight, other.op.weight)


def refused(graph: Graph, **changes: Any) -> list[str]:
    with pytest.raises(ModelError) as error:
        axonc.train(graph, data(), target="ipu", **{**OPTIONS, **changes})
    return [f"{problem.code} {problem.node}" for problem in error.value.diagnostics]


def test_options_that_programs_lack_are_named_at_once(tmp_path: Path) -> None:
    lacking = {"clip": 1.0, "prune": 0.5, "weights": "int4", "precision": "float64", "validation": data()}
    with pytest.raises(ModelError) as error:
        axonc.train(tasks.lif(), data(), target="ipu", checkpoint=tmp_path / "c", **lacking, **OPTIONS)
    assert [problem.code for problem in error.value.diagnostics] == ["AX823"] * 6
    assert refused(tasks.lif(), loss="cross_entropy,over=max") == ["AX823 "]
    with pytest.raises(ModelError, match="AX603"):
        axonc.train(tasks.lif(), data(), target="spinnaker2")


def test_nodes_that_tiles_do_not_train_are_named_at_once() -> None:
    assert refused(tasks.gated("lstm")) == ["AX601 cell"]  # its peepholes
    images = tasks.images()
    two = [replace(node, inputs=(*node.inputs, *node.inputs)) if node.name == "pool" else node for node in images]
    task = task_of(network(images.with_nodes(two), CrossEntropy()), Adam(), 5, 2, ())
    assert [f"{problem.code} {problem.node}" for problem in problems(task)] == ["AX602 pool"]


def test_images_learn_what_numpy_learns() -> None:
    rng, (_, labels) = np.random.default_rng(0), data()
    images = (rng.random((102, 5, 2, 4, 4)) < 0.1 + 0.2 * labels[:, None, None, None, None]).astype(np.uint8)
    here, there = (axonc.train(tasks.images(), (images, labels), target=t, **OPTIONS) for t in (None, "ipu"))
    assert here.history[-1].loss < here.history[0].loss
    for one, other, before in zip(there.graph, here.graph, tasks.images(), strict=True):
        if isinstance(one.op, Conv) and isinstance(other.op, Conv) and isinstance(before.op, Conv):
            np.testing.assert_allclose(one.op.weight, other.op.weight, rtol=1e-4, atol=1e-5)
            assert np.all(one.op.weight != before.op.weight)


def test_a_delay_of_a_delay_is_refused() -> None:
    graph = tasks.lif()
    again = Node("again", Delay(1), ("hidden@0.002",))
    nodes = [replace(node, inputs=("again",)) if node.name == "r" else node for node in graph]
    assert "AX602 again" in refused(graph.with_nodes([*nodes, again]))


def test_events_below_0_are_refused() -> None:
    graph = tasks.begun(tasks.lif())
    late = [node for node in graph if isinstance(node.op, Delay)]
    below = {node.name: replace(node, op=replace(node.op, initial=-np.ones(16))) for node in late}
    bad = graph.with_nodes(below.get(node.name, node) for node in graph)
    assert [problem.code for problem in problems(task_of(network(bad, CrossEntropy()), Adam(), 5, 2, ()))] == ["AX601"]


def test_a_pruned_graph_keeps_its_pattern() -> None:
    graph = tasks.begun(tasks.pruned(tasks.lif()))
    trained = axonc.train(graph, data(), target="ipu", **{**OPTIONS, "epochs": 1})
    for one, other in zip(trained.graph, axonc.train(graph, data(), **{**OPTIONS, "epochs": 1}).graph, strict=True):
        if isinstance(one.op, Linear) and isinstance(other.op, Linear):
            assert one.op.weight.nnz < 0.7 * np.prod(one.op.weight.shape)
            np.testing.assert_array_equal(one.op.weight.indices, other.op.weight.indices)
            np.testing.assert_allclose(one.op.weight.data, other.op.weight.data, rtol=1e-5, atol=1e-6)


def plan_of(steps: int, memory: int | None = None, kind: str = "auto", tiles: int = 12, **machine: Any) -> Planned:
    task = task_of(network(tasks.lif(hidden=32), CrossEntropy(over="mean")), Adam(), steps, 4, ())
    return planned(task, replace(load_machine(), tiles=tiles, **machine), memory, kind)


def test_no_plan_is_ever_above_its_prediction() -> None:
    """The planner's figure, of the fullest tile whatever is on it, and that of the program, which is exact."""
    for kind in ("none", "offload", "single", "single_off", "double"):
        for steps in (1, 2, 29, 100):
            room = None if kind == "none" else 13_000
            found = plan_of(steps, room, kind)
            assert found.plan.kind == kind
            assert found.memory.peak <= found.plan.peak
            again = found.plan.factor > 1 or kind in ("none", "offload")  # else the sample does more than the program
            assert steps < SAMPLE or not again or found.plan.peak <= 1.02 * found.memory.peak


@pytest.mark.parametrize("kind", ["none", "offload", "single", "single_off", "double"])
def test_a_long_regular_plan_is_never_listed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for schedule in (Taped, Offloaded, Segments):
        monkeypatch.delattr(schedule, "actions")
    found = plan_of(100_000, 10**8, kind, stream_bytes=10**12)
    assert (found.plan.kind, found.plan.problem.steps) == (kind, 100_000)
    assert sum(times for move, times in counts(found.training.task.moves).items() if move.do == "backward") == 100_000


def test_sizes_are_those_of_the_chosen_program() -> None:
    found = plan_of(50, 13_000, "double")
    assert sizes_of(found.training).state == found.sizes.state
    assert sizes_of(found.training).tape == found.sizes.tape
    assert sizes_of(found.training).base <= found.sizes.base


def test_the_fastest_plan_follows_the_bandwidth() -> None:
    chosen = [plan_of(1000, 16_000, stream_bytes_s=rate).plan.kind for rate in (1e12, 1e6)]
    assert chosen == ["offload", "single"]


def test_what_does_not_fit_says_by_how_much() -> None:
    with pytest.raises(ModelError, match=r"AX820 100 steps need at least [\d,]+ bytes .* give [\d,]+ bytes more"):
        plan_of(100, 5_000)
    with pytest.raises(ModelError, match=r"AX820 10,000 steps .* or at most"):
        plan_of(10_000, 16_000, "none")
    with pytest.raises(ModelError) as error:
        plan_of(100, 5_000)
    more = int(str(error.value).split("give ")[1].split()[0].replace(",", ""))
    assert plan_of(100, 5_000 + more).memory.peak <= 5_000 + more


def test_what_lies_beside_the_chip_must_fit_there() -> None:
    with pytest.raises(ModelError, match=r"AX820 [\d,]+ bytes of inputs and checkpoints; beside gc200 are 1,000"):
        plan_of(100, 13_000, "offload", stream_bytes=1000)


def test_a_plan_of_too_many_moves_is_refused_with_their_number() -> None:
    with pytest.raises(ModelError, match=r"AX822.* [\d,]+ moves, at most 400"):
        plan_of(5000, 13_000, "binomial")


@pytest.mark.parametrize("kind", ["binomial", "optimal", "two_level", "periodic"])
def test_an_irregular_plan_of_a_long_sequence_is_written_in_parts(kind: str) -> None:
    found = plan_of(1000 if kind == "binomial" else 2000, 13_000, kind)
    moves = found.training.task.moves
    assert found.plan.kind == kind
    assert size(moves) <= min(400, size(found.plan.loops()))
    assert sum(times for move, times in counts(moves).items() if move.do == "backward") == found.plan.problem.steps


def test_a_short_irregular_plan_is_written_out() -> None:
    found = plan_of(20, 13_000, "binomial")
    assert found.plan.kind == "binomial"
    assert moves_of(found.plan) == found.training.task.moves


def test_an_unknown_plan_is_refused() -> None:
    with pytest.raises(ModelError, match="AX822"):
        plan_of(10, None, "triple")


def test_outputs_beside_the_trained_one_do_not_matter() -> None:
    graph = tasks.lif()
    more = graph.with_nodes((*graph, Node("spikes", Output(), ("hidden",))))
    task = task_of(network(more, CrossEntropy(), "out"), Adam(), 5, 2, ())
    assert planned(task, load_machine()).memory.peak > 0


def test_lists_without_room_are_an_error() -> None:
    with pytest.raises(ModelError, match=r"^AX701 hidden: \d+ neurons on the list .* capacity of \d+, or more"):
        axonc.train(tasks.lif(), data(), target="ipu", lists="spikes", capacity=1, **{**OPTIONS, "epochs": 1})


def test_lists_are_asked_for_by_name() -> None:
    named = refused(tasks.lif(), lists="some", capacity={"read": 3, "hidden": 0})
    assert named == ["AX403 ", "AX403 read", "AX403 hidden"]
    with pytest.raises(ModelError, match=r"AX403 .* without a target"):
        axonc.train(tasks.lif(), data(), lists="spikes", **OPTIONS)


def test_the_command_line_takes_lists(tmp_path: Path) -> None:
    tasks.lif().save(tmp_path / "model.axg")
    x, labels = data()
    np.savez(tmp_path / "data.npz", x=x, labels=labels)
    words = ["--data", str(tmp_path / "data.npz"), "--target", "ipu", "--lists", "spikes", "--capacity", "read=2"]
    done = CliRunner().invoke(cli, ["train", str(tmp_path / "model.axg"), *words])
    assert isinstance(done.exception, ModelError)
    assert [problem.node for problem in done.exception.diagnostics] == ["read"]


@pytest.mark.parametrize(
    ("hidden", "below", "expected"), [(2, 0.1, "dense"), (400, np.inf, "spikes"), (400, 0.1, "gradients")]
)
def test_the_form_is_that_of_the_fewest_cycles(hidden: int, below: float, expected: str) -> None:
    """Where a surrogate reaches all neurons, nobody asks for lists of those that learn."""
    net = network(tasks.lif(hidden=hidden), CrossEntropy(over="mean"), surrogate=SuperSpike(below=below))
    asked: list[Form] = ["dense", "spikes", *(["gradients"] if np.isfinite(below) else [])]  # type: ignore[list-item]
    found = {form: _listed(net, Lists(form, active=0.05, learning=0.1)) for form in asked}
    chosen = _listed(net, Lists(active=0.05, learning=0.1))
    assert set(chosen.draft.forms.values()) == {expected, "dense"}
    times = {form: sizes_of(training) for form, training in found.items()}
    assert min(asked, key=lambda form: times[form].forward + times[form].backward) == expected


def _listed(net: Network, lists: Lists) -> Training:
    task = replace(task_of(net, Adam(), SAMPLE, 8, Taped().loops(SAMPLE)), lists=lists)
    return training_program(task, replace(load_machine(), tiles=60), 24)
