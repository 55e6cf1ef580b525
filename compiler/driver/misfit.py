"""What a model that does not fit would take, and what would make it fit: found by mapping it again under other limits.

Nothing is guessed: every way that is named was tried, with the passes and the mapping that a compilation runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from axonc.ir import Diagnostic, Graph, ModelError
from axonc.ir.host import parts
from axonc.ir.machine import Machine
from axonc.ir.network import SharedKernel, network

MISFITS = ("AX501", "AX502", "AX503", "AX504", "AX505")
"""The codes of what a machine has too little of."""

LARGER = (8, 64, 512)
"""How many times as many cores are tried."""

SLOWER = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""How many times as long ticks are tried, where time is what is missing."""

MOST_SYNAPSES = 5_000_000
"""Of larger networks only the cores that they need are found: every way costs another mapping."""

Place = Callable[[Graph, Any, Any], int]
"""Puts a final graph with some options on a machine; the cores, or tiles, that it takes. `ModelError` if it does not
fit."""

Finish = Callable[[Any], Graph | None]
"""The final graph of the model with other options; None where they do not suit it."""


@dataclass(frozen=True)
class Way:
    """A ``change`` with which the model fits, and the cores that it takes then."""

    change: str
    cores: int

    def __str__(self) -> str:
        return f"{self.change} (it takes {self.cores} then)"

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {"change": self.change, "cores": self.cores}


@dataclass(frozen=True)
class Misfit:
    """Every ``problem``, the cores that the model would take if it had them (None: a core alone is too small), and
    all ``ways`` to make it fit."""

    problems: tuple[Diagnostic, ...]
    cores: int | None
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class Trial:
    """What is tried: a final graph, on a ``machine`` of cores or of tiles, with ``options`` of a target that takes
    ``formats`` of weights, the widest first."""

    final: Graph
    machine: Any
    options: Any
    formats: Sequence[str]
    place: Place
    finish: Finish

    def fits(self, final: Graph, options: Any, machine: Any) -> int | None:
        """The cores that a graph takes on a machine; None if it does not fit."""
        found = self.attempt(final, options, machine)
        return found if isinstance(found, int) else None

    def attempt(self, final: Graph, options: Any, machine: Any) -> int | tuple[Diagnostic, ...]:
        """The cores that a graph takes on a machine, or why it does not fit."""
        try:
            return self.place(final, options, machine)
        except ModelError as error:
            return error.diagnostics


def explained(problems: Sequence[Diagnostic], trial: Trial) -> Misfit:
    """The problems of a mapping, those that the first of them hid, too, with what would solve them as remedy."""
    cores, hidden = _on_more(trial)
    ways = tuple(_ways(trial, cores))
    remedy = "; or ".join(map(str, ways))
    told = (_told(problem, cores, trial.machine, remedy) for problem in (*problems, *hidden))
    return Misfit(tuple(dict.fromkeys(told)), cores, ways)


def _on_more(trial: Trial) -> tuple[int | None, tuple[Diagnostic, ...]]:
    """The cores that the model takes where there are enough; else None, and what else it has too little of."""
    found: int | tuple[Diagnostic, ...] = ()
    for times in LARGER:
        found = trial.attempt(trial.final, trial.options, _enlarged(trial.machine, times))
        if isinstance(found, int):
            return found, ()
        if not any(problem.code == "AX502" for problem in found):
            break
    return None, tuple(problem for problem in found if problem.code != "AX502") if isinstance(found, tuple) else ()


def _enlarged(machine: Machine, times: int) -> Machine:
    """The machine with more cores in every QPE."""
    return replace(machine, usable=machine.usable * times, grid=replace(machine.grid, pes=machine.grid.pes * times))


def _told(problem: Diagnostic, cores: int | None, machine: Machine, remedy: str) -> Diagnostic:
    """A problem with the computed remedy; the cores that are missing are counted."""
    if problem.code == "AX502" and cores is not None:
        found, limit = f"the model needs {cores} cores", f"{machine.cores} are usable, {cores - machine.cores} too few"
        return Diagnostic(problem.code, "", found, limit, remedy or problem.remedy)
    return replace(problem, remedy=remedy or problem.remedy) if problem.code in MISFITS else problem


def _ways(trial: Trial, cores: int | None) -> Iterator[Way]:
    if cores is not None and cores > trial.machine.cores:
        more = cores - trial.machine.cores
        yield Way(f"{more} more core{'s' * (more > 1)}", cores)
    if synapses_in(trial.final) > MOST_SYNAPSES:
        return
    yield from _slower(trial)
    yield from narrower(trial)


def synapses_in(final: Graph) -> int:
    weights = (projection.weight for projection in network(parts(final).cores).projections)
    return sum(0 if isinstance(weight, SharedKernel) else weight.nnz for weight in weights)


def _slower(trial: Trial) -> Iterator[Way]:
    """The shortest of some longer ticks in which the model fits; none where time is not what is missing."""
    if trial.final.dt is None:
        return
    for times in (SLOWER[-1], *SLOWER):
        slower = replace(trial.machine, tick_s=trial.machine.tick_s * times)
        cores = trial.fits(trial.final, trial.options, slower)
        if times == SLOWER[-1] and cores is None:
            return
        if times != SLOWER[-1] and cores is not None:
            yield Way(f"tick_s = {slower.tick_s:.3g} in a --machine file", cores)
            return


def narrower(trial: Trial) -> Iterator[Way]:
    """The formats of weights, and the states, of fewer bits with which it fits."""
    current = trial.options.weights or trial.formats[0]
    narrower = trial.formats[trial.formats.index(current) + 1 :] if current in trial.formats else ()
    choices = [(f"--weights {name}", {"weights": name}) for name in narrower if name != "float32"]
    choices += [("--state q16", {"state": "q16"})] if trial.options.state != "q16" else []
    for change, fields in choices:
        options = replace(trial.options, **fields)
        final = trial.finish(options)
        cores = None if final is None else trial.fits(final, options, trial.machine)
        if cores is not None:
            yield Way(change, cores)
