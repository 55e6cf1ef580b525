"""The node tests of onnx, of the version that the development extra pins: plain cases with an operator of `OPERATORS`.

Whatever fails is in `FAILS`, with its reason; a case that passes against that table fails here. The native programs of
all cases are compiled at once, which takes a few seconds; each must pass, or be in `FAILS` or `NATIVE_FAILS`.
"""

from __future__ import annotations

import re
import tomllib
import warnings
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases
from onnx.backend.test.runner import Runner

from axonc import ModelError
from axonc.compiler.driver.conformance import (
    CASES,
    FAILS,
    NATIVE_FAILS,
    OPERATORS,
    Call,
    NativeBackend,
    ReferenceBackend,
    native_outputs,
)

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
PINNED = re.search(r"onnx==([\d.]+)", PROJECT.read_text())[1] if PROJECT.is_file() else onnx.__version__  # type: ignore[index]

if onnx.__version__ != PINNED:
    pytest.skip(f"the table of cases is that of onnx {PINNED}", allow_module_level=True)


@cache
def cases() -> dict[str, Any]:
    """The cases by name."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = collect_testcases(None)
    return {
        case.name: case
        for case in found
        if "_expanded" not in case.name and {node.op_type for node in case.model.graph.node} & set(OPERATORS)
    }


def listed(values: Any) -> list[Any]:
    """What a case gives or expects, as numpy has it."""
    held = values.values() if isinstance(values, dict) else values
    return [numpy_helper.to_array(value) if isinstance(value, TensorProto) else value for value in held]


def marked(name: str) -> Any:
    reason = FAILS.get(name)
    return pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=reason)) if reason else name


@pytest.mark.parametrize("name", [marked(name) for name in sorted(cases())])
def test_a_node_case(name: str) -> None:
    case = cases()[name]
    for inputs, outputs in case.data_sets:
        got = ReferenceBackend.prepare(case.model).run(listed(inputs))
        Runner.assert_similar_outputs(listed(outputs), list(got), rtol=case.rtol, atol=case.atol)


def test_every_node_case_natively() -> None:
    tried = [case for name, case in sorted(cases().items()) if name not in {*FAILS, *NATIVE_FAILS}]
    runs = [(case, *data) for case in tried for data in case.data_sets]
    found = native_outputs([Call.of(case.model, listed(inputs)) for case, inputs, _ in runs])
    assert len(tried) == CASES - len(FAILS) - len(NATIVE_FAILS)
    for (case, _, outputs), got in zip(runs, found, strict=True):
        Runner.assert_similar_outputs(listed(outputs), list(got), rtol=case.rtol, atol=case.atol)
    for name in NATIVE_FAILS:
        with pytest.raises(ModelError):
            NativeBackend.prepare(cases()[name].model).run(listed(cases()[name].data_sets[0][0]))


def test_at_least_90_percent_pass_natively() -> None:
    assert set(NATIVE_FAILS) <= set(cases()) - set(FAILS)
    assert len(FAILS) + len(NATIVE_FAILS) <= 0.1 * len(cases())


def test_at_least_95_percent_pass() -> None:
    assert set(FAILS) <= set(cases())
    assert len(cases()) == CASES
    assert len(FAILS) <= 0.05 * len(cases())


def test_the_table_counts_the_cases() -> None:
    used = Counter(name for case in cases().values() for name in {node.op_type for node in case.model.graph.node})
    assert {name: used[name] for name in OPERATORS} == dict(OPERATORS)


def test_every_case_of_gru_lstm_and_rnn_passes() -> None:
    recurrent = [name for name in cases() if re.fullmatch(r"test_(gru|lstm|rnn|simple_rnn)_.*", name)]
    assert len(recurrent) == 18
    assert not set(recurrent) & set(FAILS)


@pytest.mark.parametrize("backend", [ReferenceBackend, NativeBackend])
def test_the_backends_are_those_of_onnx(backend: type[ReferenceBackend]) -> None:
    assert backend.supports_device("CPU")
    assert not backend.supports_device("CUDA")
    x = np.float32([[-1, 2]])
    (y,) = backend.run_model(cases()["test_relu"].model, [np.resize(x, (3, 4, 5))])
    np.testing.assert_array_equal(y, np.maximum(np.resize(x, (3, 4, 5)), 0))


def test_the_pinned_version_is_in_the_development_extra() -> None:
    extras = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    assert f"onnx=={onnx.__version__}" in extras["dev"]
