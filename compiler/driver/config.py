"""Configuration files: the options of the command line, and semantics of single nodes, in TOML.

An option that is given on the command line or in Python wins over the file's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from axonc.ir import Diagnostic, Graph, ModelError, raise_if_any
from axonc.ir.files import file_errors

from ..node_semantics import NodeChoice, node_choice, unmatched
from ..number_formats import FormatChoice, What
from ..passes import Pass
from ..semantics import Semantics, make_semantics, named, parse_semantics, positive_seconds, shortened
from .pruning.methods import parse_pruning
from .quantisation import Quantisation, parse_quantisation

MAX_BYTES = 1 << 20
"""The largest file that is read."""

MAX_COUNT = 1 << 31
"""Whole numbers of options lie below this."""


@dataclass(frozen=True)
class Config:
    """What a configuration file says; None, or absent from ``compilation``, where it says nothing.

    ``dt`` is the file's own, or that of its semantics. ``compilation`` holds options of a compilation by their names
    in Python, ``formats`` the number formats of single nodes. ``problems`` are what is wrong with the file: `require`
    raises them.
    """

    semantics: Semantics | None = None
    dt: float | None = None
    inputs: str | None = None
    nodes: tuple[NodeChoice, ...] = ()
    compilation: Mapping[str, Any] = field(default_factory=dict)
    formats: tuple[FormatChoice, ...] = ()
    problems: tuple[Diagnostic, ...] = ()

    def require(self, graph: Graph | None = None) -> None:
        """Raise `ModelError` with every problem of the file and every pattern that names no neuron of ``graph``."""
        raise_if_any((*self.problems, *(unmatched(graph, self.nodes) if graph is not None else ())))

    @property
    def states_meaning(self) -> bool:
        """Whether it says anything about semantics."""
        return self.semantics is not None or self.dt is not None or bool(self.nodes)


NOTHING = Config()
"""A configuration that says nothing."""


def read_config(source: str | Path | Config | None) -> Config:
    """The configuration in a file; an empty one for None. `ModelError` if the file cannot be read as TOML at all."""
    if source is None:
        return NOTHING
    return source if isinstance(source, Config) else _Reader(Path(source)).config()


def _toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        found = "it is a folder" if path.is_dir() else "there is no such file"
        raise ModelError(Diagnostic("AX703", str(path), found, "", "check the path"))
    with file_errors(path):
        size = path.stat().st_size
        data = path.read_bytes() if size <= MAX_BYTES else b""
    if size > MAX_BYTES:
        raise ModelError(Diagnostic("AX704", str(path), f"{size} bytes", f"at most {MAX_BYTES} are read"))
    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        found = f"this is not TOML: {shortened(str(error))}"
        raise ModelError(Diagnostic("AX704", str(path), found, "", "correct the file")) from error


class _Reader:
    """One reading of a file: values, and the problems found on the way."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Diagnostic] = []

    def config(self) -> Config:
        """The whole file."""
        table = _toml(self.path)
        self.unknown("the option", table, {*MEANING, *COMPILATION})
        values = {name: self.value(name, table[name], read) for name, read in COMPILATION.items() if name in table}
        semantics = self.semantics(table["semantics"]) if "semantics" in table else None
        dt = self.value("dt", table["dt"], _dt) if "dt" in table else None
        inputs = self.value("inputs", table["inputs"], _text) if "inputs" in table else None
        nodes = self.nodes(table.get("nodes", {}))
        own = dt if dt is not None or semantics is None else semantics.dt
        compilation = {name: value for name, value in values.items() if value is not None}
        formats = tuple(self.formats(table))
        return Config(semantics, own, inputs, nodes, compilation, formats, tuple(self.problems))

    def formats(self, table: Mapping[str, Any]) -> Iterator[FormatChoice]:
        """The number formats of kinds of op, then those of single nodes, in the order of the file."""
        ops = table.get("ops", {})
        if not isinstance(ops, dict) or not all(isinstance(entry, dict) for entry in ops.values()):
            self.problem(f"ops = {_shown(ops)}", "tables by kind of op", "write [ops.KIND]")
            ops = {}
        for kind, entry in ops.items():
            self.unknown(f"in ops.{shortened(kind)}, the entry", entry, set(FORMATS))
            yield from self.chosen(kind, entry, "op")
        nodes = table.get("nodes", {})
        for pattern, entry in nodes.items() if isinstance(nodes, dict) else ():
            yield from self.chosen(pattern, entry if isinstance(entry, dict) else {}, "node")

    def chosen(self, pattern: str, entry: Mapping[str, Any], of: Literal["node", "op"]) -> Iterator[FormatChoice]:
        """The number formats that one table says."""
        for what in FORMATS:
            if what in entry:
                number = self.value(f"{what} of {shortened(pattern)}", entry[what], _text)
                if number is not None:
                    yield FormatChoice(pattern, what, number, of)

    def unknown(self, what: str, table: Mapping[str, Any], known: set[str], remedy: str = "correct it") -> None:
        """One problem for every key that means nothing."""
        limit = f"known: {', '.join(sorted(known))}"
        for name in table:
            if name not in known:
                self.problem(f"{what} {shortened(name)!r}", limit, remedy)

    def problem(self, found: str, limit: str, remedy: str = "correct it") -> None:
        """Note one problem."""
        self.problems.append(Diagnostic("AX704", str(self.path), found, limit, remedy))

    def value(self, name: str, given: Any, read: Callable[[Any, Path], Any]) -> Any:
        """A value that ``read`` accepts; None, and a problem, otherwise."""
        try:
            return read(given, self.path)
        except ValueError as error:
            self.problem(f"{name} = {_shown(given)}", str(error))
            return None

    def semantics(self, given: Any) -> Semantics | None:
        """The graph's semantics: ``PRESET,field=value,...``, or a table of fields with ``preset``."""
        try:
            if isinstance(given, str):
                return parse_semantics(given)
            if isinstance(given, dict):
                settings = [(name, _string(value)) for name, value in given.items() if name != "preset"]
                return make_semantics(_string(given.get("preset", "nir")), settings)
        except ModelError as error:
            self.problems += [replace(problem, node=str(self.path)) for problem in error.diagnostics]
            return None
        self.problem(f"semantics = {_shown(given)}", "a text or a table")
        return None

    def nodes(self, given: Any) -> tuple[NodeChoice, ...]:
        """The choices for single nodes, in the order of the file."""
        if not isinstance(given, dict):
            self.problem(f"nodes = {_shown(given)}", "tables by name or pattern", 'write [nodes."NAME"]')
            return ()
        choices = (self.node(pattern, table) for pattern, table in given.items())
        return tuple(choice for choice in choices if choice is not None)

    def node(self, pattern: str, table: Any) -> NodeChoice | None:
        """What one table under ``nodes`` says."""
        remedy = f'write [nodes."{shortened(pattern)}"]; quote names with dots'
        if not isinstance(table, dict):
            self.problem(f"nodes.{shortened(pattern)} = {_shown(table)}", "a table with semantics", remedy)
            return None
        self.unknown(f"in nodes.{shortened(pattern)}, the entry", table, {"semantics", *FORMATS}, remedy)
        if "semantics" not in table and not table.keys().isdisjoint(FORMATS):
            return None
        given = table.get("semantics", {})
        if isinstance(given, str):
            return node_choice(pattern, [named(part.strip()) for part in given.split(",")], self.problems)
        if isinstance(given, dict):
            return node_choice(pattern, [(name, _string(value)) for name, value in given.items()], self.problems)
        self.problem(f"semantics of {shortened(pattern)} = {_shown(given)}", "field=value,... or a table")
        return None


