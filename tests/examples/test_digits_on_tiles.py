"""Digits on tiles: after 24 steps of training the weights are those of numpy, in less memory than all tapes take."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import axonc
from axonc.compiler.checkpoint import Problem, make_plan
from axonc.compiler.training import Trained

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    pytest.importorskip("sklearn")
    if str(EXAMPLES) not in sys.path:
        sys.path.append(str(EXAMPLES))  # as `python examples/digits_on_tiles.py` has it
    return importlib.import_module("digits_on_tiles")


def test_tiles_learn_digits_as_numpy_does(example: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    example.main([])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "96 digits, 24 steps of training"
    here, there = (line.split("-> ")[1].split(",")[0] for line in lines[1:3])
    assert float(there) == pytest.approx(float(here), rel=1e-5)
    assert lines[1].split("accuracy")[1] == lines[2].split("accuracy")[1]
    assert lines[3].startswith("single (4 x 4 on chip), 1.75 forward runs; at most ")
    assert [line.split()[0] for line in lines[4:]] == ["w", "r", "o"]
    for line in lines[4:]:
        assert float(line.split()[-1]) <= 1e-5
        assert float(line.split("by up to ")[1].split("%")[0]) > 5, "in percent: far more than the tolerance"


def test_weights_that_are_too_far_apart_are_a_failure(
    example: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train = axonc.train

    def learns_faster_on_tiles(*given: Any, **options: Any) -> Trained:
        here = {name: value for name, value in options.items() if name not in ("target", "memory", "checkpoints")}
        done = train(*given, **here | ({"optimiser": "adam,rate=5.1e-3"} if "target" in options else {}))
        return replace(done, plan=make_plan("none", Problem(16, 1, 1)), stats={"memory": {"tiles": {"total": [1]}}})

    monkeypatch.setattr(axonc, "train", learns_faster_on_tiles)
    with pytest.raises(SystemExit, match=r"differences above 1e-05"):
        example.main(["--epochs", "1", "--hidden", "4"])
    assert "6 steps of training" in capsys.readouterr().out


def test_a_difference_is_a_share_of_the_largest_weight(example: ModuleType) -> None:
    graph = example.digits.recurrent(0, 4)
    recurrent = graph["r"].op
    more = replace(recurrent, weight=recurrent.weight + 0.5 * np.abs(recurrent.weight).max())
    other = graph.with_nodes(replace(node, op=more) if node.name == "r" else node for node in graph)
    assert example.differences(graph, other) == pytest.approx({"w": 0.0, "r": 0.5, "o": 0.0})
