"""Rows in blocks: as few blocks as can be, the matrix again, chosen where they pay, and the same sums on cores."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import strategies
from benchmarks import networks
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import axonc
from axonc import Graph
from axonc.backends.spinnaker2.blocks import COVERED, begun, packed, pays

Array = np.ndarray[Any, Any]


@st.composite
def matrices(draw: st.DrawFn) -> sparse.csc_array:
    """Integers [targets, sources], some 0, at random or in runs."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    targets, sources, run = draw(st.integers(COVERED, 20)), draw(st.integers(1, 9)), draw(st.sampled_from([1, 3, 4, 6]))
    kept = np.repeat(rng.random((-(-targets // run), sources)) < draw(st.sampled_from([0.1, 0.4, 1.0])), run, axis=0)
    return sparse.csc_array(rng.integers(-127, 128, (targets, sources)) * kept[:targets])


def fewest(targets: list[int]) -> int:
    """The fewest intervals of `COVERED` places that hold all targets: by trying, from every one on, all."""
    if not targets:
        return 0
    first, *_ = targets
    starts = range(first - COVERED + 1, first + 1)
    return 1 + min(fewest([t for t in targets if not start <= t < start + COVERED]) for start in starts)


@strategies.examples(150)
@given(matrices())
def test_blocks_are_as_few_as_can_be(weight: sparse.csc_array) -> None:
    columns = [weight.indices[a:b].tolist() for a, b in zip(weight.indptr, weight.indptr[1:], strict=False)]
    sources = np.repeat(np.arange(len(columns)), np.diff(weight.indptr))
    heads = begun(sources, weight.indices, weight.shape[0])
    found = np.bincount(sources[heads], minlength=len(columns))
    assert found.tolist() == [fewest(column) for column in columns]


@strategies.examples(150)
@given(matrices())
def test_what_is_packed_is_the_matrix(weight: sparse.csc_array) -> None:
    """As the runtime reads it; no block reaches beyond the targets."""
    starts, listed = packed(weight)
    count = int(starts[-1])
    weights, places = listed[: COVERED * count].view(np.int8).reshape(-1, COVERED), listed[COVERED * count :]
    again = np.zeros(weight.shape, np.int64)
    for source in range(weight.shape[1]):
        for block in range(starts[source], starts[source + 1]):
            assert places[block] + COVERED <= weight.shape[0]
            again[places[block] : places[block] + COVERED, source] += weights[block]
    assert np.array_equal(again, weight.toarray())


def test_blocks_pay_where_weights_stand_together() -> None:
    rng = np.random.default_rng(0)
    together = np.repeat(rng.random((32, 40)) < 0.3, 4, axis=0)
    assert pays(sparse.csc_array(together))
    assert not pays(sparse.csc_array(rng.random((128, 40)) < 0.3))
    assert not pays(sparse.csc_array(np.ones((128, 40))))
    assert not pays(sparse.csc_array((128, 40)))


def network(prune: str | None, hidden: int = 130) -> Graph:
    graph = networks.recurrent(40, hidden, 6)
    return graph if prune is None else axonc.prune(graph, prune)


@pytest.mark.parametrize("target", ["native", "spinnaker2"])
def test_pruned_blocks_become_rows_of_blocks(target: str, tmp_path: Any) -> None:
    """Of 258 targets on a core two stand behind the places that a byte tells apart: too few for a block."""
    machine = tmp_path / "machine.toml"
    machine.write_text("[synapses]\nwindow = 256\n")
    options: dict[str, Any] = {"target": target, "state": "q16"}
    if target == "native":
        options["machine"] = machine
    program = axonc.compile(network("0.7,block=4", 258), weights="int8", **options)
    report = json.loads((program.directory / "report.json").read_text())
    rows = {name for joined in report["rows"] for name in joined["rows"]}
    assert {"blocks", "sparse"} <= rows
    assert "blocks" in report["formats"]["spikes"]
    assert program.verify(networks.events(12, 40, 0.3)).equal


def test_blocks_take_fewer_bytes_and_instructions_than_single_synapses() -> None:
    """Two networks of as many weights."""
    x = networks.events(12, 40, 0.3)
    by_one, by_four = (
        axonc.compile(network(how), target="spinnaker2", weights="int8", state="q16")
        for how in ("0.7,block=1", "0.7,block=4")
    )
    weights = [sum(core["bytes"]["weights"] for core in program_cores(p)) for p in (by_one, by_four)]
    assert weights[1] < 0.75 * weights[0]
    assert by_four.run(x).stats["instructions"].sum() < by_one.run(x).stats["instructions"].sum()


def program_cores(program: axonc.Program) -> list[dict[str, Any]]:
    return list(json.loads((program.directory / "report.json").read_text())["cores"])


def test_networks_without_blocks_know_none() -> None:
    for prune in (None, "0.7"):
        program = axonc.compile(network(prune), target="spinnaker2", weights="int8", state="q16")
        assert "blocks" not in json.loads((program.directory / "report.json").read_text())["formats"]["spikes"]
