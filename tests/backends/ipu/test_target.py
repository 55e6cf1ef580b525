"""The ipu target as users meet it: known networks, forms of projections, what does not fit and what goes wrong."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import ipu_networks
import models
import nir
import numpy as np
import pytest
from benchmarks.networks import events, recurrent
from recorded import recorded

import axonc
from axonc import Graph, ModelError, Program, ToolError
from axonc.backends.ipu.backend import IPUFloat
from axonc.backends.ipu.lower.forms import FORMS
from axonc.backends.ipu.simulator.toolchain import find_compiler
from axonc.compiler.driver.check import check_model
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import compile_graph
from axonc.compiler.driver.quantisation import Quantisation
from axonc.compiler.passes import Prune

BRAILLE = ("paper/03_rnn/braille_noDelay_bias_zero.nir", "paper/03_rnn/braille_noDelay_noBias_subtract.nir")
SAMPLE = "paper/03_rnn/braille_ds_test0_T256xC12.npy"
HOSTILE = 'h"; #include <x> */ \\ ??/'
CHIPS = "[chips]\ncount = 2\n[tiles]\ncount = 3\n[links]\nbytes_per_second = 3e9\n"
"""Two chips of three tiles, with links that carry two bytes in a cycle."""
SILENCE = np.zeros((5, 10), np.int64)
"""Data after which lists are as short as they get."""


def test_recorded_networks_equal_the_interpreter() -> None:
    """Both Braille networks, and the convolutional network of the NIR paper: with integer weights and in float."""
    graphs = [axonc.load(recorded(name), semantics="snntorch,dt=1e-4") for name in BRAILLE]
    graphs += graphs
    graphs += [axonc.load(recorded("paper/02_cnn/cnn_sinabs.nir"), semantics="sinabs,dt=1e-3")] * 2
    pixels = (np.random.default_rng(0).random((100, 2, 34, 34)) < 0.05).astype(np.int64)
    sample = np.load(recorded(SAMPLE)).astype(np.int64)
    in_float = Options(weights="float32")
    options = [Options()] * 2 + [in_float] * 2 + [Options(), in_float]
    with ipu_networks.programs(graphs, options) as programs:
        for program, x in zip(programs, (*[sample] * 4, *[pixels] * 2), strict=True):
            verification = ipu_networks.verified(program, x)
            assert verification.result.stats["most_events"].max() > 0


def eager(name: str = "h") -> Graph:
    """Ten inputs, forty neurons that all fire when one of them does, two that read them."""
    builder = Graph.builder()
    builder.input("in", 10)
    builder.population(name, "lif", 40, tau=20e-3)
    builder.connect("in", name, np.full((40, 10), 90.0))
    builder.population("o", "li", 2, tau=10e-3)
    builder.connect(name, "o", np.ones((2, 40)))
    builder.output("out", "o")
    return axonc.load(builder.graph(), dt=1e-3)


def of_several_scales() -> Graph:
    """Neurons that hear two inputs, one with weights forty times as large as those of the other."""
    rng, builder = np.random.default_rng(0), Graph.builder()
    builder.population("h", "lif", 31, tau=20e-3)
    for name, size in (("a", 1.0), ("b", 40.0)):
        builder.input(name, 3)
        builder.connect(name, "h", rng.normal(0, size, (31, 3)))
    builder.output("out", "h")
    return axonc.load(builder.graph(), dt=1e-3)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Program]]:
    """700-1024-20; 60-50-4 with every form of projections; one with lists that are too short; two with odd names; two
    with a capacity, of which one drops what has no room; one whose sums are shifted; 60-50-4 on
    two chips."""
    large, small = recurrent(700, 1024, 20), recurrent(60, 50, 4)
    graphs = [
        large,
        *[small] * len(FORMS),
        eager(),
        eager(HOSTILE),
        eager("class"),
        eager(),
        small,
        of_several_scales(),
    ]
    options = [Options(), *[Options()] * len(FORMS), Options(calibrate=SILENCE), Options(), Options()]
    options += [Options(capacity={"h": 11}), Options(capacity=5, overflow="drop")]
    options += [Options(quantize=Quantisation(shifts=True))]
    graphs.append(small)
    options.append(machine(tmp_path_factory.mktemp("chips"), CHIPS))
    with ipu_networks.programs(graphs, options, [None, *FORMS, *[None] * 7]) as made:
        yield made


def test_a_large_recurrent_network_equals_the_interpreter(programs: list[Program]) -> None:
    verification = ipu_networks.verified(programs[0], events(120, 700))
    assert verification.result.count("h") > 1000


def test_all_forms_of_projections_compute_the_same(programs: list[Program]) -> None:
    x = events(40, 60, 0.3)
    for program, form in zip(programs[1:4], FORMS, strict=True):
        verification = program.verify(x)
        assert verification.equal, f"{form.name}: {verification.divergence}"
        assert verification.result.count("h") > 0
        assert verification.result.stats["accounts"]["undefined_reads"] == {}


def test_more_events_than_a_list_holds_are_an_error(programs: list[Program]) -> None:
    short, busy = programs[4], SILENCE.copy()
    assert short.verify(SILENCE).equal
    busy[2, 0] = 1
    with pytest.raises(ToolError, match=r"AX902.*'h' sent 40 events in a step; its list holds 8"):
        short.run(busy)
    with pytest.raises(ModelError, match=r"AX701 in: 10 events in a step; its list holds 8; calibrate"):
        short.run(SILENCE + 1)


def test_a_capacity_is_a_limit_that_ends_a_run_or_drops(programs: list[Program]) -> None:
    strict, dropping = programs[7], programs[8]
    busy = SILENCE.copy()
    busy[2, 0] = 1
    with pytest.raises(ToolError, match=r"'h' sent 40 events in a step; its list holds 11"):
        strict.run(busy)
    x = events(40, 60, 0.3)
    result = ipu_networks.verified(dropping, x).result
    sent, heard = result.recorded["h"], np.count_nonzero(x, axis=1)
    over = np.maximum(np.count_nonzero(sent, axis=1) - 5, 0).sum()
    assert result.stats["dropped"][0, result.stats["populations"].index("h")] == over > 0
    assert result.stats["inputs_dropped"]["in"] == np.maximum(heard - 5, 0).sum() > 0
    assert f"events dropped: {over + np.maximum(heard - 5, 0).sum()}" in result.summary()
    assert not np.array_equal(result["out"], programs[1].run(x)["out"])


def test_chips_exchange_through_links_that_are_counted(programs: list[Program]) -> None:
    split = programs[10]
    report = json.loads((split.directory / "report.json").read_text())
    assert {one["name"]: one["chip"] for one in report["populations"]} == {"in": 0, "h": 0, "o": 1}
    accounts = ipu_networks.verified(split, events(40, 60, 0.3)).result.stats["accounts"]
    assert (accounts["target"]["ipus"], accounts["target"]["tiles"]) == (2, 6)
    passed = [step for step in accounts["steps"] if step["link_bytes"]]
    assert [step["name"] for step in passed] == ["sums of level 2"]
    assert passed[0]["link_bytes"] == report["links"]["bytes"][0][1] > 0
    assert passed[0]["exchange_cycles"] == report["links"]["cycles"] == -(-passed[0]["link_bytes"] // 2)


def test_the_report_shows_tiles_lists_links_and_supersteps(programs: list[Program]) -> None:
    page = programs[10].report(events(40, 60, 0.3))
    for title in ("Tiles", "Populations on tiles", "Supersteps"):
        assert f"<h2>{title}</h2>" in re.sub("<h2[^>]*>", "<h2>", page)
    accounts = programs[10].run(events(40, 60, 0.3)).stats["accounts"]
    laid_out = json.loads((programs[10].directory / "report.json").read_text())
    assert f"{laid_out['fullest']['bytes']:,}" in page.replace("\u202f", ",").replace("\xa0", ",")
    assert f"{accounts['cycles']:,} cycles in all" in page.replace("\u202f", ",").replace("\xa0", ",")
    for shown in ("Bytes of each tile", "Bytes that come and go", "Links between chips", "sums of level 2", "an error"):
        assert shown in page
    totals = accounts["memory"]["tiles"]["total"]
    assert [totals[one["tile"]] for one in laid_out["fullest_tiles"]] == sorted(totals, reverse=True)[:5]
    dropping = programs[8].report()
    assert "<td>dropped</td>" in re.sub("<td[^>]*>", "<td>", dropping)


def test_sums_of_several_scales_are_shifted(programs: list[Program]) -> None:
    assert "shift=" in str(programs[9].graph)
    x = {name: events(60, 3, 0.3) for name in "ab"}
    assert ipu_networks.verified(programs[9], x).result.count("h") > 0


def test_capacities_that_cannot_be_are_refused() -> None:
    with pytest.raises(ModelError) as refused:
        compile_graph(eager(), "ipu", Options(capacity={"h": 0, "o": 4, "none": 1}, overflow="wrap"))
    assert [(p.code, p.node) for p in refused.value.diagnostics] == [("AX403", name) for name in ("", "h", "o", "none")]
    with pytest.raises(ModelError, match="a capacity for target native"):
        compile_graph(eager(), "native", Options(capacity=4))


def test_names_of_the_model_do_not_reach_the_program(programs: list[Program]) -> None:
    assert programs[5].verify(SILENCE + 1, seed=3).equal
    assert HOSTILE in programs[5].run(SILENCE + 1, record=[HOSTILE]).recorded
    assert programs[6].verify(SILENCE + 1).equal


def machine(folder: Path, text: str) -> Options:
    """Options with a machine of one's own."""
    path = folder / "machine.toml"
    path.write_text(text)
    return Options(machine=path)


