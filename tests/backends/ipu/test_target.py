"""The ipu target as users meet it: known networks, forms of projections, what does not fit and what goes wrong."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import ipu_networks
import numpy as np
import pytest
from benchmarks.networks import events, recurrent
from recorded import recorded

import axonc
from axonc import Graph, ModelError, Program, ToolError
from axonc.backends.ipu.lower.forms import FORMS
from axonc.backends.ipu.simulator.toolchain import find_compiler
from axonc.compiler.driver.check import check_model
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import compile_graph
from axonc.compiler.driver.quantisation import Quantisation

BRAILLE = ("paper/03_rnn/braille_noDelay_bias_zero.nir", "paper/03_rnn/braille_noDelay_noBias_subtract.nir")
SAMPLE = "paper/03_rnn/braille_ds_test0_T256xC12.npy"
HOSTILE = 'h"; #include <x> */ \\ ??/'
SILENCE = np.zeros((5, 10), np.int64)
"""Data after which lists are as short as they get."""


def test_recorded_networks_equal_the_interpreter() -> None:
    """Both Braille networks, with integer weights and in float, and the convolutional network of the NIR paper."""
    graphs = [axonc.load(recorded(name), semantics="snntorch,dt=1e-4") for name in BRAILLE]
    graphs += graphs
    graphs.append(axonc.load(recorded("paper/02_cnn/cnn_sinabs.nir"), semantics="sinabs,dt=1e-3"))
    pixels = (np.random.default_rng(0).random((100, 2, 34, 34)) < 0.05).astype(np.int64)
    sample = np.load(recorded(SAMPLE)).astype(np.int64)
    options = [Options()] * 2 + [Options(weights="float32")] * 2 + [Options()]
    with ipu_networks.programs(graphs, options) as programs:
        for program, x in zip(programs, (*[sample] * 4, pixels), strict=True):
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


@pytest.fixture(scope="module")
def programs() -> Iterator[list[Program]]:
    """700-1024-20; 60-50-4 with every form of projections; one with lists that are too short; two with odd names."""
    large, small = recurrent(700, 1024, 20), recurrent(60, 50, 4)
    graphs = [large, *[small] * len(FORMS), eager(), eager(HOSTILE), eager("class")]
    options = [Options(), *[Options()] * len(FORMS), Options(calibrate=SILENCE), Options(), Options()]
    with ipu_networks.programs(graphs, options, [None, *FORMS, None, None, None]) as made:
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


def test_what_does_not_run_in_float_is_refused() -> None:
    builder = Graph.builder()
    builder.input("in", 10, dense=True)
    for name, model in (("h", "lif"), ("o", "li"), ("end", "li")):
        builder.population(name, model, (1, 4), tau=10e-3)
    builder.connect("in", "h", np.ones((4, 10)))
    builder.conv("h", "o", np.ones((1, 1, 1)), name="kernel")
    builder.connect("o", "end", np.ones((4, 4)), name="voltages")
    builder.output("out", "end")
    builder.output("seen", "in")
    graph = axonc.load(builder.graph(), dt=1e-3)
    with pytest.raises(ModelError) as refused:
        compile_graph(graph, "ipu", Options(weights="float32"))
    found = {(problem.code, problem.node) for problem in refused.value.diagnostics}
    assert {("AX601", "kernel"), ("AX602", "voltages"), ("AX602", "seen")} <= found
    assert all(problem.remedy for problem in refused.value.diagnostics)


def test_options_for_cores_are_refused() -> None:
    with pytest.raises(ModelError) as refused:
        compile_graph(eager(), "ipu", Options(slice_size=5, strategy="spread"))
    assert [problem.code for problem in refused.value.diagnostics] == ["AX403", "AX403"]
    assert "slice_size 5; ipu has no cores, and places populations itself; leave it out" in str(refused.value)


def test_sums_of_several_scales_are_refused() -> None:
    rng, builder = np.random.default_rng(0), Graph.builder()
    builder.population("h", "lif", 4, tau=20e-3)
    for name, size in (("a", 1.0), ("b", 40.0)):
        builder.input(name, 3)
        builder.connect(name, "h", rng.normal(0, size, (4, 3)))
    builder.output("out", "h")
    graph = axonc.load(builder.graph(), dt=1e-3)
    with pytest.raises(ModelError) as refused:
        compile_graph(graph, "ipu", Options(quantize=Quantisation(shifts=True)))
    assert [(problem.code, problem.found) for problem in refused.value.diagnostics] == [("AX601", "a shifted sum")]


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
