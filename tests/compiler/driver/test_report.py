"""The HTML report: self-contained, deterministic, safe against hostile names, and its numbers are the run's."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import models
import nir
import numpy as np
import pytest

import axonc
from axonc import Graph, ModelError, Program
from axonc.backends.spinnaker2.description import load_machine
from axonc.compiler.driver.evaluate import evaluate
from axonc.compiler.driver.pruning.costs import cost_rows
from axonc.compiler.driver.report import report_page
from axonc.compiler.driver.report.activity import traffic_matrix
from axonc.compiler.driver.report.chips import chip_map
from axonc.compiler.driver.report.facts import facts_of
from axonc.compiler.driver.report.figure import Box, number, ticks, ticks_between
from axonc.compiler.driver.report.figure import Path as Line
from axonc.compiler.driver.report.heat import binned, levels
from axonc.compiler.driver.report.layers import layered
from axonc.compiler.driver.report.step import measured_step
from axonc.ir.machine import Energy

Array = np.ndarray[Any, Any]
VOID = {"meta", "br", "link", "img"}


class Page(HTMLParser):
    """Tags in order; asserts that they are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert all(not name.startswith("on") for name, _ in attrs)
        assert all(name not in ("href", "src", "xlink:href") for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def titles(text: str) -> list[str]:
    return re.findall("<h2>(.*?)</h2>", text)


@pytest.fixture(scope="module")
def full(program: Program, x: Array) -> str:
    return report_page(program, x, ["readout:v", "cell:i"])


def test_the_whole_page(full: str) -> None:
    page = Page(full)
    assert "script" not in page.tags
    assert "http" not in full.replace('http-equiv="Content-Security-Policy"', "")
    assert titles(full) == [
        "Network",
        "Sparsity",
        "Quantisation",
        "Memory",
        "Synapses",
        "Cost of a step",
        "Placement",
        "Chips",
        "Traffic",
        "Instructions and cycles",
        "Activity",
        "Rasters",
        "Values over time",
    ]
    assert "not measured on silicon" in full


def test_connections_cost_what_an_evaluation_counts(program: Program, full: str, x: Array) -> None:
    """Cell by cell; without a run, only what the build itself says."""
    matrices = evaluate(program, x, jobs=1, stages=["quantised"]).last.matrices
    assert matrices is not None
    alone = report_page(program)
    for row in cost_rows(matrices):
        assert "".join(f"<td>{cell}</td>" for cell in row) in re.sub(r"<td[^>]*>", "<td>", full).replace("\n", "")
        assert "".join(f"<td>{cell}</td>" for cell in [*row[:4], *"----"]) in re.sub(r"<td[^>]*>", "<td>", alone)


def test_the_same_bytes_again(program: Program, x: Array, full: str) -> None:
    assert program.report(x, ["readout:v", "cell:i"]) == full


def test_without_input_only_the_build_is_shown(program: Program) -> None:
    text = report_page(program)
    Page(text)
    assert titles(text) == [
        "Network",
        "Sparsity",
        "Quantisation",
        "Memory",
        "Synapses",
        "Cost of a step",
        "Placement",
        "Chips",
        "Traffic",
    ]
    assert "neurons whose events go" in text


def test_a_step_is_told_as_predicted_and_as_measured(program: Program, x: Array, full: str) -> None:
    """What is measured is the run's; energy is that of the machine description."""
    run = program.run(x)
    stats, told = run.stats, json.loads((program.directory / "report.json").read_text())["step"]
    samples, slots, cores = stats["cycles"].shape
    expected = Energy(8.3, 1.05, 75.2, 1000.0, 5.0)
    cycles = float(stats["cycles"].sum()) / samples / slots
    sent, hops = (float(stats[name].sum()) / samples / slots for name in ("events_sent", "hops"))
    joules = expected.joules(cycles, sent, hops, cores, 1, 1e-3)
    measured = measured_step(run, 1)
    assert measured["joules"] == pytest.approx(joules)
    assert measured["seconds"] == pytest.approx(1e-3)
    assert set(told["joules"]) == set(joules)
    assert told["joules"]["sleep"] == pytest.approx(joules["sleep"], rel=1e-3)
    assert measured["hops"] == pytest.approx(hops)
    assert told["hops"] > 0
    assert "microjoules in all" in full
    assert "hops of packets on chips" in full
    assert "energy, estimated:" in run.summary()


def test_native_has_no_cycles(native: Program, x: Array) -> None:
    text = report_page(native, x)
    Page(text)
    assert "Instructions and cycles" not in titles(text)
    assert {"Memory", "Activity", "Rasters"} <= set(titles(text))


def test_reference_has_no_cores(reference: Program, x: Array) -> None:
    text = report_page(reference, x)
    Page(text)
    assert titles(text) == ["Network", "Sparsity", "Activity", "Rasters", "Values over time"]


HOSTILE = "<script>alert(1)</script>\"><img onerror=alert(1)> & ' {{ 7 * 7 }}"


def test_hostile_names_are_text(x: Array) -> None:
    model = models.recurrent()
    nodes = {HOSTILE if name == "cell" else name: node for name, node in model.nodes.items()}
    edges = [tuple(HOSTILE if name == "cell" else name for name in edge) for edge in model.edges]
    graph = axonc.load(nir.NIRGraph(nodes, edges, type_check=False), semantics="nir,dt=1e-3")
    text = report_page(axonc.compile(graph, target="native", slice_size=2, strategy="spread"), x, [f"{HOSTILE}:v"])
    page = Page(text)
    assert not {"script", "img"} & set(page.tags)
    assert HOSTILE in page.text
    assert "49" not in re.findall(r"& \S+ (\S+)", page.text)


def test_traffic_adds_up_to_what_arrived(program: Program, x: Array) -> None:
    facts = facts_of(program, x, (), None)
    assert facts.mapping is not None
    assert facts.activity is not None
    counts = traffic_matrix(facts.mapping, facts.activity)
    assert counts.sum(axis=0).tolist() == facts.activity.result.stats["events_received"].sum(axis=(0, 1)).tolist()
    assert counts[0].sum() > 0


def test_large_rasters_stay_small(graph: Graph) -> None:
    """A full raster of 3000 steps is binned, not drawn event by event."""
    reference = axonc.compile(graph, target="reference")
    text = report_page(reference, models.events((3000, 3), density=0.5))
    assert len(text) < 400_000
    assert "a mark is 1 x 4" in text


def test_no_steps_and_no_events(program: Program) -> None:
    Page(report_page(program, np.zeros((5, 3), int)))
    Page(report_page(program, np.zeros((1, 3), int)))
    with pytest.raises(ModelError, match="AX701"):
        report_page(program, np.zeros((0, 3), int))


def test_states_that_do_not_exist_are_refused(program: Program, x: Array) -> None:
    with pytest.raises(ModelError, match="AX702"):
        report_page(program, x, ["nobody:v"])


def test_bins_keep_totals_and_peaks() -> None:
    values = np.random.default_rng(0).integers(0, 9, (500, 2001))
    assert binned(values).sum() == values.sum()
    assert binned(values, "max").max() == values.max()
    assert max(binned(values).shape) <= 780
    assert levels(np.array([[0, 1, 8, 16]])).tolist() == [[0, 1, 4, 8]]
    assert levels(np.zeros((2, 2))).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("top", [0, 0.03, 1, 7, 99, 1e6])
def test_ticks_are_few_and_inside(top: float) -> None:
    found = ticks(top)
    assert 1 <= len(found) <= 6
    assert 0 <= found[-1] <= max(top, 0) * (1 + 1e-9)


def test_ticks_on_both_sides_of_0() -> None:
    assert ticks_between(-15.2, 0.9) == [-15, -10, -5, 0]
    assert number(1234567) == "1\u202f234\u202f567"


def test_layers_follow_the_arrows() -> None:
    names = ["late", "a", "b", "c", "end"]
    edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "end"), ("late", "end"), ("a", "end"), ("b", "b")]
    layout = layered(names, edges, dict.fromkeys(names, 100.0), 20.0)
    level = {name: at[1] for name, at in layout.centre.items()}
    assert level == {"a": 0, "b": 1, "c": 2, "late": 2, "end": 3}
    assert [point[1] for point in layout.through["c", "a"]] == [2, 1, 0]
    assert [point[1] for point in layout.through["a", "end"]] == [0, 1, 2, 3]
    rows: dict[int, list[float]] = {}
    for x, row in layout.centre.values():
        rows.setdefault(row, []).append(x)
    assert all(b - a >= 120 for xs in rows.values() for a, b in zip(sorted(xs), sorted(xs)[1:], strict=False))


