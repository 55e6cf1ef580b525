"""The text form of pruning, ``METHOD,field=value,...``: the fields are those of the method's pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

from axonc.ir import Diagnostic, ModelError, raise_if_any

from ...passes import Masks, Pass, Prune, PruneGroups, PruneMasks, RemoveSilent, RemoveUnits, TuneThresholds
from ...semantics import shortened
from ..data import read_arrays

METHODS: Mapping[str, type[Pass]] = {
    "weights": Prune,
    "groups": PruneGroups,
    "masks": PruneMasks,
    "thresholds": TuneThresholds,
    "silent": RemoveSilent,
    "units": RemoveUnits,
}
"""The pass of every method."""

FILES = {"masks": "file"}
"""Fields that are read from a file, and what a text calls it."""

FROM_DATA = ("rates", "thresholds")
"""Fields that follow from data."""

SEPARATOR = "|"
"""Between the names of a field that holds several."""

Given = float | str | Mapping[str, Any] | Pass


def parse_pruning(given: Given | Sequence[Given] | None, folder: Path = Path()) -> tuple[Pass, ...]:
    """The passes that are asked for, in order.

    ``given``: a share of the weights; ``METHOD,field=value,...``, without METHOD: weights; a table of fields with
    ``method``; a pass; or several of them. ``folder`` is where relative paths of files begin.

    Raises:
        ModelError: with every unknown method, field or value (AX403), and files that cannot be read (AX703).
    """
    several = [] if given is None else [given] if isinstance(given, (int, float, str, Mapping, Pass)) else list(given)
    problems: list[Diagnostic] = []
    steps = []
    for one in several:
        try:
            steps.append(one if isinstance(one, Pass) else _step(*_settings(one), folder))
        except ModelError as error:
            problems += error.diagnostics
    raise_if_any(problems)
    return tuple(steps)


def pruning_text(step: Pass) -> str:
    """The text that asks for a pass: its method, and the options that are not as usual."""
    method = next(name for name, made in METHODS.items() if made is type(step))
    options = [f for f in fields(step) if f.name not in (*FROM_DATA, *FILES) and getattr(step, f.name) != f.default]
    return ",".join([method, *(f"{f.name}={_text(getattr(step, f.name))}" for f in options)])


def _settings(given: float | str | Mapping[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """The method, and names and values of its fields."""
    if isinstance(given, Mapping):
        pairs = [(name, _text(value)) for name, value in given.items() if name != "method"]
        return str(given.get("method", "weights")), pairs
    first, *rest = (part.strip() for part in str(given).split(","))
    if _is_number(first):
        first = f"sparsity={first}"
    method, settings = ("weights", [first, *rest]) if "=" in first else (first, rest)
    return method, [(name, value) for name, _, value in (setting.partition("=") for setting in settings)]


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return SEPARATOR.join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_number(text: str) -> bool:
    try:
        return float(text) == float(text)
    except ValueError:
        return False


def _step(method: str, pairs: Sequence[tuple[str, str]], folder: Path) -> Pass:
    if method not in METHODS:
        found, limit = f"prune: the method {shortened(method)!r}", f"known: {', '.join(METHODS)}"
        raise ModelError(Diagnostic("AX403", "", found, limit, "choose one of them"))
    problems: list[Diagnostic] = []
    known = {FILES.get(name, name): name for name in get_type_hints(METHODS[method]) if _is_option(method, name)}
    values = {}
    for name, text in pairs:
        if name not in known:
            found = f"prune {method}: the field {shortened(name)!r}"
            problems.append(Diagnostic("AX403", "", found, f"known: {', '.join(known) or 'none'}", "correct it"))
        elif known[name] in values:
            problems.append(Diagnostic("AX403", "", f"prune {method}: {name} stands twice", "once", "remove one"))
        else:
            values[known[name]] = _value(method, name, text, folder, problems)
    raise_if_any([*problems, *_missing(method, known, {name for name, _ in pairs})])
    return METHODS[method](**values)


def _is_option(method: str, name: str) -> bool:
    return name in {field.name for field in fields(METHODS[method])} and name not in FROM_DATA


def _missing(method: str, known: Mapping[str, str], given: set[str]) -> Iterator[Diagnostic]:
    needed = {field.name for field in fields(METHODS[method]) if field.default is MISSING}
    for name, field in known.items():
        if field in needed and name not in given:
            yield Diagnostic("AX403", "", f"prune {method} without {name}", "it has no default", f"give {name}=")


def _value(method: str, name: str, text: str, folder: Path, problems: list[Diagnostic]) -> Any:
    hint = get_type_hints(METHODS[method])[next((field for field, said in FILES.items() if said == name), name)]
    try:
        return _read(hint, text, folder)
    except ValueError as error:
        found = f"prune {method}: {name}={shortened(text)!r}"
        problems.append(Diagnostic("AX403", "", found, str(error), "correct it"))
    except ModelError as error:
        problems += error.diagnostics
    return None


def _read(hint: Any, text: str, folder: Path) -> Any:
    """A value of a type; `ValueError` says what it takes."""
    if hint is Masks:
        return Masks(read_arrays(folder / text))
    if hint in (int, float):
        try:
            return hint(text)
        except ValueError as error:
            raise ValueError("a whole number" if hint is int else "a number") from error
    if hint == tuple[str, ...]:
        if not all(text.split(SEPARATOR)):
            raise ValueError(f"names or patterns, with {SEPARATOR} between them")
        return tuple(text.split(SEPARATOR))
    if text not in get_args(hint):
        raise ValueError(f"one of {', '.join(get_args(hint))}")
    return text
