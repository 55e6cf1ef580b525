"""Bytes of every core: those that were predicted are those that are packed and linked."""

from __future__ import annotations

import json
from pathlib import Path

import gated_graphs
import numpy as np
import pytest
from benchmarks import networks
from benchmarks.workloads import split
from elftools.elf.elffile import ELFFile

import axonc
from axonc import Graph
from axonc.backends.spinnaker2.code_size import MARGIN, UNIT
from axonc.backends.spinnaker2.memory import PAGE, round_up

SLACK = 1.2
"""How much more the parts of a program take alone than together."""


def linked_bytes(elf: Path) -> int:
    """The end of code and constants in an image, which begins at address 0."""
    with elf.open("rb") as file:
        sections = ELFFile(file).iter_sections()
        return max(s["sh_addr"] + s["sh_size"] for s in sections if s["sh_flags"] & 2 and s["sh_addr"] < 2**17)


def gated() -> Graph:
    return gated_graphs.chain(np.random.default_rng(1), ["egru", "lif", "lstm"], True, [30, 40, 20], 20).graph


@pytest.mark.parametrize("options", [{}, {"weights": "int4"}, {"record": ["h", "h:v"], "record_steps": 9}])
def test_all_bytes_of_a_spiking_network(options: dict[str, object]) -> None:
    check_bytes(networks.recurrent(90, 210, 10, 0.3), {"slice_size": 80, "strategy": "spread", **options})


def test_all_bytes_of_gated_units() -> None:
    check_bytes(gated(), {"slice_size": 25, "strategy": "spread"})


def test_all_bytes_of_partial_sums() -> None:
    graph = networks.recurrent(90, 60, 10)
    split_graph = split(graph, {"in->h": 3, "h->h": 2})
    check_bytes(split_graph, {"slice_size": 25, "strategy": "spread"})


def check_bytes(graph: Graph, options: dict[str, object]) -> None:
    """Data and work area of every core exactly. Code is set aside, the same for all cores, for a program of all the
    kernels of the network: what they take alone, a tenth more, for other compilers, in units of `UNIT`."""
    program = axonc.compile(graph, "spinnaker2", **options)  # type: ignore[arg-type]
    cores = json.loads((program.directory / "report.json").read_text())["cores"]
    described = json.loads((program.directory / "mapping.json").read_text())
    assert len(cores) > 1
    images = [program.directory / "images" / f"{name}.elf" for name in described["programs"]]
    linked = [linked_bytes(image) for image in images]
    for core, image in zip(cores, described["cores"], strict=True):
        sizes, data = core["bytes"], (program.directory / image["data"]).stat().st_size
        assert data == sizes["tables"] + sizes["weights"]
        assert sizes["padding"] == round_up(data, PAGE) - data
        assert image["work_bytes"] == sum(sizes[kind] for kind in ("state", "recording", "lists", "queues"))
        assert sum(sizes.values()) <= core["sram_bytes"]
        assert linked[image["program"]] <= sizes["code"]
        assert len(linked) > 1 or sizes["code"] < SLACK * MARGIN * linked[0] + UNIT
