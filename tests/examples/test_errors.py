"""An example that meets an error of ours says it and ends as the command line does."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

import axonc
from axonc import ModelError
from axonc.ir import Diagnostic

EXAMPLES = Path(__file__).parents[2] / "examples"


def ended(name: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> object:
    """The code that a script ends with."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    return end.value.code


def test_too_little_memory_of_a_tile_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sklearn")
    arguments = ["--memory", "100", "--epochs", "1", "--samples", "16", "--hidden", "8"]
    assert ended("digits_on_tiles", arguments, monkeypatch) == 2
    said = capsys.readouterr().err
    assert said.startswith("AX820 ")
    assert "100 are given" in said


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("built_in_python", []),
        ("compare_semantics", []),
        ("text_egru", ["--quick"]),
        ("text_on_cores", ["no.axg", "--quick"]),
        ("train_digits", ["--models", "egru"]),
    ],
)
def test_every_example_says_its_error(
    name: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "train_digits":
        pytest.importorskip("sklearn")

    def fail(*given: Any, **options: Any) -> NoReturn:
        raise ModelError(Diagnostic("AX703", "node", "what is wrong", "a limit", "a remedy"))

    for function in ("load", "train"):
        monkeypatch.setattr(axonc, function, fail)
    assert ended(name, arguments, monkeypatch) == 2
    assert capsys.readouterr().err == "AX703 node: what is wrong; a limit; a remedy\n"
