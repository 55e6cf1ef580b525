"""Random NIR graphs over images, from a file: every target computes the same, in the shapes that were inferred."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import image_graphs
import nir
import numpy as np
import pytest
import strategies
from equality import assert_equal
from hypothesis import given
from hypothesis import strategies as st

import axonc
from axonc import Graph


def through_a_file(case: strategies.Case) -> Graph:
    """The case's model, written by nir and read by the frontend, in steps."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.nir"
        nir.write(path, case.model)
        return axonc.load(path, semantics=case.semantics, inputs=case.inputs)


@pytest.mark.parametrize("target", ["native", "spinnaker2"])
@pytest.mark.parametrize("state", ["q16", "q32", "float32"])
@strategies.examples(12)
@given(data=st.data())
def test_every_target_equals_the_interpreter(target: str, state: str, data: st.DataObject) -> None:
    case = data.draw(image_graphs.cases(state))
    assert_equal(replace(case, model=through_a_file(case), semantics="nir"), target)


@strategies.examples(40)
@given(data=st.data())
def test_every_node_has_the_inferred_shape(data: st.DataObject) -> None:
    case = data.draw(image_graphs.cases("float32"))
    graph = through_a_file(case)
    result = axonc.interpret(graph, case.data, record=[node.name for node in graph])
    lead = next(iter(case.data.values())).ndim - len(graph.signals["input"].shape)
    for node in graph:
        values = result.recorded[node.name]
        assert values.shape[lead:] == graph.signals[node.name].shape
        assert np.all(np.isfinite(values))
