"""``axonc search``: what it says of a program is so, its file compiles to that program, it can be stopped anywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tasks
from click.testing import CliRunner

import axonc
from axonc import Graph, ModelError
from axonc.compiler.driver.cli import cli
from axonc.compiler.driver.config import read_config
from axonc.compiler.driver.options import Options, merged_options
from axonc.compiler.driver.pipeline import compile_graph
from axonc.compiler.driver.pruning.methods import parse_pruning
from axonc.compiler.driver.quantisation import Quantisation
from axonc.compiler.driver.search import Search
from axonc.compiler.driver.search.measure import Judge, program_bytes
from axonc.compiler.driver.search.toml import config_text
from axonc.compiler.number_formats import FormatChoice
from axonc.ir.serialize import to_bytes
from axonc.ir.target import HostInterface

Array = np.ndarray[Any, Any]
X, Y = tasks.task(64, 1)
CHAINS: dict[str, Any] = {"weights": ("int8", "int4", "int2"), "state": ("q16", "q10"), "density": (1.0, 0.6, 0.3)}


@pytest.fixture(scope="module")
def graph() -> Graph:
    return axonc.train(tasks.lif(loops=False), tasks.task(128), epochs=10, optimiser="adam,rate=1e-2").graph


@pytest.fixture(scope="module")
def found(graph: Graph) -> Search:
    return axonc.search(graph, X, Y, lose=0.05, **CHAINS)


def accuracy(graph: Graph, options: Options) -> float:
    result = axonc.interpret(compile_graph(graph, "reference", options).graph, X)
    return float(np.mean(result["out"].sum(axis=1).argmax(axis=1) == Y))


def test_the_program_is_smaller_and_keeps_what_is_asked(graph: Graph, found: Search) -> None:
    assert found.measure == "accuracy"
    assert found.least == found.reference - 0.05
    assert len(found.steps) >= 3
    qualities = [step.found.quality for step in found.steps]
    sizes = [found.start.bytes, *(step.found.bytes for step in found.steps)]
    assert min(qualities) >= found.least
    assert sizes == sorted(set(sizes), reverse=True)
    assert found.found.quality == accuracy(graph, found.options)
    assert found.found.bytes == program_bytes(compile_graph(graph, "reference", found.options))
    assert found.start.quality == accuracy(graph, Options("int8", "q16"))


def test_the_first_move_is_the_one_that_loses_least_a_byte(graph: Graph, found: Search) -> None:
    """Against a plain loop over all single moves."""
    prices = {}
    for node in ("hidden", "read"):
        for what, name in (("weights", "int4"), ("state", "q10")):
            options = Options("int8", "q16", formats=(FormatChoice(node, what, name),))  # type: ignore[arg-type]
            saved = found.start.bytes - program_bytes(compile_graph(graph, "reference", options))
            lost = found.start.quality - accuracy(graph, options)
            prices[f"{node}: {what} {name}"] = (max(0.0, lost) / saved, -saved)
    for node in ("w", "o"):
        options = Options("int8", "q16", prune=parse_pruning({"sparsity": 0.4, "nodes": node}))
        saved = found.start.bytes - program_bytes(compile_graph(graph, "reference", options))
        lost = found.start.quality - accuracy(graph, options)
        if saved > 0:
            prices[f"{node}: density 0.6"] = (max(0.0, lost) / saved, -saved)
    assert str(found.steps[0].move) == min(prices, key=lambda name: prices[name])


def test_its_file_compiles_to_exactly_that_program(graph: Graph, found: Search, tmp_path: Path) -> None:
    path = tmp_path / "found.toml"
    path.write_text(found.config(tmp_path))
    program = axonc.compile(graph, config=path)
    wanted = compile_graph(graph, "reference", found.options)
    assert to_bytes(program.graph) == to_bytes(wanted.graph)
    files = {name: (program.directory / name).read_bytes() for name in wanted.program.files if name != "manifest.json"}
    assert files == {name: wanted.program.files[name] for name in files}


def test_it_is_the_same_every_time_and_can_be_stopped_anywhere(
    graph: Graph, found: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every third measurement; at last everything is known, and nothing is compiled any more."""
    path, compile_, left = tmp_path / "state.json", Judge.measured, [0]

    def interrupted(judge: Judge, options: Options) -> Any:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return compile_(judge, options)

    monkeypatch.setattr(Judge, "measured", interrupted)
    for _ in range(100):
        left[0] = 3
        try:
            again = axonc.search(graph, X, Y, lose=0.05, **CHAINS, checkpoint=path)
            break
        except KeyboardInterrupt:
            continue
    left[0] = 0
    last = axonc.search(graph, X, Y, lose=0.05, **CHAINS, checkpoint=path)
    assert again.to_dict() == last.to_dict() == found.to_dict()
    for changes in ({"lose": 0.05, "target": "native"}, {"lose": 0.05, "weights": ("int8", "int2")}):
        with pytest.raises(ModelError, match="AX707"):
            axonc.search(graph, X, Y, **{**CHAINS, **changes}, checkpoint=path)
    path.write_text("{")
    with pytest.raises(ModelError, match="AX703"):
        axonc.search(graph, X, Y, lose=0.05, **CHAINS, checkpoint=path)


