"""The public names are those that are meant, and each is documented."""

from __future__ import annotations

import inspect

import pytest

import axonc

INTENDED = {
    "AxoncError", "Diagnostic", "Graph", "MismatchError", "ModelError", "Program", "Result", "Semantics", "ToolError",
    "__version__", "compile", "evaluate", "export", "initial_state", "interpret", "load", "open", "plan", "prune",
    "search", "sweep", "train",
}  # fmt: skip


def test_the_public_names_are_those_that_are_meant() -> None:
    assert set(axonc.__all__) == INTENDED
    assert len(axonc.__all__) == len(INTENDED)


@pytest.mark.parametrize("name", sorted(INTENDED - {"__version__"}))
def test_a_public_name_is_documented(name: str) -> None:
    thing = getattr(axonc, name)
    assert inspect.getdoc(thing)
    if inspect.isclass(thing):
        assert not [member for member, value in _public(thing) if not inspect.getdoc(value)]


def _public(cls: type) -> list[tuple[str, object]]:
    return [
        (name, value)
        for name, value in vars(cls).items()
        if not name.startswith("_") and (callable(value) or isinstance(value, (property, staticmethod)))
    ]


@pytest.mark.parametrize("name", sorted(name for name in INTENDED if name.islower() and name != "__version__"))
def test_a_public_function_is_annotated(name: str) -> None:
    signature = inspect.signature(getattr(axonc, name))
    assert signature.return_annotation is not inspect.Signature.empty
    assert not [p for p in signature.parameters.values() if p.annotation is inspect.Parameter.empty]
