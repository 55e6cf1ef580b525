"""JSON of a line a row says what `json.dumps` says."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from axonc.ir.json_text import json_text

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner))


@given(VALUES)
def test_it_says_the_same(value: object) -> None:
    assert json.loads(json_text(value)) == value


def test_what_holds_plain_values_takes_a_line() -> None:
    routes = [{"key": 1, "cores": (2, 3)}, {"key": 4, "cores": ()}]
    assert json_text({"chips": 2, "routes": routes}) == (
        '{\n "chips": 2,\n "routes": [\n  {"key": 1, "cores": [2, 3]},\n  {"key": 4, "cores": []}\n ]\n}'
    )
