"""Random graphs have one meaning: the interpreter's, native code's and that of emulated cores, bit for bit."""

from __future__ import annotations

import models
import numpy as np
import pytest
import strategies
from equality import assert_equal, built
from hypothesis import given
from hypothesis import strategies as st

SCALED = ("q16", "q32", "float32")
STATES = (*SCALED, "loihi", "other")
"""Where ``other`` is any width, and any table of levels."""


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
