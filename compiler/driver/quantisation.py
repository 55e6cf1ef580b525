"""Options of the quantisation beside the number formats: ``FIELD=VALUE,...``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from types import NoneType
from typing import Any, get_args, get_type_hints

from axonc.ir import Diagnostic, ModelError

from ..passes.weight_formats import Rounding, Scales, Scope, WeightRules
from ..semantics import Semantics, shortened


@dataclass(frozen=True)
class Quantisation:
    """How weights and states become integers.

    * ``rounding``: nearest (half to even), truncate (toward zero) or stochastic (unbiased, the same every time);
      ``scope``: one scale for all weights into a population (fan_in), or one an output channel (channel). None: as the
      semantics say.
    * ``scales``: max, so that no weight clips, or mse: the least squared error.
    * ``power_of_two``: scales are powers of two.
    * ``shifts``: matrices that add up in one sum are each as fine as they can be, by a power of two; a core adds those
      that differ in accumulators of their own.
    * ``seed``: of the stochastic rounding.
    * ``equalise``: spiking neurons are scaled so that their rows use the range of a shared scale.
    * ``bias_correction``: what weights lose on average over the data to calibrate with is added to the neurons' offset.
    * ``ranges``: where formats of states come from: bounds, that hold whatever the input is; or data: the largest
      magnitudes in a float run over the data to calibrate with, times ``margin``. ``percentile``: of the magnitudes;
      100 is the largest.
    """

    rounding: Rounding | None = None
    scope: Scope | None = None
    scales: Scales = "max"
    power_of_two: bool = False
    shifts: bool = False
    seed: int = 0
    equalise: bool = False
    bias_correction: bool = False
    ranges: str = "bounds"
    margin: float = 2.0
    percentile: float = 100.0

    def __str__(self) -> str:
        """The text form: the fields that are not as usual."""
        changed = [f.name for f in fields(self) if getattr(self, f.name) != f.default]
        return ",".join(f"{name}={_text(getattr(self, name))}" for name in changed)

    def rules(self, semantics: Semantics) -> WeightRules:
        """How weights get their scales and are rounded, where the semantics say what is left open."""
        rounding, scope = self.rounding or semantics.weight_rounding, self.scope or semantics.weight_scope
        return WeightRules(rounding, scope, self.scales, self.power_of_two, self.seed)

    @property
    def needs_data(self) -> bool:
        """Whether data to calibrate with must be given."""
        return self.bias_correction or self.ranges == "data"


BOUNDS = {"margin": (1.0, 1024.0), "percentile": (50.0, 100.0), "seed": (0, (1 << 63) - 1)}
"""The least and the largest value of numbers."""

RANGES = ("bounds", "data")


def parse_quantisation(given: str | Mapping[str, Any] | Quantisation | None) -> Quantisation:
    """The options of a text ``FIELD=VALUE,...`` or a table; `ModelError` lists every unknown name or value."""
    if isinstance(given, Quantisation):
        return given
    if isinstance(given, str):
        pairs = [tuple(part.strip().partition("=")[::2]) for part in given.split(",")]
    else:
        pairs = [(name, _text(value)) for name, value in (given or {}).items()]
    problems: list[Diagnostic] = []
    names = [name for name, _ in pairs]
    problems += [_problem(f"{name} stands twice", "once") for name in dict.fromkeys(names) if names.count(name) > 1]
    changes = {name: _checked(name, value, problems) for name, value in pairs}
    if problems:
        raise ModelError(problems)
    return replace(Quantisation(), **changes)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _checked(name: str, value: str, problems: list[Diagnostic]) -> Any:
    known = [field.name for field in fields(Quantisation)]
    if name not in known:
        problems.append(_problem(f"the option {shortened(name)!r}", f"known: {', '.join(known)}"))
        return None
    try:
        return _value(name, value)
    except ValueError as error:
        problems.append(_problem(f"{name}={shortened(value)!r}", str(error)))
        return None


def _value(name: str, value: str) -> Any:
    hint = get_type_hints(Quantisation)[name]
    if hint is bool:
        return _one_of(value, ("true", "false")) == "true"
    if name in BOUNDS:
        return _number(value, hint, *BOUNDS[name])
    if name == "ranges":
        return _one_of(value, RANGES)
    choices = [choice for part in (get_args(hint) or (hint,)) for choice in (get_args(part) or (part,))]
    return _one_of(value, [choice for choice in choices if choice is not NoneType])


def _one_of(value: str, choices: Iterable[str]) -> str:
    if value not in choices:
        raise ValueError(f"one of {', '.join(choices)}")
    return value


def _number(value: str, kind: type[int] | type[float], low: float, high: float) -> float:
    try:
        number = kind(value)
    except (ValueError, OverflowError):
        number = kind(low) - 1
    if not low <= number <= high:
        raise ValueError(f"{'a whole number' if kind is int else 'a number'} from {low:g} to {high:g}")
    return number


def _problem(found: str, limit: str) -> Diagnostic:
    return Diagnostic("AX403", "", f"quantize: {found}", limit, "correct it")
