"""What a training rounds to, from the options that a compilation takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

from axonc.ir import Diagnostic, Graph, ModelError

from ..number_formats import FormatChoice
from ..passes.weight_formats import WeightRules
from ..semantics import parse_semantics
from ..training import FakeQuantisation
from ..training.quantisation import FLOAT
from .options import split_formats
from .quantisation import Quantisation, parse_quantisation

Formats = str | Mapping[str, str] | Sequence[str] | None
"""A format, formats by node where ``*`` is all others, or texts FORMAT and NODE=FORMAT."""

RULES = tuple(field.name for field in fields(WeightRules))
"""The options of `quantize` that training takes."""


def fake_quantisation(
    graph: Graph, weights: Formats, state: Formats, quantize: str | Quantisation | None
) -> FakeQuantisation:
    """The rounding of a training of ``graph``; `ModelError` for options that training does not know."""
    how = parse_quantisation(quantize) if quantize is not None else Quantisation()
    foreign = [f.name for f in fields(how) if f.name not in RULES and getattr(how, f.name) != f.default]
    if foreign:
        found, limit = f"quantize {', '.join(foreign)} in a training", f"it takes {', '.join(RULES)}"
        raise ModelError(Diagnostic("AX407", "", found, limit, "give it when you compile"))
    every: dict[str, str | None] = {}
    choices: list[FormatChoice] = []
    for what, given in (("weights", weights), ("state", state)):
        every[what], single = split_formats(what, given)  # type: ignore[arg-type]
        choices += single
    rules = how.rules(parse_semantics(graph.properties.get("semantics", "nir")))
    return FakeQuantisation(every["weights"] or FLOAT, every["state"] or FLOAT, tuple(choices), rules)
