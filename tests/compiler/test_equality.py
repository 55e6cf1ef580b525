"""Random graphs have one meaning: the interpreter's, native code's and that of emulated cores, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import models
import numpy as np
import pytest
import strategies
from hypothesis import assume, given
from hypothesis import strategies as st

import axonc
from axonc import ModelError, Program
from axonc.compiler.driver.pipeline import Options, compile_graph
from axonc.compiler.driver.program import fill
from axonc.compiler.passes import QuantizeLoihi, ToPopulations, run_pipeline

SCALED = ("q16", "q32", "float32")
STATES = (*SCALED, "loihi")


@contextmanager
def built(case: strategies.Case, target: str) -> Iterator[Program]:
    """The case's program for a target."""
    graph = axonc.load(case.model, semantics=case.semantics, inputs=case.inputs)
    with TemporaryDirectory() as folder:
        machine, build = Path(folder) / "machine.toml", Path(folder) / "build"
        machine.write_text("[clock]\ntick_s = 1.0\n")  # time for any activity
        build.mkdir()
        fill(compile_graph(graph, target, Options(**case.options, machine=machine)), build)
        yield Program(build)


def _held(case: strategies.Case) -> bool:
    """Whether Loihi holds the case's weights and thresholds."""
    graph = axonc.load(case.model, semantics=case.semantics, inputs=case.inputs)
    try:
        run_pipeline(graph, [ToPopulations(), QuantizeLoihi()])
    except ModelError as refused:
        return any(problem.code != "AX306" for problem in refused.diagnostics)
    return True


def assert_equal(case: strategies.Case, target: str) -> None:
    """Every state and event of every step is the interpreter's, in the given order of arrivals and in another."""
    if case.options["state"] == "loihi":
        assume(_held(case))
    with built(case, target) as program:
        for shuffle in (False, True):
            verification = program.verify(case.data, seed=case.seed, shuffle=shuffle)
            assert verification.equal, str(verification.divergence)
            assert not np.any(verification.result.stats["dropped"])
            assert not np.any(verification.result.stats["stray"])


@pytest.mark.parametrize("state", STATES)
@strategies.examples(20)
@given(data=st.data())
def test_emulated_cores_equal_the_interpreter(state: str, data: st.DataObject) -> None:
    assert_equal(data.draw(strategies.cases(state)), "spinnaker2")


@pytest.mark.parametrize("state", STATES)
@strategies.examples(20)
@given(data=st.data())
def test_native_code_equals_the_interpreter(state: str, data: st.DataObject) -> None:
    assert_equal(data.draw(strategies.cases(state)), "native")


@pytest.mark.parametrize("state", STATES)
@strategies.examples(4)
@given(data=st.data())
def test_wide_populations_equal_the_interpreter(state: str, data: st.DataObject) -> None:
    assert_equal(data.draw(strategies.cases(state, wide=True)), "spinnaker2")


@pytest.mark.parametrize("target", ["native", "spinnaker2"])
@pytest.mark.parametrize("state", SCALED)
@pytest.mark.parametrize(("compare", "spikes"), [("gt", [0, 1, 0, 1]), ("ge", [1, 1, 1, 1])])
def test_a_voltage_exactly_at_the_threshold_is_decided_alike(
    compare: str, spikes: list[int], state: str, target: str
) -> None:
    """A weight of 127 has the scale 1, so that every event adds exactly the threshold."""
    model = models.single(models.neuron("IF", 1, v_threshold=127.0), [[127.0]])
    data = {"input": np.ones((4, 1), np.int64)}
    case = strategies.Case(model, data, f"nir,reset=zero,compare={compare}", "events", {"state": state}, 0)
    with built(case, target) as program:
        verification = program.verify(case.data)
        assert verification.equal, str(verification.divergence)
        assert verification.result.outputs["output"].ravel().tolist() == spikes
