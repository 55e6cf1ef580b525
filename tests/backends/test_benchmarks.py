"""Every benchmark runs, in a tiny size; what it measures is not judged."""

from __future__ import annotations

import importlib

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "checkpoints",
        "chip",
        "compiling",
        "evaluating",
        "native",
        "interpreter",
        "reading",
        "images",
        "training",
        "onnx_native",
        "language_model",
        "recurrent",
    ],
)
def test_benchmark_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module(f"benchmarks.{name}").main(["--tiny"])
    assert " x" in capsys.readouterr().out


def test_gated_units_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("benchmarks.gated").main(["--tiny"])
    assert "cycles" in capsys.readouterr().out
