"""The machine description: a shipped one by name, with what a TOML file says instead."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from axonc.ir import Diagnostic, ModelError, raise_if_any
from axonc.ir.machine import TileMachine

SHIPPED = Path(__file__).parent / "machines"
DEFAULT = "gc200"


def load_machine(path: Path | None = None) -> TileMachine:
    """The machine that a description states: entries that it leaves out are those of ``base`` (without one, GC200)."""
    changes = {} if path is None else _parse(path)
    base = changes.pop("base", DEFAULT)
    known = sorted(file.stem for file in SHIPPED.glob("*.toml"))
    if base not in known:
        limit = f"shipped machines: {', '.join(known)}"
        raise ModelError(Diagnostic("AX403", str(path), f"base = {base!r}", limit, "choose one"))
    description = _parse(SHIPPED / f"{base}.toml")
    raise_if_any(_problems(description, changes, "" if path is None else path.name))
    return _machine(_merge(description, changes))


def _machine(description: Mapping[str, Any]) -> TileMachine:
    tiles, exchange, streaming = description["tiles"], description["exchange"], description["streaming"]
    return TileMachine(
        name=description["name"],
        system=description["system"],
        tiles=tiles["count"],
        tile_bytes=tiles["bytes"],
        workers=tiles["workers"],
        clock_hz=float(description["clock"]["hz"]),
        exchange_bytes=exchange["bytes_per_cycle"],
        sync_cycles=exchange["sync_cycles"],
        link_bytes_s=float(description["links"]["bytes_per_second"]),
        stream_bytes=streaming["bytes"],
        stream_bytes_s=float(streaming["bytes_per_second"]),
        chips=description["chips"]["count"],
    )


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        found = error.strerror or str(error)
        raise ModelError(Diagnostic("AX703", str(path), found, "", "check the path of the machine")) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        found = f"not a machine description: {error}"
        raise ModelError(Diagnostic("AX703", str(path), found, "", "see the shipped gc200.toml")) from error


def _problems(base: Mapping[str, Any], changes: Mapping[str, Any], file: str, path: str = "") -> Iterator[Diagnostic]:
    for key, value in changes.items():
        place = f"{path}{key}"
        if key not in base:
            yield Diagnostic("AX403", file, f"the entry {place!r}", f"known: {', '.join(base)}", "correct the name")
        elif isinstance(base[key], dict) and isinstance(value, dict):
            yield from _problems(base[key], value, file, f"{place}.")
        elif not _is_alike(base[key], value):
            yield Diagnostic("AX403", file, f"{place} = {value!r}", f"a value like {base[key]!r}", "correct it")


def _is_alike(usual: Any, value: Any) -> bool:
    """Whether a value has the kind of the usual one: a text, or a number above 0, whole where that is."""
    if isinstance(usual, str):
        return isinstance(value, str)
    whole = isinstance(usual, int)
    number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    return number and value > 0


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = {key: _merge(base[key], value) if isinstance(value, dict) else value for key, value in changes.items()}
    return {**base, **merged}
