"""Grids of options of a compilation: every combination of their values is a point."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axonc.ir import Diagnostic, ModelError, raise_if_any
from axonc.ir.files import file_errors

from ...semantics import positive_seconds
from ..config import COMPILATION, MAX_BYTES

MEANING = ("semantics", "dt")
"""Options of `load`; the others are those of `compile`."""

HOST = ("record", "record_steps", "input_events")
"""Options of a compilation that change no result and no choice between points."""

ALIASES = {"slice": "slice_size"}
"""Names on the command line that differ from those in Python."""

KNOWN = (*MEANING, *(name for name in COMPILATION if name not in HOST))

MOST_POINTS = 10_000

TABLES = (Mapping, list, tuple)


@dataclass(frozen=True)
class Grid:
    """The values of every option, by its name in Python, in the order in which they were given."""

    values: Mapping[str, Sequence[Any]]

    def points(self) -> Iterator[dict[str, Any]]:
        """Every combination; the last option changes fastest."""
        for chosen in itertools.product(*self.values.values()):
            yield dict(zip(self.values, chosen, strict=True))


def make_grid(values: Mapping[str, Sequence[Any]], folder: Path | None = None) -> Grid:
    """A checked grid; ``folder`` is where relative paths begin. `ModelError` with every problem."""
    problems: list[Diagnostic] = []
    read = {}
    for given, several in values.items():
        name = ALIASES.get(given, given)
        if name not in KNOWN:
            limit = f"known: {', '.join(KNOWN)}"
            problems.append(Diagnostic("AX403", "", f"a grid of {given!r}", limit, "correct it"))
        elif isinstance(several, (str, Mapping)) or not isinstance(several, Sequence) or not several:
            problems.append(Diagnostic("AX403", "", f"{given} = {several!r}", "a list of values", "give at least one"))
        else:
            read[name] = [
                _value(name, value, folder or Path(), problems) for value in dict.fromkeys(_hashable(several))
            ]
    raise_if_any(problems)
    _require_size(read)
    return Grid(read)


def _hashable(values: Sequence[Any]) -> Iterator[Any]:
    """The values; tables as tuples of pairs and lists as tuples, so that the same one is found twice."""
    for value in values:
        yield tuple(value.items() if isinstance(value, Mapping) else value) if isinstance(value, TABLES) else value


def _value(name: str, value: Any, folder: Path, problems: list[Diagnostic]) -> Any:
    try:
        value = dict(value) if isinstance(value, tuple) else value
        if name in MEANING:
            return _meaning(name, value)
        return COMPILATION[name](value, folder / "grid.toml")
    except ValueError as error:
        problems.append(Diagnostic("AX403", "", f"{name} = {value!r}", str(error), "correct it"))
        return None


def _meaning(name: str, value: Any) -> Any:
    numbers = name == "dt"
    if isinstance(value, bool) or not isinstance(value, (int, float) if numbers else str):
        raise ValueError("numbers above 0" if numbers else "texts PRESET,field=value,...")
    return positive_seconds(value) if numbers else value


def _require_size(values: Mapping[str, Sequence[Any]]) -> None:
    if not values:
        raise ModelError(Diagnostic("AX403", "", "an empty grid", "at least one option", "give --grid NAME=VALUE,..."))
    points = 1
    for several in values.values():
        points *= len(several)
    if points > MOST_POINTS:
        limit = f"at most {MOST_POINTS}"
        raise ModelError(Diagnostic("AX403", "", f"a grid of {points} points", limit, "give fewer values"))


def grid_of_texts(texts: Sequence[str]) -> dict[str, list[Any]]:
    """The values in texts ``NAME=VALUE,VALUE,...``; texts of one name add up. A text of semantics is one value."""
    values: dict[str, list[Any]] = {}
    for text in texts:
        name, given, rest = text.partition("=")
        if not given or not name:
            raise ModelError(Diagnostic("AX403", "", f"--grid {text!r}", "NAME=VALUE,VALUE,...", "correct it"))
        several = [rest] if name == "semantics" else rest.split(",")
        values.setdefault(name, []).extend(_parsed(name, value.strip()) for value in several)
    return values


def _parsed(name: str, text: str) -> Any:
    """A number where the text is one; ``POPULATION=N`` as a table."""
    if name == "semantics":
        return text
    if "=" in text:
        key, _, value = text.rpartition("=")
        return {key: _parsed(name, value)}
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def read_grid(path: Path) -> dict[str, Any]:
    """The values in the table ``grid`` of a TOML file."""
    with file_errors(path):
        if not path.is_file():
            raise ModelError(Diagnostic("AX703", str(path), "there is no such file", "", "check the path"))
        data = path.read_bytes()[:MAX_BYTES]
    try:
        table = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise ModelError(
            Diagnostic("AX704", str(path), f"this is not TOML: {error}", "", "correct the file")
        ) from error
    if set(table) != {"grid"} or not isinstance(table["grid"], dict):
        limit = "one table [grid] of lists of values"
        raise ModelError(Diagnostic("AX704", str(path), f"it holds {sorted(table)}", limit, "correct the file"))
    return dict(table["grid"])