def _string(value: Any) -> str:
    """The text of a value; Python refuses to write integers of thousands of digits."""
    try:
        return str(value)
    except ValueError:
        return "a number of thousands of digits"


def _shown(value: Any) -> str:
    return shortened(f'"{value}"' if isinstance(value, str) else _string(value))


def _text(value: Any, path: Path) -> str:
    if not isinstance(value, str):
        raise ValueError("a text")
    return value


def _file(value: Any, path: Path) -> Path:
    return path.parent / _text(value, path)


def _dt(value: Any, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("a number above 0, in the unit of the model's time constants (seconds)")
    return positive_seconds(value)


def _count(value: Any, path: Path) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MAX_COUNT:
        raise ValueError(f"a whole number from 0 to {MAX_COUNT - 1}")
    return value


def _sizes(value: Any, path: Path) -> int | dict[str, int]:
    if isinstance(value, dict):
        return {name: _count(size, path) for name, size in value.items()}
    return _count(value, path)


def _texts(value: Any, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("a list of texts")
    return tuple(_text(item, path) for item in value)


def _quantisation(value: Any, path: Path) -> Quantisation:
    if not isinstance(value, (str, dict)):
        raise ValueError("FIELD=VALUE,... or a table")
    try:
        return parse_quantisation(value)
    except ModelError as error:
        raise ValueError(" and ".join(f"{problem.found}: {problem.limit}" for problem in error.diagnostics)) from error


def _pruning(value: Any, path: Path) -> tuple[Pass, ...]:
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(one, (int, float, str, dict)) for one in several):
        raise ValueError("a share, METHOD,field=value,..., a table, or a list of them")
    try:
        return parse_pruning(several, path.parent)
    except ModelError as error:
        raise ValueError(" and ".join(f"{problem.found}: {problem.limit}" for problem in error.diagnostics)) from error


FORMATS: tuple[What, ...] = ("weights", "state")
"""What single nodes may have a number format of their own for."""

MEANING = ("semantics", "dt", "inputs", "nodes", "ops")
COMPILATION: Mapping[str, Callable[[Any, Path], Any]] = {
    "target": _text,
    "weights": _text,
    "state": _text,
    "quantize": _quantisation,
    "slice_size": _sizes,
    "strategy": _text,
    "partitioner": _text,
    "machine": _file,
    "calibrate": _file,
    "record": _texts,
    "record_steps": _count,
    "input_events": _count,
    "on_host": _texts,
    "in_dram": _texts,
    "prune": _pruning,
    "capacity": _sizes,
    "overflow": _text,
}
"""The options of a compilation that a file may hold, by their names in Python. ``machine`` and
``calibrate`` are paths from the file's folder."""