def test_a_network_gets_fewer_neurons_a_tile_where_memory_asks_for_it(tmp_path: Path) -> None:
    graph = recurrent(60, 48, 4)
    usual = compile_graph(graph, "ipu", Options()).program.report
    tight = compile_graph(graph, "ipu", machine(tmp_path, "[tiles]\nbytes = 2600\n")).program.report
    assert usual["fullest"]["bytes"] > 2600 > tight["fullest"]["bytes"]
    assert len(tight["tiles"]) > len(usual["tiles"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tiles]\nbytes = 900\n", r"AX501 tile \d+: \d+ bytes on tile \d+ \(.*in->h \d+.*fullest of .*a tile has 900"),
        ("[tiles]\ncount = 1\n", "AX502 2 populations; gc200 has 1 tiles"),
        ("[tiles]\ncount = 1.5\n", r"AX403 machine.toml: tiles.count = 1.5; a value like 1472"),
        ("base = 'gc300'\n", r"AX403 .*base = 'gc300'; shipped machines: bow, gc200"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        compile_graph(recurrent(60, 48, 4), "ipu", machine(tmp_path, text))
    checked = check_model(recurrent(60, 48, 4), "ipu", machine(tmp_path, text))
    assert not checked.ok
    assert re.search(message, "; ".join(map(str, checked.problems)))


def test_every_way_out_of_a_misfit_works(tmp_path: Path) -> None:
    """More tiles, more chips, fewer bits, pruned weights: what is named was tried, and compiles."""
    text = "[tiles]\nbytes = 5000\ncount = 3\n"
    options = replace(machine(tmp_path, text), weights="float32")
    checked = check_model(recurrent(60, 48, 4), "ipu", options)
    (problem,) = checked.problems
    assert problem.code == "AX501"
    assert re.search(r"with \d+ neurons on a tile", problem.found)
    assert problem.remedy == "; or ".join(map(str, checked.ways))
    with pytest.raises(ModelError) as refused:
        compile_graph(recurrent(60, 48, 4), "ipu", options)
    assert refused.value.diagnostics == checked.problems
    changes = [way.change for way in checked.ways]
    assert changes[0] == "[tiles] count = 1472 in a --machine file"
    assert {change.split()[0] for change in changes[1:]} == {"--weights", "--prune"}
    for way in checked.ways[1:]:
        kind, value = way.change.split()
        fields = {"weights": value} if kind == "--weights" else {"prune": (Prune(float(value)),)}
        again = check_model(recurrent(60, 48, 4), "ipu", replace(options, **fields))
        assert again.ok
        assert len(again.fit["tiles"]) == way.cores <= 3
    less = float(next(change for change in changes if change.startswith("--prune")).split()[1]) - 0.05
    assert not check_model(recurrent(60, 48, 4), "ipu", replace(options, prune=(Prune(less),))).ok


def test_a_full_chip_asks_for_others(tmp_path: Path) -> None:
    """More memory than one chip of all its tiles has: here three are all."""
    text = "[tiles]\nbytes = 3000\ncount = 3\n"
    with patch("axonc.compiler.driver.tile_misfit.TILES", 3):
        checked = check_model(recurrent(60, 48, 4), "ipu", machine(tmp_path, text))
    change = checked.ways[0].change
    assert change.startswith("[chips] count = ")
    chips = f"[chips]\ncount = {change.split()[3]}\n"
    assert check_model(recurrent(60, 48, 4), "ipu", machine(tmp_path, text + chips)).ok


def test_what_does_not_run_in_float_is_refused() -> None:
    builder = Graph.builder()
    builder.input("in", 10, dense=True)
    builder.input("bursts", (1, 16), events=2**22)
    for name, model, size in (("h", "lif", 4), ("o", "li", 2), ("end", "li", 4)):
        builder.population(name, model, (1, size), tau=10e-3)
    builder.connect("in", "h", np.ones((4, 10)))
    builder.conv("h", "o", np.ones((1, 1, 1)), pool=2)
    builder.conv("bursts", "o", np.ones((1, 1, 1)), pool=8)
    builder.conv("bursts", "o", np.ones((1, 1, 3)), pool=4, name="few")
    builder.connect("o", "end", np.ones((4, 2)), name="voltages")
    builder.output("out", "end")
    graph = axonc.load(builder.graph(), dt=1e-3)
    with pytest.raises(ModelError) as refused:
        compile_graph(graph, "ipu", Options(weights="float32"))
    found = {(problem.code, problem.node) for problem in refused.value.diagnostics}
    assert found == {("AX601", "bursts.pool8")}
    assert all(problem.remedy for problem in refused.value.diagnostics)


def test_a_convolution_of_a_reshaped_image_becomes_a_matrix() -> None:
    rng = np.random.default_rng(0)
    cell = {"tau": 9e-3, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0}
    nodes = {
        "in": models.source(2, 3, 4),
        "first": nir.LIF(**{name: np.full((2, 3, 4), value) for name, value in cell.items()}),
        "lines": models.flat(2, 3, 4, start=1),
        "conv": nir.Conv1d(12, rng.normal(size=(1, 2, 3)), 1, 0, 1, 1, np.zeros(1)),
        "second": nir.LIF(**{name: np.full((1, 10), value) for name, value in cell.items()}),
        "out": models.sink(1, 10),
    }
    graph = axonc.load(models.graph(nodes, " ".join(nodes)), semantics="nir,dt=1e-3")
    assert [problem.node for problem in IPUFloat().check(graph)] == ["first", "conv"]
    folded = compile_graph(graph, "ipu", Options(weights="float32"))
    assert set(folded.program.report["forms"].values()) <= {"rows", "synapses", "values"}


def test_options_for_cores_are_refused() -> None:
    with pytest.raises(ModelError) as refused:
        compile_graph(eager(), "ipu", Options(slice_size=5, strategy="spread"))
    assert [problem.code for problem in refused.value.diagnostics] == ["AX403", "AX403"]
    assert "slice_size 5; ipu has no cores, and places populations itself; leave it out" in str(refused.value)


def test_a_missing_compiler_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ziglang" else find(name))
    find_compiler.cache_clear()
    try:
        with pytest.raises(ToolError, match="AX901") as error:
            axonc.compile(eager(), target="ipu")
    finally:
        find_compiler.cache_clear()
    assert len(str(error.value).splitlines()) == 1


def test_the_same_network_gives_the_same_bytes() -> None:
    once, again = (compile_graph(recurrent(60, 48, 4), "ipu", Options()).program.files for _ in range(2))
    assert once == again
