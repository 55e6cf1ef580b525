"""The example shows that presets differ, and differ as their equations say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from axonc.compiler.semantics import PRESETS

SCRIPT = Path(__file__).parents[2] / "examples" / "compare_semantics.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("semantics_example", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_euler_reaches_the_threshold_when_its_closed_form_says(example: ModuleType) -> None:
    v = 2.4 * (1 - 0.8 ** np.arange(1, 10))  # h = dt / tau = 0.2
    assert np.flatnonzero(example.spikes("nir"))[0] == np.flatnonzero(v > 1)[0]


def test_a_model_without_r_is_silent(example: ModuleType) -> None:
    assert example.spikes("norse").sum() == 0
    assert example.spikes("norse,leaky_r=model").sum() > 0


def test_a_forward_delay_shifts_the_first_spike(example: ModuleType) -> None:
    first = [np.flatnonzero(example.spikes(preset))[0] for preset in ("snntorch", "spinnaker2")]
    assert first[1] == first[0] + 1


def test_the_script_draws_a_line_for_every_preset(example: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    example.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[: len(PRESETS)]] == list(PRESETS)
    assert lines[0].split()[1:] == ["..|..|..|..|..|..|..|..|..|..|..........", "10"]
