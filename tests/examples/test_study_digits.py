"""The study of few bits and few weights: a small form of it runs, counts what it says, and goes on where it was."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy import stats

import axonc

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def study() -> ModuleType:
    if str(EXAMPLES) not in sys.path:
        sys.path.append(str(EXAMPLES))  # as `python examples/study_digits.py` has it
    return importlib.import_module("study_digits")


@pytest.fixture(scope="module")
def found(study: ModuleType) -> dict[str, Any]:
    """A run on prototypes with noise, of a small network that trains for a short time."""
    images = np.random.default_rng(0).integers(0, 17, (10, 64))
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 10, 250)
    x = study.digits.spikes(np.clip(images[labels] + rng.integers(-4, 5, (250, 64)), 0, 16))
    setup = study.Setup(folds=1, seeds=1, hidden=128, epochs=8, later=3)
    return {"runs": [study.one_run(setup, x, labels, *pair) for pair in study.missing_runs(setup, [])]}


def test_every_case_is_counted_before_and_after(study: ModuleType, found: dict[str, Any]) -> None:
    names = [case.name for case in study.CASES]
    assert [(run["fold"], run["seed"], run["tested"]) for run in found["runs"]] == [(0, 0, 50)]
    for run in found["runs"]:
        assert list(run["right"]) == names
        assert all(0 <= count <= 50 for pair in run["right"].values() for count in pair)
    mean = {name: [study.accuracies(found, name, after).mean() for after in (False, True)] for name in names}
    assert min(mean["float"][0], mean["int8"][0]) > 70
    assert mean["95 % pruned"][0] < mean["95 % pruned"][1], "training gives back what pruning took"
    assert len(list(study.rows(found))) == len(names)


def test_cases_are_what_they_are_called(study: ModuleType) -> None:
    graph = study.digits.feed_forward(0, 32)
    for case in study.CASES:
        if case.pruned:
            weight = case.post_training(graph)["w"].op.weight
            nonzeros = weight.nnz if hasattr(weight, "nnz") else np.count_nonzero(weight)
            assert nonzeros == round((1 - case.pruned) * 32 * 64)
        else:
            assert case.post_training(graph) is graph
            data = np.zeros((2, 16, 64), np.uint8), np.zeros(2, int)
            axonc.train(graph, data, **{**case.training, "epochs": 0})
    assert {goal.case for goal in study.GOALS} <= {case.name for case in study.CASES}


def test_differences_are_paired_and_their_interval_is_the_corrected_one(study: ModuleType) -> None:
    runs = [
        {"tested": 200, "right": {"float": [190 + k, 0], "int8": [188 + 2 * k, 190]}, "fold": k, "seed": 0}
        for k in range(4)
    ]
    came = study.difference({"runs": runs}, "int8", False)
    values = np.array([-1.0, -0.5, 0.0, 0.5])
    assert came.mean == pytest.approx(values.mean())
    half = stats.t.ppf(0.975, 3) * np.std(values, ddof=1) * np.sqrt(1 / 4 + 1 / 4)
    assert came.half == pytest.approx(half)
    assert came.signed == f"-0.25 ± {half:.2f}"
    assert np.isnan(study.measured(values[:1]).half)


def test_a_study_goes_on_from_its_file(study: ModuleType, tmp_path: Path) -> None:
    """Of the same study only: of the two runs that the file has, none runs again."""
    setup = study.Setup(folds=2, seeds=1)
    said = {"setup": vars(setup), "cases": [vars(case) | {"training": case.training} for case in study.CASES]}
    runs = [{"fold": fold, "seed": 0, "tested": 9, "right": {}} for fold in range(2)]
    (tmp_path / "a.json").write_text(json.dumps({**said, "runs": runs}))
    assert study.study(setup, tmp_path / "a.json", 1)["runs"] == runs
    assert study.missing_runs(setup, runs[1:]) == [(0, 0)]
    other = study.Setup(folds=2, seeds=1, hidden=8)
    assert study._known({**said, "setup": vars(other)}, tmp_path / "a.json") == []


def test_the_stored_result_is_of_this_study_and_keeps_what_the_page_says(study: ModuleType) -> None:
    """All folds and seeds, the cases of today; every goal that the page calls met is met."""
    found = json.loads(study.RESULT.read_text())
    setup = study.Setup(**found["setup"])
    assert setup == study.Setup()
    assert study.missing_runs(setup, found["runs"]) == []
    assert found["cases"] == [json.loads(json.dumps(vars(case) | {"training": case.training})) for case in study.CASES]
    page = (EXAMPLES.parent / "docs" / "quantization-study.md").read_text()
    for goal in study.GOALS:
        lost = np.mean(
            [
                100 * (run["right"]["float"][0] - run["right"][goal.case][goal.after]) / run["tested"]
                for run in found["runs"]
            ]
        )
        (line,) = (line for line in page.splitlines() if line.startswith(f"- {goal.case}, "))
        assert line.endswith(": met." if lost <= goal.loses else ": missed.")
        assert lost <= goal.loses
    tested = sum(run["tested"] for run in found["runs"])
    assert f"{tested} tested samples" in page
    assert tested == 3 * 1797
