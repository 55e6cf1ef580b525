"""Options of a compilation, and which of their values exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axonc.ir import Diagnostic
from axonc.ir.interpret.run import Data
from axonc.ir.target import LIVE, Backend, HostInterface

from ..mapping import STRATEGIES
from ..passes import STATES
from .config import Config

WEIGHTS = ("int8", "float32")
STATE_FORMATS = (*STATES, "loihi")


@dataclass(frozen=True)
class Options:
    """Options of a compilation; None takes the target's or the semantics' default.

    ``weights``: int8, or float32 (targets reference and native, which then maps nothing). ``state``: q16, q32, loihi or
    float32. ``slice_size``: the most neurons in a slice, for all populations or by name. ``strategy``: fewest-cores,
    spread or least-latency. ``machine``: a TOML file that overrides the shipped machine description. ``host``: what
    host and cores exchange through memory. ``calibrate``: input data, or a file with them, whose busiest steps cores
    are filled for. ``on_host``: nodes that the host runs, or ``auto`` for all that cores cannot (`HostNodes`).
    """

    weights: str | None = None
    state: str | None = None
    slice_size: int | Mapping[str, int] | None = None
    strategy: str = "fewest-cores"
    machine: Path | None = None
    host: HostInterface = LIVE
    calibrate: Data | str | Path | None = None
    on_host: tuple[str, ...] = ()


def merged_options(config: Config, **given: Any) -> Options:
    """The options that are given (None or (): not given), else the file's, else the defaults."""
    values = {**config.compilation, **{name: value for name, value in given.items() if not _absent(value)}}
    values.pop("target", None)
    host = HostInterface(tuple(values.pop("record", ())), values.pop("record_steps", 0), values.pop("input_events", 0))
    return Options(**values, host=host)


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, tuple) and not value)


def format_problems(target: Backend, weights: str, state: str, options: Options) -> list[Diagnostic]:
    """Values that a target does not take."""
    checks = (
        ("weights", weights, target.weights),
        ("state", state, STATE_FORMATS if target.mapped or weights == "int8" else ("float32",)),
        ("strategy", options.strategy, tuple(STRATEGIES)),
    )
    problems = [
        Diagnostic("AX403", "", f"{name} {value!r}", f"{target.name} takes {', '.join(known)}", "choose one of them")
        for name, value, known in checks
        if value not in known
    ]
    return problems + _slice_problems(options.slice_size)


def _slice_problems(size: int | Mapping[str, int] | None) -> list[Diagnostic]:
    sizes = {"": size} if isinstance(size, int) else (size or {})
    return [
        Diagnostic("AX403", name, f"a slice size of {value}", "at least 1", "correct it")
        for name, value in sizes.items()
        if value < 1
    ]


def settled_problems(options: Options) -> list[Diagnostic]:
    """Number formats that are asked for of a graph whose numbers have theirs."""
    given = [("weights", options.weights), ("state", options.state)]
    return [
        Diagnostic("AX403", "", f"{name} {value!r}", "the graph is quantised already", "leave it out")
        for name, value in given
        if value is not None
    ]


def host_problems(host: HostInterface) -> list[Diagnostic]:
    """Sizes of lists and buffers that cannot be."""
    problems = []
    if host.input_events < 0:
        found = f"input lists of {host.input_events} events"
        problems.append(Diagnostic("AX403", "", found, "at least 1; 0 for live packets", "correct it"))
    if host.record and host.record_steps < 1:
        found = f"{len(host.record)} recorded signals for {host.record_steps} steps"
        problems.append(Diagnostic("AX403", "", found, "at least 1 step", "give record_steps"))
    return problems


def unknown_slices(size: int | Mapping[str, int] | None, known: set[str]) -> list[Diagnostic]:
    """Slice sizes for what is no population."""
    names = set(size) - known if isinstance(size, Mapping) else set()
    listed = ", ".join(sorted(known))
    return [Diagnostic("AX403", n, "a slice size for no population", f"known: {listed}") for n in sorted(names)]
