"""Networks as Poplar programs compute what the interpreter does, bit for bit, in as many bytes as predicted."""

from __future__ import annotations

import gated_graphs
import ipu_networks
import numpy as np
import strategies
from equality import held
from hypothesis import given
from hypothesis import strategies as st

import axonc
from axonc.compiler.driver.options import Options

STATES = ("q16", "q32", "float32", "loihi")


@strategies.examples(2)
@given(data=st.data())
def test_random_networks_equal_the_interpreter(data: st.DataObject) -> None:
    """Several networks at once, since compiling takes longer than running. (The first example is the simplest one.)"""
    drawn = [(state, data.draw(strategies.cases(state))) for state in STATES * 2]
    chosen = [(state, case) for state, case in drawn if state != "loihi" or held(case)]
    graphs = [axonc.load(case.model, semantics=case.semantics, inputs=case.inputs) for _, case in chosen]
    with ipu_networks.programs(graphs, [Options(state=state) for state, _ in chosen]) as programs:
        for program, (_, case) in zip(programs, chosen, strict=True):
            ipu_networks.verified(program, case.data)


def test_gated_units_equal_the_interpreter() -> None:
    """All kinds, on spikes and on dense inputs, with delays, alone and behind each other."""
    rng = np.random.default_rng(3)
    kinds = [
        ["egru"],
        ["gru"],
        ["lstm"],
        ["gru_before"],
        ["egru", "lif", "lstm"],
        ["gru_before", "egru"],
        ["lif", "gru"],
    ]
    dense = [True, True, False, True, True, False, False]
    sizes = [[40], [5], [30], [26], [7, 9, 11], [5, 30], [12, 4]]
    graphs = [
        gated_graphs.chain(rng, *case, density=float(rng.choice([1.0, 0.2])), own=bool(rng.integers(2))).graph
        for case in zip(kinds, dense, sizes, strict=True)
    ]
    with ipu_networks.programs(graphs, [Options()] * len(graphs)) as programs:
        for program, is_dense in zip(programs, dense, strict=True):
            verification = ipu_networks.verified(program, gated_graphs.values(rng, is_dense, (2, 12, 5)))
            assert any(verification.result.count(name) for name in verification.result.graded)