def test_without_labels_it_keeps_events(graph: Graph) -> None:
    found = axonc.search(graph, X, keep=0.97, weights=("int8", "int4"))
    assert (found.measure, found.reference, found.least) == ("agreement", 1.0, 0.97)
    said = axonc.evaluate(graph, X, options={"target": "reference", "weights": "int8"}, jobs=1)
    assert found.start.quality == said.comparisons["quantised"].agreement
    assert found.found.quality >= 0.97


def test_without_events_it_keeps_decisions() -> None:
    graph = tasks.lif(loops=False)
    nodes = [replace(node, inputs=("in",)) if node.name == "o" else node for node in graph]
    op: Any = graph["o"].op
    weight = np.random.default_rng(0).normal(0, 1, (3, 12))
    kept = [n for n in nodes if n.name not in ("w", "hidden")]
    plain = graph.with_nodes(replace(n, op=replace(op, weight=weight)) if n.name == "o" else n for n in kept)
    found = axonc.search(plain, X, keep=0.8)
    assert found.measure == "decisions"
    wanted, ours = (
        axonc.interpret(g, X)["out"].sum(axis=1).argmax(axis=1)
        for g in (plain, compile_graph(plain, "reference", found.options).graph)
    )
    assert found.found.quality == np.mean(wanted == ours)


def test_it_counts_the_bytes_of_cores() -> None:
    """Of a matrix that is large enough for sparse rows to be the smaller ones."""
    graph = tasks.lif(hidden=128)
    found = axonc.search(graph, X[:8], Y[:8], keep=0.0, weights=("int8",), density=(1.0, 0.1), target="spinnaker2")
    program = axonc.compile(graph, target="spinnaker2", weights="int8")
    report = json.loads((program.directory / "report.json").read_text())
    assert found.start.bytes == sum(sum(core["bytes"].values()) for core in report["cores"])
    assert found.found.bytes < found.start.bytes


def test_what_the_user_chose_stays(graph: Graph) -> None:
    how = {"weights": {"o": "int4"}, "state": {"hidden": "q12"}}
    found = axonc.search(graph, X, Y, keep=0.0, weights=("int8", "int2"), state=("q16", "q9"), options=how)
    assert {(step.move.node, step.move.kind) for step in found.steps} == {("hidden", "weights"), ("read", "state")}
    text = found.config()
    assert '[nodes."o"]\nweights = "int4"' in text


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "AX403"),
        ({"keep": 0.5, "lose": 0.1}, "AX403"),
        ({"keep": 1.5}, "AX403"),
        ({"keep": float("nan")}, "AX403"),
        ({"keep": 0.5, "weights": ("int8", "int3")}, "AX403"),
        ({"keep": 0.5, "weights": ("int8",)}, "AX403"),
        ({"keep": 0.5, "weights": ("int8", "int8")}, "AX403"),
        ({"keep": 0.5, "state": ("q16", "q99")}, "AX403"),
        ({"keep": 0.5, "density": (0.5, 1.0)}, "AX403"),
        ({"keep": 0.5, "density": (1.0, 0.0)}, "AX403"),
        ({"keep": 0.5, "decide": "guess"}, "AX403"),
        ({"keep": 0.5, "output": "nowhere"}, "AX702"),
        ({"keep": 1.0, "weights": ("int2", "ternary")}, "AX415"),
    ],
)
def test_searches_that_cannot_be(graph: Graph, given: dict[str, Any], code: str) -> None:
    with pytest.raises(ModelError) as caught:
        axonc.search(graph, X, Y, **given)
    assert {problem.code for problem in caught.value.diagnostics} == {code}


