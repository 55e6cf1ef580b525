"""The machine description: TOML in, `Machine` out, every mistake at once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from axonc.ir import Diagnostic, ModelError, raise_if_any
from axonc.ir.machine import Machine, Memory, Synapses

from .memory import PAGE, MemoryMap

DEFAULT = Path(__file__).parent / "machine.toml"


def load_machine(path: Path | None = None, shipped: Path = DEFAULT) -> Machine:
    """The machine that is ``shipped``, with what the file at ``path`` says instead."""
    description = _parse(shipped)
    if path is not None:
        changes = _parse(path)
        raise_if_any(_problems(description, changes, path.name))
        description = _merge(description, changes)
    memory, clock = description["memory"], description["clock"]
    return Machine(
        name=description["name"],
        cores=min(description["cores"]["usable"], description["cores"]["count"]),
        memory=Memory(memory["sram"], memory["code"], memory["stack"], memory["guard"]),
        router_entries=description["router"]["entries"],
        key_bits=description["router"]["key_bits"],
        clock_hz=float(clock["core_hz"]),
        tick_s=float(clock["tick_s"]),
        synapses=_synapses(description),
    )


def _synapses(description: Mapping[str, Any]) -> Synapses:
    """The prices are shares of a core's memory and of a tick, weighted."""
    stated = description["synapses"]
    tick = description["clock"]["core_hz"] * description["clock"]["tick_s"]
    return Synapses(
        stated["window"], stated["memory_weight"] / description["memory"]["sram"], stated["time_weight"] / tick
    )


def memory_map(machine: Machine) -> MemoryMap:
    """The addresses that follow from the sizes."""
    memory = machine.memory
    return MemoryMap(memory.total, memory.code, memory.stack, memory.guard)


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        found = error.strerror or str(error)
        raise ModelError(Diagnostic("AX703", str(path), found, "", "check the path of the machine")) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        found = f"not a machine description: {error}"
        raise ModelError(Diagnostic("AX703", str(path), found, "", "see the shipped machine.toml")) from error


def _problems(base: Mapping[str, Any], changes: Mapping[str, Any], file: str, path: str = "") -> Iterator[Diagnostic]:
    for key, value in changes.items():
        place = f"{path}{key}"
        if key not in base:
            yield Diagnostic("AX403", file, f"the entry {place!r}", f"known: {', '.join(base)}", "correct the name")
        elif isinstance(base[key], dict) != isinstance(value, dict):
            yield Diagnostic("AX403", file, f"{place} = {value!r}", "a table has entries", "see the shipped file")
        elif isinstance(value, dict):
            yield from _problems(base[key], value, file, f"{place}.")
        else:
            yield from _value_problems(base[key], value, file, place)


def _value_problems(usual: Any, value: Any, file: str, place: str) -> Iterator[Diagnostic]:
    if isinstance(usual, str) != isinstance(value, str) or isinstance(value, (bool, list)):
        yield Diagnostic("AX403", file, f"{place} = {value!r}", f"a value like {usual!r}", "correct it")
    elif not isinstance(value, str) and value <= 0:
        yield Diagnostic("AX403", file, f"{place} = {value!r}", "above 0", "correct it")
    elif place.startswith("memory.") and value % PAGE:
        yield Diagnostic("AX403", file, f"{place} = {value!r}", f"a multiple of {PAGE} bytes", "correct it")
    elif place == "synapses.window" and (value > usual or value != int(value)):
        yield Diagnostic("AX403", file, f"{place} = {value!r}", f"a whole number up to {usual}", "correct it")


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = {key: _merge(base[key], value) if isinstance(value, dict) else value for key, value in changes.items()}
    return {**base, **merged}
