"""Training as a whole: it learns, it is the same every time, it survives being killed, it says what is wrong."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tasks

import axonc
from axonc import Graph, ModelError
from axonc.compiler.differentiate import parameters
from axonc.compiler.training import CrossEntropy, MeanSquared, StepwiseCrossEntropy, evaluate, mean_loss
from axonc.ir import Node
from axonc.ir.ops import ONE, ZERO, Linear, Membrane, Neuron, Output, StraightThrough
from axonc.ir.serialize import to_bytes

ROOT = Path(__file__).parents[3]
LOSS = CrossEntropy(over="mean")


@pytest.mark.parametrize(
    "graph",
    [
        tasks.lif(),
        tasks.lif("cuba_lif", loops=False),
        tasks.lif(reset="zero"),
        tasks.egru(),
        tasks.gated("gru"),
        tasks.gated("lstm"),
    ],
    ids=["recurrent", "cuba", "value", "egru", "gru", "lstm"],
)
def test_it_learns(graph: Graph) -> None:
    data, unseen = tasks.task(256), tasks.task(128, 1)
    assert evaluate(graph, unseen, LOSS) < 0.6
    done = axonc.train(graph, data, validation=unseen, optimiser="adam,rate=1e-2", epochs=15, batch=32)
    assert done.history[-1].loss < 0.5 * done.history[0].loss
    assert done.history[-1].validation > 0.8
    assert evaluate(done.graph, unseen, LOSS) == done.history[-1].validation
    guess = np.argmax(axonc.interpret(done.graph, unseen[0])["out"].mean(axis=1), axis=1)
    assert abs(np.mean(guess == unseen[1]) - done.history[-1].validation) < 0.03, "the interpreter agrees"


@pytest.mark.parametrize("what", ["decays", "thresholds"])
def test_neurons_learn_too_within_their_bounds(what: str) -> None:
    for graph in (tasks.lif("cuba_lif"), tasks.egru()):
        done = axonc.train(graph, tasks.task(), kinds=(what,), optimiser="adam,rate=0.3", epochs=6)
        for parameter in parameters(graph, (what,)):
            before, after = (parameter.of(g[parameter.node].op) for g in (graph, done.graph))
            assert np.any(before != after)
            assert after.min() >= 0
            assert what == "thresholds" or after.max() <= 1
        assert all(np.array_equal(p.of(graph[p.node].op), p.of(done.graph[p.node].op)) for p in parameters(graph))


def test_other_losses_and_precision() -> None:
    x, labels = tasks.task()
    targets = np.eye(3)[labels]
    done = axonc.train(tasks.lif(), (x, targets), loss=MeanSquared(), epochs=5, optimiser="sgd,rate=0.1")
    assert done.history[-1].loss < done.history[0].loss
    assert np.isnan(done.history[-1].accuracy)
    done = axonc.train(tasks.lif(), {"in": x, "labels": labels}, loss="rate_target,over=mean", epochs=2, clip=0.1)
    assert done.history[-1].loss < done.history[0].loss
    done = axonc.train(tasks.lif(), (x, labels), precision="float64", schedule="cosine,warmup=0.2", epochs=2)
    assert done.history[-1].loss < done.history[0].loss


def test_a_label_for_every_step() -> None:
    """Which input fired a step ago: a recurrent network learns it, and is measured the same way everywhere."""
    symbols, loss = np.random.default_rng(0).integers(0, 3, (128, 13)), StepwiseCrossEntropy()
    x, labels = np.eye(12, dtype=np.uint8)[symbols[:, 1:]], symbols[:, :-1]
    read = Neuron((3,), None, Membrane(ZERO, ONE, ZERO, ZERO), None)
    graph = tasks.egru(16)
    graph = graph.with_nodes(replace(node, op=read) if node.name == "read" else node for node in graph)
    before, data = mean_loss(graph, (x, labels), loss), (x, labels)
    done = axonc.train(graph, data, validation=data, loss=loss, optimiser="adam,rate=2e-2", epochs=20, batch=16)
    assert done.history[-1].validation > 0.9
    assert done.history[-1].accuracy > 0.9
    assert mean_loss(done.graph, (x, labels), loss, batch=50) < 0.5 < before
    exact = loss(axonc.interpret(done.graph, x)["out"].swapaxes(0, 1), labels)[0]
    assert mean_loss(done.graph, (x, labels), loss) == pytest.approx(exact, rel=1e-3)
    for wrong in (labels[:, :-1], labels[:, 0], labels + 1):
        with pytest.raises(ModelError, match="AX705"):
            axonc.train(graph, (x, wrong), loss=loss, epochs=1)


def test_one_of_several_outputs_and_the_graph_keeps_its_meaning(tmp_path: Path) -> None:
    graph = tasks.lif()
    two = graph.with_nodes((*graph, Node("spikes", Output(), ("hidden",))))
    with pytest.raises(ModelError, match="AX705"):
        axonc.train(two, tasks.task(), epochs=1)
    done = axonc.train(two, tasks.task(), epochs=1, output="out")
    assert done.graph.properties["semantics"] == graph.properties["semantics"]
    assert done.graph.properties["trained"] == "1 epochs, cross_entropy, adam, seed 0"
    done.graph.save(tmp_path / "trained.axg")
    again = axonc.load(tmp_path / "trained.axg")
    x = tasks.task(3)[0]
    np.testing.assert_array_equal(axonc.interpret(again, x)["out"], axonc.interpret(done.graph, x)["out"])
    program = axonc.compile(again, target="native", state="q16")
    assert program.verify(x).equal


def test_the_same_training_gives_the_same_bits() -> None:
    graph = tasks.lif()
    runs = [axonc.train(graph, tasks.task(), epochs=3, seed=seed) for seed in (1, 1, 2)]
    assert to_bytes(runs[0].graph) == to_bytes(runs[1].graph)
    assert runs[0].history == runs[1].history or np.isnan(runs[0].history[0].validation)
    assert to_bytes(runs[0].graph) != to_bytes(runs[2].graph)


@pytest.mark.parametrize("every", [1, 2, 4, None])
def test_a_training_goes_on_where_it_was(every: int | None, tmp_path: Path) -> None:
    """Stopped after each number of steps in turn, it still ends with the same bits."""
    from axonc.compiler.training import Options, training

    options, whole = (
        Options(epochs=3, save_every=every),
        axonc.train(tasks.lif(), tasks.task(), loss="cross_entropy", epochs=3),
    )
    path = tmp_path / "state.npz"

    def stop(done: int, steps: int, epochs: Any) -> None:
        if done == len(stops) + 1:
            stops.append(done)
            raise KeyboardInterrupt

    stops: list[int] = []
    for _ in range(7):
        try:
            finished = training(tasks.lif(), tasks.task(), options, None, path, stop)
        except KeyboardInterrupt:
            continue
    assert len(stops) == 6
    assert weights(finished.graph) == weights(whole.graph)
    assert [epoch.loss for epoch in finished.history] == [epoch.loss for epoch in whole.history]


def weights(graph: Graph) -> dict[str, bytes]:
    return {str(p): p.of(graph[p.node].op).tobytes() for p in parameters(graph)}


SCRIPT = """
import sys, tasks, axonc
axonc.train(tasks.lif(), tasks.task(), epochs=60, batch=16, optimiser="adam,rate=1e-2", checkpoint=sys.argv[1],
            save_every=3).graph.save(sys.argv[2])
