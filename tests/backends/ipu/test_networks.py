"""Networks as Poplar programs: what they compute is what the interpreter does, bit for bit."""

from __future__ import annotations

import ipu_networks
import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import axonc
from axonc.compiler.driver.options import Options

STATES = ("q16", "q32", "float32")


@pytest.mark.parametrize("state", STATES)
@strategies.examples(2)
@given(data=st.data())
def test_random_networks_equal_the_interpreter(state: str, data: st.DataObject) -> None:
    """Several networks at once, since compiling takes longer than running. (The first example is the simplest one.)"""
    cases = [data.draw(strategies.cases(state)) for _ in range(8)]
    graphs = [axonc.load(case.model, semantics=case.semantics, inputs=case.inputs) for case in cases]
    with ipu_networks.programs(graphs, [Options(state=state)] * len(graphs)) as programs:
        for program, case in zip(programs, cases, strict=True):
            verification = program.verify(case.data)
            assert verification.equal, str(verification.divergence)
            assert np.all(verification.result.stats["most_events"] >= 0)
