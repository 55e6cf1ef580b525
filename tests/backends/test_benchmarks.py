"""Every benchmark runs, in a tiny size; what it measures is not judged."""

from __future__ import annotations

import importlib

import pytest


@pytest.mark.parametrize(
    "name", ["chip", "compiling", "evaluating", "native", "interpreter", "reading", "images", "training", "sqnr"]
)
def test_benchmark_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module(f"benchmarks.{name}").main(["--tiny"])
    assert " x" in capsys.readouterr().out