def test_data_that_do_not_fit(graph: Graph) -> None:
    for x, y, code in ((X[:, :, :3], Y, "AX701"), (X[:0], Y[:0], "AX701"), (X, Y[:3], "AX705"), (X, Y + 7, "AX705")):
        with pytest.raises(ModelError, match=code):
            axonc.search(graph, x, y, keep=0.5)


OPTIONS = Options(
    "int4",
    "q12",
    slice_size={"hidden": 8, 'odd "name"\\': 3},
    strategy="spread",
    on_host=("a", "b"),
    host=HostInterface(("hidden", "hidden:v"), 20, 5),
    formats=(FormatChoice("linear", "weights", "int8", "op"), FormatChoice("a.b [ö]\n", "state", "q9")),
    quantize=Quantisation(scales="mse", equalise=True, margin=1.5),
    prune=parse_pruning([0.25, {"method": "weights", "sparsity": 0.1, "nodes": ["w", "o"], "score": "cost"}]),
)


def test_a_file_reads_back_as_the_options(tmp_path: Path) -> None:
    meaning = {"target": "native", "semantics": "nir,dt=1e-3", "nodes": {"cell": "reset=zero"}}
    given = replace(OPTIONS, machine=tmp_path / "chip.toml", calibrate=tmp_path / "data" / "x.npz")
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "found.toml"
    path.write_text(config_text(meaning, given, path.parent))
    assert str(tmp_path) not in path.read_text()
    read = read_config(path)
    read.require()
    assert read.compilation["target"] == "native"
    assert str(read.semantics) == "nir,dt=0.001"
    assert [choice.pattern for choice in read.nodes] == ["cell"]
    back = merged_options(read)
    assert {Path(getattr(back, name)).resolve() for name in ("machine", "calibrate")} == {
        tmp_path / "chip.toml",
        tmp_path / "data" / "x.npz",
    }
    assert replace(back, machine=given.machine, calibrate=given.calibrate) == given


def test_arrays_have_no_place_in_a_file() -> None:
    with pytest.raises(ModelError, match="AX403"):
        config_text({}, replace(OPTIONS, calibrate=X), Path())


def test_the_command_line(graph: Graph, tmp_path: Path) -> None:
    graph.save(tmp_path / "model.axg")
    np.savez(tmp_path / "d.npz", x=X, labels=Y)
    model, data, toml = (str(tmp_path / name) for name in ("model.axg", "d.npz", "found.toml"))
    command = ["search", model, "--data", data, "--lose", "0.05", "--try-density", "1,0.5", "-o", toml]
    done = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert done.exit_code == 0
    assert "of at least" in done.output
    assert "the first of all values" in done.output
    said = json.loads(CliRunner().invoke(cli, [*command, "--json"], catch_exceptions=False).output)
    assert f"{said['found']['bytes']} bytes" in done.output
    build = str(tmp_path / "build")
    assert CliRunner().invoke(cli, ["compile", model, "--config", toml, "-o", build], catch_exceptions=False)
    result = axonc.open(build).run(X).value("out").sum(axis=1).argmax(axis=1)
    assert np.mean(result == Y) == said["found"]["quality"]
    refused = CliRunner().invoke(cli, [*command, "--try-density", "half"])
    assert refused.exit_code == 2
