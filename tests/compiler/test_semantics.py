"""The text form of semantics: read and printed without loss, every mistake told."""

from __future__ import annotations

import pytest
import strategies
from hypothesis import given

from axonc import ModelError, Semantics
from axonc.compiler.semantics import PRESETS, parse_semantics


@strategies.examples(100)
@given(text=strategies.semantics())
def test_what_is_printed_reads_back_the_same(text: str) -> None:
    semantics = parse_semantics(text)
    assert parse_semantics(str(semantics)) == semantics


@pytest.mark.parametrize("dt", [1e-4, 0.1 + 0.2, 1 / 3, 5e-324, 1e300])
def test_every_time_step_reads_back_the_same(dt: float) -> None:
    semantics = Semantics("nir", dt=dt)
    assert parse_semantics(str(semantics)).dt == dt


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_prints_as_its_name(preset: str) -> None:
    assert str(parse_semantics(preset)) == preset


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("torch", 1),
        ("", 1),
        ("nir,dt=0", 1),
        ("nir,dt=-1", 1),
        ("nir,dt=nan", 1),
        ("nir,dt=inf", 1),
        ("nir,dt=soon", 1),
        ("nir,reset", 1),
        ("nir,reset=maybe,integrator=magic,colour=blue", 3),
        ("nir,preset=norse", 1),
        ("nir,", 1),
        ("nir,dt=1,dt=2", 1),
        ("nir,state=q8", 1),
    ],
)
def test_every_mistake_is_told(text: str, problems: int) -> None:
    with pytest.raises(ModelError) as caught:
        parse_semantics(text)
    assert [problem.code for problem in caught.value.diagnostics] == ["AX202"] * problems
