"""The counting example counts, in float, in fixed point and on emulated cores."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import axonc

SCRIPT = Path(__file__).parents[2] / "examples" / "counter.py"


@pytest.fixture(scope="module")
def counter() -> ModuleType:
    spec = importlib.util.spec_from_file_location("counter_example", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("number", [1, 9, 10, 42, 99])
def test_it_counts_in_float(counter: ModuleType, number: int) -> None:
    graph = axonc.load(counter.counter(), dt=counter.DT)
    result = axonc.interpret(graph, counter.pulses(number, seed=number))
    assert counter.read(result.outputs["ones"], result.outputs["tens"]) == number


@pytest.mark.parametrize("state", ["q16", "q32", "float32"])
def test_it_counts_on_emulated_cores(counter: ModuleType, state: str) -> None:
    graph = axonc.load(counter.counter(), dt=counter.DT)
    program = axonc.compile(graph, state=state, slice_size=20, strategy="spread")
    assert program.manifest["cores"] == 5
    verification = program.verify(counter.pulses(23))
    assert verification.equal
    outputs = verification.result.outputs
    assert counter.read(outputs["ones"], outputs["tens"]) == 23


def test_the_script_makes_a_model_and_reads_a_result(counter: ModuleType, tmp_path: Path) -> None:
    model, data, out = tmp_path / "m.nir", tmp_path / "x.npz", tmp_path / "y.npz"
    subprocess.run([sys.executable, str(SCRIPT), "make", str(model), str(data)], check=True, capture_output=True)
    with np.load(data) as arrays:
        result = axonc.interpret(axonc.load(model, dt=counter.DT), arrays["input"])
    np.savez(out, ones=result.outputs["ones"], tens=result.outputs["tens"])
    done = subprocess.run([sys.executable, str(SCRIPT), "read", str(out)], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "shows 42" in done.stdout
