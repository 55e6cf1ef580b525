"""Every benchmark runs, in a tiny size; what it measures is not judged."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from benchmarks import ipu_training

from axonc.backends.ipu.machine import load_machine


@pytest.mark.parametrize(
    "name",
    [
        "checkpoints",
        "chip",
        "compiling",
        "ipu_forms",
        "ipu_target",
        "ipu_training",
        "evaluating",
        "native",
        "native_training",
        "interpreter",
        "reading",
        "images",
        "training",
        "onnx_native",
        "recurrent",
        "sqnr",
    ],
)
def test_benchmark_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module(f"benchmarks.{name}").main(["--tiny"])
    assert " x" in capsys.readouterr().out


def test_the_language_model_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("benchmarks.language_model").main(["--tiny"])
    shown = capsys.readouterr().out
    assert shown.count("equal to the interpreter") == 2
    counts = re.findall(r"multiply-accumulates: (\d+) counted, (\d+) predicted", shown)
    assert len(counts) == 2
    assert all(counted == predicted != "0" for counted, predicted in counts)


def test_gated_units_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("benchmarks.gated").main(["--tiny"])
    assert "cycles" in capsys.readouterr().out


def test_lists_on_tiles_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("benchmarks.ipu_lists").main(["--tiny"])
    shown = capsys.readouterr().out
    seen = re.findall(r"([\d,]+) +([\d,]+) bytes", shown)
    assert len(seen) == shown.count("same weights: True") == 3
    assert all(predicted == observed for predicted, observed in seen)


def test_the_cost_model_is_calibrated(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("benchmarks.calibrate").main(["--tiny"])
    assert "% instructions" in capsys.readouterr().out


def test_partitions_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("benchmarks.partitioning").main(["--tiny", "--graphs", "layered"])
    header, _, *rows = ([cell.strip() for cell in row.split("|")] for row in capsys.readouterr().out.splitlines())
    assert [row[1] for row in rows] == ["layered, 400", "layered shuffled, 400"]
    assert all(float(row[header.index("hypergraph")]) < float(row[header.index("in order")]) for row in rows)
    assert all(float(row[header.index("of the best other")]) <= 1.25 for row in rows)


def test_strategies_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("benchmarks.strategies").main(["--tiny", "--steps", "2"])
    assert capsys.readouterr().out.count("| equal |") == 3


def test_growth_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("benchmarks.scale").main(["--tiny", "--run", "3"])
    shown = capsys.readouterr().out
    assert re.findall(r"(\w+): \d+ neurons", shown) == ["irregular", "irregular", "dense", "dense"]
    assert shown.count("time grows as") == 2
    assert len(re.findall(r"outputs equal; [1-9]\d* packets received by cores, equal", shown)) == 2


def test_the_plans_of_long_sequences_on_tiles_are_those_of_the_page() -> None:
    """Times are estimates; how long sequences get, what runs again and what moves are counts."""
    page = (Path(__file__).parents[2] / "docs" / "checkpoints.md").read_text()
    size = ipu_training.Size(*ipu_training.LARGE, load_machine())
    task = ipu_training.task(size)
    steps, _ = ipu_training.longest_without(task, size.machine)
    assert f"without checkpoints at most {steps} steps" in page
    assert f"  {10 * steps} steps, 10 x longer:" in page
    for kind, plan in ipu_training.best(task, size.machine, 10 * steps, ("single", "offload", "double")).items():
        assert re.search(rf"    {kind} .* x the time a step, {re.escape(ipu_training.counted(plan))}\n", page), kind