def test_graphs_of_any_form_are_drawn() -> None:
    layered([], [], {}, 1.0)
    layered(["a"], [], {"a": 1.0}, 1.0)
    layered(["a", "b"], [("a", "b"), ("b", "a")], {}, 1.0)


@pytest.mark.parametrize(("name", "cores", "chips", "links"), [("chip", 60, 1, 0), ("board", 600, 5, 7)])
def test_the_map_has_every_core_at_its_place(name: str, cores: int, chips: int, links: int) -> None:
    """Cores of one chip lie inside its frame, no two at the same point; links join chips that are used."""
    machine = load_machine(Path(f"spinnaker2-{name}"))
    places, tips = machine.places[:cores], [f"core {core}" for core in range(cores)]
    crossed = np.arange(6 * len(machine.board.chips)).reshape(-1, 6)
    figure = chip_map(places, [0.5] * cores, tips, machine.board.neighbours, crossed)
    boxes = [shape for shape in figure.shapes if isinstance(shape, Box)]
    frames = {box.tip: box for box in boxes if box.style == "chip"}
    squares = {box.tip: box for box in boxes if box.style.startswith("heat")}
    assert (len(frames), len(squares)) == (chips, cores)
    assert len({(box.x, box.y) for box in squares.values()}) == cores
    for place, tip in zip(places, tips, strict=True):
        frame, square = frames[f"chip {place.chip}"], squares[tip]
        assert frame.x < square.x < square.x + square.width < frame.x + frame.width <= figure.width
        assert frame.y < square.y < square.y + square.height < frame.y + frame.height <= figure.height
    assert sum(isinstance(shape, Line) for shape in figure.shapes) == links
