"""The machine description: TOML in, `Machine` out, every mistake at once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from axonc.ir import Diagnostic, ModelError, raise_if_any
from axonc.ir.machine import Board, Dram, Faults, Grid, Level, Machine, Memory, Place, Synapses, Transport

from .description_checks import change_problems, whole_problems
from .memory import MemoryMap

DEFAULT = Path(__file__).parent / "machine.toml"

SHIPPED: Mapping[str, Path] = {"spinnaker2-chip": DEFAULT, "spinnaker2-board": Path(__file__).parent / "board.toml"}
"""The descriptions that have a name."""

Description = dict[str, Any]


def load_machine(path: Path | None = None, shipped: Path = DEFAULT) -> Machine:
    """The machine that the file at ``path`` describes, or the `SHIPPED` one of that name where there is no such file;
    what it leaves open is as in its ``base``, or else as in ``shipped``."""
    description = _complete(_parse(shipped)) if path is None else _complete(_parse(_found(path)), shipped, path.name)
    raise_if_any(whole_problems(description, "" if path is None else path.name))
    return _machine(description)


def memory_map(machine: Machine) -> MemoryMap:
    """The addresses that follow from the sizes."""
    memory = machine.memory
    return MemoryMap(memory.total, memory.code, memory.stack, memory.guard)


def _found(path: Path) -> Path:
    return path if path.exists() else SHIPPED.get(path.name, path)


def _complete(changes: Description, shipped: Path = DEFAULT, file: str = "") -> Description:
    """The description with what it leaves open."""
    base = changes.pop("base", None)
    if base is None and not file:
        return changes
    if base is not None and not (isinstance(base, str) and base in SHIPPED):
        raise ModelError(Diagnostic("AX403", file, f"base = {base!r}", f"known: {', '.join(SHIPPED)}", "correct it"))
    description = _complete(_parse(shipped if base is None else SHIPPED[base]))
    raise_if_any(change_problems(description, changes, file))
    return _merge(description, changes)


def _parse(path: Path) -> Description:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        found, remedy = error.strerror or str(error), f"give a file, or {' or '.join(SHIPPED)}"
        raise ModelError(Diagnostic("AX703", str(path), found, "", remedy)) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        found = f"not a machine description: {error}"
        raise ModelError(Diagnostic("AX703", str(path), found, "", "see the shipped machine.toml")) from error


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> Description:
    merged = {
        key: _merge(base.get(key, {}), value) if isinstance(value, dict) else value for key, value in changes.items()
    }
    return {**base, **merged}


def _machine(stated: Description) -> Machine:
    memory, clock, noc, link = (stated[section] for section in ("memory", "clock", "noc", "link"))
    levels = (
        Level(name, *(float(level[field]) for field in ("hz", "volt", "cycle_pj", "sleep_mw")))
        for name, level in stated["levels"].items()
    )
    return Machine(
        name=stated["name"],
        usable=stated["cores"]["usable"],
        memory=Memory(memory["sram"], memory["code"], memory["stack"], memory["guard"]),
        router_entries=stated["router"]["entries"],
        key_bits=stated["router"]["key_bits"],
        clock_hz=float(clock["core_hz"]),
        tick_s=float(clock["tick_s"]),
        grid=_grid(stated["grid"]),
        board=_board(stated),
        transport=_transport(noc, link),
        levels=tuple(sorted(levels, key=lambda level: level.hz)),
        dram=Dram(**stated["dram"]),
        synapses=_synapses(stated),
        base_mw=float(stated["energy"]["base_mw"]),
        hop_pj=float(stated["energy"]["hop_pj"]),
        noc_pj=float(stated["energy"]["noc_pj"]),
    )


def _transport(noc: Description, link: Description) -> Transport:
    return Transport(noc["hop_cycles"] / noc["hz"], link["bits_per_s"] / link["packet_bits"], link["queue_packets"])


def _synapses(description: Description) -> Synapses:
    """The prices are shares of a core's memory and of a tick, weighted."""
    stated = description["synapses"]
    hz, dram = description["clock"]["core_hz"], description["dram"]
    tick = hz * description["clock"]["tick_s"]
    prices = stated["memory_weight"] / description["memory"]["sram"], stated["time_weight"] / tick
    return Synapses(stated["window"], *prices, dram["latency_s"] * hz, hz / dram["bytes_per_s"])


def _grid(stated: Description) -> Grid:
    missing = tuple((x, y) for x, y in stated["missing"])
    x, y = stated["router"]
    return Grid(stated["width"], stated["height"], stated["pes"], missing, (x, y))


def _board(stated: Description) -> Board:
    faults = Faults(
        frozenset(Place(*place) for place in stated["faults"]["cores"]),
        frozenset(stated["faults"]["chips"]),
        frozenset((chip, link) for chip, link in stated["faults"]["links"]),
    )
    return Board(tuple((x, y) for x, y in stated["board"]["chips"]), stated["board"]["host"], faults)
