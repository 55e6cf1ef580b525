"""The time step of a model: given, recovered from its parameters, or missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from axonc.ir import Diagnostic, Graph

from ..frontends import recovered_dt, seen_time_steps
from ..semantics import Semantics

SAME = 1e-6
"""Relative difference up to which a given time step is the recovered one."""


def with_time_step(graph: Graph, semantics: Semantics) -> tuple[Semantics, str]:
    """The semantics with a time step, if one is given or recovered, and what is to be said about it.

    What is given wins; where the model's parameters tell another one, that is said.
    """
    found = recovered_dt(graph)
    if found is None:
        return semantics, ""
    dt, why = found
    if semantics.dt is None:
        return replace(semantics, dt=dt), str(Diagnostic("AX118", "", f"dt = {dt:g}, recovered from the model", why))
    if abs(semantics.dt - dt) <= SAME * dt:
        return semantics, ""
    found_other = f"dt = {semantics.dt:g} is given, the model's parameters tell {dt:g}"
    return semantics, str(Diagnostic("AX119", "", found_other, why, "the given one is used"))


def with_seen(problems: Iterable[Diagnostic], graph: Graph) -> Iterator[Diagnostic]:
    """The problems; those of a missing time step also say what the model's parameters tell."""
    seen = seen_time_steps(graph)
    for problem in problems:
        told = problem.code == "AX201" and seen
        yield replace(problem, limit=f"{problem.limit}, and the model's disagree: {seen}") if told else problem
