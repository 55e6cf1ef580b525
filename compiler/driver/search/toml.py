"""Options of a compilation as a configuration file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from axonc.ir import Diagnostic, ModelError

from ...passes import Pass
from ..options import Options
from ..pruning.methods import FROM_DATA, METHODS
from ..quantisation import Quantisation


def config_text(general: Mapping[str, Any], options: Options, folder: Path) -> str:
    """A file for ``folder`` that `read_config` reads as these options: ``general`` ones that are no part of `Options`,
    and those of ``options`` that are not as usual."""
    values = {**{name: value for name, value in general.items() if name != "nodes"}, **dict(_values(options, folder))}
    lines = [f"{_key(name)} = {_toml(value)}" for name, value in values.items()]
    for table, entries in _tables(options, general.get("nodes", {})).items():
        lines += ["", f"[{table}]", *(f"{_key(name)} = {_toml(value)}" for name, value in entries.items())]
    return "\n".join(lines) + "\n"


def _values(options: Options, folder: Path) -> Iterator[tuple[str, Any]]:
    """The options at the top of the file."""
    for name in ("weights", "state", "slice_size", "strategy", "on_host"):
        value = getattr(options, name)
        if value != next(field.default for field in fields(Options) if field.name == name):
            yield name, value
    for name in ("machine", "calibrate"):
        if (path := getattr(options, name)) is not None:
            yield name, _relative(name, path, folder)
    if options.quantize != Quantisation():
        yield "quantize", str(options.quantize)
    host = options.host
    for name, value in (
        ("record", host.record),
        ("record_steps", host.record_steps),
        ("input_events", host.input_events),
    ):
        if value:
            yield name, value
    if options.prune:
        yield "prune", [_pruning(step) for step in options.prune]


def _relative(name: str, path: Any, folder: Path) -> str:
    if not isinstance(path, (str, Path)):
        found, limit = f"{name} as arrays", "a file names files"
        raise ModelError(Diagnostic("AX403", "", found, limit, "give the path of a file with them"))
    return Path(os.path.relpath(path, folder)).as_posix()


def _pruning(step: Pass) -> dict[str, Any]:
    """A table of `parse_pruning`."""
    method = next(name for name, kind in METHODS.items() if type(step) is kind)
    if method == "masks":
        found, limit = "masks as arrays", "a file names files"
        raise ModelError(Diagnostic("AX403", "", found, limit, "prune the model first: axonc prune"))
    chosen = [f for f in fields(step) if f.name not in FROM_DATA and getattr(step, f.name) != f.default]
    return {"method": method, **{f.name: getattr(step, f.name) for f in chosen}}


def _tables(options: Options, meaning: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Formats and semantics by node, formats by kind of op; of several for one the last."""
    found: dict[str, dict[str, Any]] = {}
    for name, text in meaning.items():
        found.setdefault(f"nodes.{_quoted(name)}", {})["semantics"] = text
    for choice in options.formats:
        table = "ops" if choice.of == "op" else "nodes"
        found.setdefault(f"{table}.{_quoted(choice.pattern)}", {})[choice.what] = choice.format
    return found


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else _quoted(name)


def _quoted(text: str) -> str:
    """A basic string, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {_toml(each)}" for name, each in value.items()) + " }"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Sequence):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value).lower() if isinstance(value, bool) else repr(value)
