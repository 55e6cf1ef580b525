"""Convolutions on cores: however populations are cut, sums and events are those of plain loops over the definitions."""

from __future__ import annotations

import core_images as images
import numpy as np
import strategies
from hypothesis import given
from hypothesis import strategies as st

from axonc.ir import Kind
from axonc.ir.network import network


def check(data: st.DataObject, kind: str) -> None:
    model = data.draw(images.models())
    graph = model.graph
    mapping = data.draw(images.mappings(network(graph), [f"pop{len(model.layers) - 1}"]))
    expected = model.expected()
    names = [name for name in expected if name.endswith(":v") or graph.signals[name].kind is Kind.EVENT]
    result = images.run(graph, mapping, model.data, kind, names, seed=data.draw(st.integers(0, 9)))
    for name in names:
        np.testing.assert_array_equal(result.recorded[name], expected[name], name)
    assert not result.stats["stray"].any()
    assert not result.stats["dropped"].any()


@strategies.examples(60)
@given(data=st.data())
def test_native_cores_equal_loops(data: st.DataObject) -> None:
    check(data, "native")


@strategies.examples(20)
@given(data=st.data())
def test_emulated_cores_equal_loops(data: st.DataObject) -> None:
    check(data, "emulated")
