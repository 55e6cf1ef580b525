"""Names of a model are data: none reaches a path or code unescaped, and those that cannot be used are refused."""

from __future__ import annotations

from pathlib import Path

import models
import nir
import numpy as np
import pytest

import axonc
from axonc import ModelError
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import compile_graph
from axonc.compiler.driver.program import fill

HOSTILE = (
    'a"b',
    "*/ #include <x> /*",
    "../../x",
    "ü☃",
    "x" * 5000,
    "'; DROP",
    "a b",
    "\\",
    "%s%n",
    "{{7*7}}",
    "$(id)",
    "a+1",
    "+",
    "a->b",
    "??/",
    "int",
    "a:b",
    ":",
)


def named(name: str) -> nir.NIRGraph:
    """A recurrent neuron with this name."""
    nodes = {
        "input": models.source(1),
        "fc": models.linear([[1.0]]),
        name: models.neuron("IF", 1),
        "output": models.sink(1),
    }
    edges = [("input", "fc"), ("fc", name), (name, name), (name, "output")]
    return nir.NIRGraph(nodes=nodes, edges=edges, type_check=False)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_compiles_and_runs(name: str, tmp_path: Path) -> None:
    compiled = compile_graph(axonc.load(named(name), semantics="nir"), "native", Options())
    paths = [Path(path) for path in compiled.program.files]
    assert not any(path.is_absolute() or ".." in path.parts for path in paths)
    code = [content for path, content in compiled.program.files.items() if path.endswith((".c", ".h"))]
    assert code
    assert all(content.isascii() for content in code)
    fill(compiled, tmp_path)
    assert axonc.Program(tmp_path).verify(np.ones((3, 1))).equal


@pytest.mark.parametrize("name", ["a\nb", "a\0", "\ud800", "a\u202eb", "a:v", "a:i", ""])
def test_a_name_that_cannot_be_used_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="AX108"):
        axonc.load(named(name), semantics="nir")