"""


def run(checkpoint: Path, graph: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests'}"}
    command = [sys.executable, "-c", SCRIPT, str(checkpoint), str(graph)]
    return subprocess.Popen(command, env=environment, start_new_session=True)


def test_a_killed_training_ends_with_the_same_bits(tmp_path: Path) -> None:
    """SIGKILL at random moments, as often as it takes; what is on disk is a whole checkpoint or none."""
    start = time.monotonic()
    assert run(tmp_path / "whole.npz", tmp_path / "whole.axg").wait() == 0
    usual, moments, killed = time.monotonic() - start, random.Random(1), 0
    checkpoint, graph = tmp_path / "state.npz", tmp_path / "killed.axg"
    for _ in range(8):
        process = run(checkpoint, graph)
        time.sleep(usual * moments.uniform(0.3, 0.9))
        os.killpg(process.pid, signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        if checkpoint.exists():
            np.load(checkpoint).close()
    assert killed
    assert run(checkpoint, graph).wait() == 0
    assert graph.read_bytes() == (tmp_path / "whole.axg").read_bytes()
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_checkpoints_belong_to_one_training(tmp_path: Path) -> None:
    path, data = tmp_path / "state.npz", tasks.task()
    axonc.train(tasks.lif(), data, epochs=1, checkpoint=path)
    for changes in ({"seed": 5}, {"epochs": 2}, {"batch": 7}):
        with pytest.raises(ModelError, match="AX707"):
            axonc.train(tasks.lif(), data, **{"epochs": 1, "checkpoint": path, **changes})  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="AX707"):
        axonc.train(tasks.lif(), tasks.task(seed=3), epochs=1, checkpoint=path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError, match="AX703"):
        axonc.train(tasks.lif(), data, epochs=1, checkpoint=path)


X, Y = tasks.task(8)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ((X[:, :, :5], Y), "AX701"),
        ((X[0], Y), "AX701"),
        ((X[:0], Y[:0]), "AX701"),
        ((X[:, :0], Y), "AX701"),
        ((X.astype(float) * 0.5, Y), "AX701"),
        ((np.full(X.shape, np.nan), Y), "AX701"),
        (({"in": X, "other": X}, Y), "AX701"),
        ((X, Y[:5]), "AX705"),
        ((X, Y + 1), "AX705"),
        ((X, Y - 5), "AX705"),
        ((X, Y.astype(float)), "AX705"),
        ((X, np.eye(3)[Y]), "AX705"),
        ({"in": X}, "AX705"),
        (X, "AX705"),
    ],
)
def test_data_that_do_not_fit(data: Any, code: str) -> None:
    with pytest.raises(ModelError) as caught:
        axonc.train(tasks.lif(), data, epochs=1)
    assert {problem.code for problem in caught.value.diagnostics} == {code}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"epochs": -1}, "AX403"),
        ({"batch": 0}, "AX403"),
        ({"kinds": ("numbers",)}, "AX403"),
        ({"precision": "float16"}, "AX403"),
        ({"loss": "guess"}, "AX403"),
        ({"schedule": "zigzag"}, "AX403"),
        ({"surrogate": None}, "AX811"),
        ({"surrogate": {"read": "triangle"}}, "AX811"),
        ({"output": "nowhere"}, "AX705"),
        ({"nodes": ()}, "AX810"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], code: str) -> None:
    with pytest.raises(ModelError) as caught:
        axonc.train(tasks.lif(), (X, Y), **{"epochs": 1, **options})
    assert caught.value.diagnostics[0].code == code


def test_a_training_that_diverges_names_step_and_node() -> None:
    graph = tasks.lif()
    op = graph["o"].op
    assert isinstance(op, Linear)
    wild = replace(op, weight=op.weight / np.abs(op.weight).max() * 3e38)
    diverging = graph.with_nodes(replace(node, op=wild) if node.name == "o" else node for node in graph)
    with pytest.raises(ModelError) as caught:
        axonc.train(diverging, (X, Y), epochs=2, surrogate=StraightThrough())
    (problem,) = caught.value.diagnostics
    assert problem.code == "AX812"
    assert problem.node == "o"
    assert "in step 1 of 2" in str(problem)
    with pytest.raises(ModelError, match=r"AX812 .* in step \d+ of 40"):
        axonc.train(graph, (X, Y), epochs=40, optimiser="sgd,rate=1e38")


def test_nothing_is_printed_into_a_pipe(capfd: pytest.CaptureFixture[str]) -> None:
    axonc.train(tasks.lif(), (X, Y), epochs=1)
    assert capfd.readouterr() == ("", "")


def test_the_command_line(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from axonc.compiler.driver.cli import cli

    tasks.lif().save(tmp_path / "model.axg")
    x, labels = tasks.task()
    np.savez(tmp_path / "d.npz", x=x, labels=labels)
    arguments = ["train", str(tmp_path / "model.axg"), "--data", str(tmp_path / "d.npz"), "--epochs", "2"]
    arguments += ["--validation", str(tmp_path / "d.npz"), "-o", str(tmp_path / "t.axg"), "--weights", "int4"]
    arguments += ["--state", "centred4", "--quantize", "scales=mse", "--prune", "cubic,share=0.5"]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    lines = done.output.splitlines()
    assert lines[0].startswith("epoch 1: loss 1.")
    assert "validation 0." in lines[1]
    assert lines[2] == str(tmp_path / "t.axg")
    graph = axonc.load(tmp_path / "t.axg")
    assert graph.properties["trained"].endswith("weights int4, state centred4, prune cubic,share=0.5")
    assert np.mean(graph["w"].op.weight == 0) >= 0.5  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match="AX703"):
        CliRunner().invoke(cli, [*arguments[:3], str(tmp_path / "d.csv")], catch_exceptions=False)
