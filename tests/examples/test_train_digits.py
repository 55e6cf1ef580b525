"""The digits example: its encoding, its networks on synthetic data, and, where scikit-learn is there, a short run."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import axonc
from axonc.compiler.training import evaluate
from axonc.ir import verify

SCRIPT = Path(__file__).parents[2] / "examples" / "train_digits.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("digits_example", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # for its dataclass
    spec.loader.exec_module(module)
    return module


def test_a_pixel_sends_as_many_spikes_as_its_value(example: ModuleType) -> None:
    values = np.arange(17)[None]
    events = example.spikes(values)
    assert events.shape == (1, 16, 17)
    assert events.max() == 1
    np.testing.assert_array_equal(events.sum(axis=1), values)
    assert events[0, :, 4].tolist() == [0, 1, 0, 0] * 4


def test_folds_share_out_all_samples(example: ModuleType) -> None:
    labels = np.zeros(103)
    tests = [example.fold(labels, index, 7)[1] for index in range(5)]
    assert sorted(np.concatenate(tests)) == list(range(103))
    for index in range(5):
        learn, test = example.fold(labels, index, 7)
        assert sorted([*learn, *test]) == list(range(103))


def prototypes(example: ModuleType, samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten images with noise, as events, and their labels."""
    rng = np.random.default_rng(seed)
    images = np.random.default_rng(0).integers(0, 17, (10, 64))
    labels = rng.integers(0, 10, samples)
    return example.spikes(np.clip(images[labels] + rng.integers(-4, 5, (samples, 64)), 0, 16)), labels


@pytest.mark.parametrize("name", ["feed-forward", "recurrent", "egru"])
def test_a_network_learns_prototypes(example: ModuleType, name: str) -> None:
    model = example.MODELS[name]
    graph = example.trained(model, *prototypes(example, 200, 1), seed=0, epochs=6)
    assert verify(graph) == []
    x, labels = prototypes(example, 60, 2)
    assert evaluate(graph, (x, labels), example.LOSS) > 0.95
    if model.runs_on_cores:
        assert example.on_native(graph, x, labels) > 0.95
        assert axonc.compile(graph, target="native", state="q16").verify(x[:3]).equal


def test_the_script_runs(example: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    example.main(["--models", "feed-forward", "--epochs", "2", "--cores", "1", "--output", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1797 digits, 1 of 5 folds x 1 seeds"
    assert lines[2].startswith("feed-forward ")
    assert "1 samples on 5 emulated cores, equal to the reference: True" in lines[3]
    assert axonc.load(tmp_path / "digits-feed-forward.axg").stage == "steps"


@pytest.mark.parametrize(("values", "text"), [([0.5], "50.00 %"), ([0.4, 0.6], "50.00 % +- 127.06")])
def test_the_interval_is_students(example: ModuleType, values: list[float], text: str) -> None:
    assert example.interval(values) == text
