"""`axonc.train` by a C program for this computer: options act as in numpy, and what it lacks is named."""

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
from axonc.compiler.checkpoint import Action, Do
from axonc.compiler.checkpoint.schedules import Taped
from axonc.compiler.driver.cli import cli
from axonc.compiler.driver.native_training.planning import executable, planned
from axonc.compiler.driver.target_training.task import task_of
from axonc.compiler.training import Adam, CrossEntropy, Trained, network
from axonc.ir import Node
from axonc.ir.ops import Linear, Neuron, Scale

OPTIONS: dict[str, Any] = {"epochs": 4, "batch": 16, "optimiser": "adam,rate=1e-2", "loss": "cross_entropy,over=mean"}


def data() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Batches of 16, the last of 6."""
    return tasks.task(102)


def bytes_for(states: int, tapes: int) -> int:
    """The memory in which so many states and tapes fit."""
    task = task_of(network(tasks.lif(), CrossEntropy()), Adam(), tasks.STEPS, 16, ())
    problem = planned(task).plan.problem
    return problem.base + states * problem.state + tapes * problem.tape


@pytest.fixture(scope="module")
def natively(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("program")
    return axonc.train(tasks.lif(), data(), target="native", memory=bytes_for(2, 3), folder=folder, **OPTIONS)


def weights(graph: Graph) -> dict[str, np.ndarray[Any, Any]]:
    return {node.name: np.asarray(node.op.weight) for node in graph if isinstance(node.op, Linear)}


def test_it_learns_what_numpy_learns(natively: Trained) -> None:
    here = axonc.train(tasks.lif(), data(), **OPTIONS)
    for name, weight in weights(natively.graph).items():
        np.testing.assert_allclose(weight, weights(here.graph)[name], rtol=1e-5, atol=1e-6)
    for found, expected in zip(natively.history, here.history, strict=True):
        assert found.loss == pytest.approx(expected.loss, rel=1e-5)
        assert found.accuracy == expected.accuracy
    assert here.history[-1].loss < 0.8 * here.history[0].loss


def test_it_does_so_in_the_memory_that_was_given(natively: Trained) -> None:
    plan, stats = natively.plan, natively.stats
    assert plan is not None
    assert plan.factor > 1
    assert stats["turns"] == 4 * 7
    assert stats["forwards"] == 4 * 7 * plan.cost.forwards
    assert stats["memory"]["total"] == plan.peak <= bytes_for(2, 3)


def test_the_command_line_trains_the_same_by_another_plan(natively: Trained, tmp_path: Path) -> None:
    tasks.lif().save(tmp_path / "model.axg")
    x, labels = data()
    np.savez(tmp_path / "data.npz", x=x, labels=labels)
    given = {**OPTIONS, "target": "native", "memory": bytes_for(1, 3), "checkpoints": "double"}
    words = [text for name, value in given.items() for text in (f"--{name}", str(value))]
    files = ["--data", str(tmp_path / "data.npz"), "-o", str(tmp_path / "out.axg"), "--folder", str(tmp_path / "made")]
    done = CliRunner().invoke(cli, ["train", str(tmp_path / "model.axg"), "--packed", *words, *files])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("checkpoints: double")
    assert (tmp_path / "made" / "src" / "training.c").exists()
    learned = weights(axonc.load(tmp_path / "out.axg"))
    for name, weight in weights(natively.graph).items():
        np.testing.assert_array_equal(learned[name], weight)


def refused(graph: Graph, data: object, **changes: Any) -> list[str]:
    with pytest.raises(ModelError) as error:
        axonc.train(graph, data, target="native", **{**OPTIONS, **changes})  # type: ignore[arg-type]
    return [f"{problem.code} {problem.node}".strip() for problem in error.value.diagnostics]


def test_what_it_lacks_is_named_at_once(tmp_path: Path) -> None:
    lacking = {"clip": 1.0, "prune": 0.5, "weights": "int4", "precision": "float64", "validation": data()}
    lacking |= {"checkpoint": tmp_path / "c", "machine": tmp_path / "m", "lists": "spikes", "capacity": 4}
    assert refused(tasks.lif(), data(), **lacking) == ["AX823"] * 9
    assert refused(scaled(), data()) == ["AX601 hidden", "AX601 half"]


def scaled() -> Graph:
    """A network whose neurons have a lowest voltage, and whose spikes a factor that is trained."""
    graph = tasks.lif()
    hidden = graph["hidden"].op
    assert isinstance(hidden, Neuron)
    assert hidden.gate is not None
    hidden = replace(hidden, gate=replace(hidden.gate, v_min=np.asarray(-1.0)))
    changed = {"hidden": replace(graph["hidden"], op=hidden), "o": replace(graph["o"], inputs=("half",))}
    half = Node("half", Scale(np.full(16, 0.5)), ("hidden",))
    return graph.with_nodes([*(changed.get(node.name, node) for node in graph), half])


def test_what_does_not_fit_says_by_how_much() -> None:
    assert refused(tasks.lif(), data(), memory=1000) == ["AX820"]
    with pytest.raises(ModelError, match=r"AX820 10 steps need at least [\d,]+ bytes") as error:
        axonc.train(tasks.lif(), data(), target="native", memory=1000, **OPTIONS)
    more = int(str(error.value).split("give ")[1].split()[0].replace(",", ""))
    task = task_of(network(tasks.lif(), CrossEntropy()), Adam(), tasks.STEPS, 16, ())
    assert planned(task, 1000 + more).plan.peak <= 1000 + more
    assert refused(tasks.lif(), data(), checkpoints="triple") == ["AX822"]


def test_a_plan_that_needs_more_than_stacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    task = task_of(network(tasks.lif(), CrossEntropy()), Adam(), 2, 4, ())
    swapped = [Action(Do.TAPE, 0, 2), Action(Do.STORE_TAPE, 0, 1)]
    monkeypatch.setattr(Taped, "actions", lambda schedule, first, last: iter(swapped))
    with pytest.raises(ModelError, match=r"AX822.*on stacks"):
        executable(planned(task).plan)
