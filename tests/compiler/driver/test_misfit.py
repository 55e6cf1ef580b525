"""Models that do not fit: every resource that is short, by how much, and what would make them fit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from benchmarks import networks

import axonc
from axonc import Graph, ModelError
from axonc.compiler.driver.check import Check, check_model
from axonc.compiler.driver.options import Options
from axonc.ir.target import HostInterface

SMALL = "[memory]\nsram = 49152\n"


@pytest.fixture(scope="module")
def graph() -> Graph:
    """About 90 KB of weights, for cores of 48 KiB."""
    return networks.recurrent(100, 250, 10)


def judged(graph: Graph, folder: Path, machine: str, **options: object) -> Check:
    (folder / "machine.toml").write_text(machine + ("" if "[memory]" in machine else SMALL))
    return check_model(graph, "spinnaker2", Options(machine=folder / "machine.toml", **options))  # type: ignore[arg-type]


def test_cores_that_are_missing_are_counted_and_every_way_out_works(graph: Graph, tmp_path: Path) -> None:
    check = judged(graph, tmp_path, "[cores]\nusable = 2\n")
    assert not check.ok
    (problem,) = check.problems
    assert problem.code == "AX502"
    needed = int(re.search(r"needs (\d+) cores", problem.found)[1])  # type: ignore[index]
    assert problem.limit == f"2 are usable, {needed - 2} too few"
    assert judged(graph, tmp_path, f"[cores]\nusable = {needed}\n").ok
    assert not judged(graph, tmp_path, f"[cores]\nusable = {needed - 1}\n").ok
    assert any(way.change.startswith("--weights") for way in check.ways)
    for way in check.ways:
        assert str(way) in problem.remedy
        if way.change.startswith("--weights"):
            again = judged(graph, tmp_path, "[cores]\nusable = 2\n", weights=way.change.split()[1])
            assert again.ok
            assert len(again.fit["cores"]) == way.cores <= 2
    assert check.to_dict()["ways"] == [way.to_dict() for way in check.ways]


def test_a_tick_that_is_too_short_is_told_with_one_that_does(graph: Graph, tmp_path: Path) -> None:
    check = judged(graph, tmp_path, "[clock]\ntick_s = 1e-5\n")
    assert {problem.code for problem in check.problems} == {"AX505"}
    (tick,) = [way for way in check.ways if way.change.startswith("tick_s")]
    longer = re.search(r"tick_s = (\S+)", tick.change)[1]  # type: ignore[index]
    assert judged(graph, tmp_path, f"[clock]\ntick_s = {longer}\n").ok


def test_what_lies_behind_missing_cores_is_told_at_once(graph: Graph, tmp_path: Path) -> None:
    """With enough cores there are still too few routing entries."""
    check = judged(graph, tmp_path, "[cores]\nusable = 2\n[router]\nentries = 2\n")
    assert {problem.code for problem in check.problems} == {"AX502", "AX503"}


def test_compiling_says_what_checking_says(graph: Graph, tmp_path: Path) -> None:
    check = judged(graph, tmp_path, "[cores]\nusable = 2\n")
    with pytest.raises(ModelError) as refused:
        axonc.compile(graph, "spinnaker2", machine=tmp_path / "machine.toml")
    assert refused.value.diagnostics == check.problems


def test_a_memory_without_room_for_data_is_a_mistake_of_the_description(graph: Graph, tmp_path: Path) -> None:
    check = judged(graph, tmp_path, "[memory]\nsram = 36864\n")
    assert [problem.code for problem in check.problems] == ["AX403"]


def test_problems_that_are_no_misfits_stay_what_they_are(tmp_path: Path) -> None:
    check = judged(networks.recurrent(5, 6, 2), tmp_path, "", host=HostInterface(("none",), 3))
    assert [problem.code for problem in check.problems] == ["AX702"]
    assert check.ways == ()
