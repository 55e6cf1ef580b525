"""The localisation example hears where sounds come from, and its script runs."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import axonc

SCRIPT = Path(__file__).parents[2] / "examples" / "built_in_python.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("localisation_example", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("lead", [-12, -5, 0, 7, 12])
def test_one_click_fires_the_detector_whose_lines_make_up_for_it(example: ModuleType, lead: int) -> None:
    ears = {name: np.zeros((60, example.CHANNELS), np.uint8) for name in ("left", "right")}
    ears["right"][20, 3] = ears["left"][20 + lead, 3] = 1
    row = axonc.interpret(axonc.load(example.localiser(), dt=example.DT), ears).outputs["row"]
    (step,), (fired,) = np.nonzero(row)
    assert (step, fired) == (20 + example.MOST, 3 * example.ROW + example.MOST - lead)


@pytest.mark.parametrize("angle", [-75, -30, 0, 45])
def test_it_hears_the_angle_to_one_step(example: ModuleType, angle: float) -> None:
    result = axonc.interpret(axonc.load(example.localiser(), dt=example.DT), example.sound(angle, seed=3))
    heard, resolution = example.direction(result.outputs["row"]), example.DT * example.SOUND_M_S / example.EARS_M
    assert abs(np.sin(np.radians(heard)) - np.sin(np.radians(angle))) <= resolution


def test_the_script_says_what_it_heard() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(axonc.__file__).parents[1])}
    done = subprocess.run([sys.executable, str(SCRIPT)], env=environment, capture_output=True, text=True, check=True)
    assert "sound from -40 degrees, heard from -40.8; equal to the reference: True" in done.stdout
    assert "equal to the reference: False" not in done.stdout
