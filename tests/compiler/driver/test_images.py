"""A build of an image network: its mapping is legible, its report is complete."""

from __future__ import annotations

import json

import images
import numpy as np
import pytest

from axonc import Program
from axonc.compiler.driver import pipeline
from axonc.compiler.driver.program import build
from axonc.compiler.driver.report import report_page
from axonc.compiler.driver.show import holds
from axonc.ir.mapping import Mapping, Slice
from axonc.ir.ops import Axis, QuantConv


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Program:
    """One convolution in integers, as it is: no pass runs."""
    monkeypatch.setattr(pipeline, "passes_for", lambda *_: [])
    window = Axis(3, 1, 1, 1)
    weight = np.random.default_rng(0).integers(-9, 12, (3, 2, 3, 3)).astype(np.int8)
    layer = images.Layer((), QuantConv(weight, np.asarray(1.0), (window, window)), 0, 5)
    graph = images.Model((2, 8, 10), (layer,), np.zeros((1, 2, 8, 10), np.int64)).graph
    return build(pipeline.compile_graph(graph, "native", pipeline.Options(slice_size=70, strategy="spread")))


def test_slices_are_written_as_ranges_of_every_axis(program: Program) -> None:
    described = json.loads((program.directory / "mapping.json").read_text())
    mapping = Mapping.from_dict(described["mapping"])
    assert mapping.to_dict() == Mapping.from_dict(json.loads(json.dumps(mapping.to_dict()))).to_dict()
    assert str(Slice("p", (3, 8, 10), (0, 2, 4), (1, 8, 10))) == "p[0:1, 2:8, 4:10]"
    assert [holds(mapping, core) for core in range(mapping.cores)] == [str(part) for part in mapping.of("pop0")]
    places = described["host"]["inputs"]["slices"]
    assert [place["shape"] for place in places] == [[2, 8, 10]] * len(places)
    for place, part in zip(places, mapping.of("in"), strict=True):
        box = np.arange(160).reshape(2, 8, 10)[tuple(map(slice, place["lower"], place["upper"]))]
        assert np.moveaxis(box, 0, -1).ravel().tolist() == part.neurons.tolist()


def test_the_report_shows_slices_and_synapses(program: Program) -> None:
    x = np.random.default_rng(1).integers(0, 2, (6, 2, 8, 10))
    page = report_page(program, x)
    mapping = Mapping.from_dict(json.loads((program.directory / "mapping.json").read_text())["mapping"])
    assert all(f"{part} on core {part.core}" in page for part in mapping.of("pop0"))
    assert "Rasters" in page
