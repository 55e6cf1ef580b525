"""`sweep`: a grid of options of a compilation over a data set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from axonc.ir import AxoncError, Diagnostic, Graph, ModelError, ToolError
from axonc.ir.interpret.run import Data

from ..config import Config, read_config
from ..evaluate.dataset import class_output, data_set
from ..evaluate.pool import Pool
from ..evaluate.pools import opened_pool
from ..evaluate.run import Progress, evaluated
from ..evaluate.subject import FLOAT, opened, packed_program
from ..loading import load
from ..options import Options, merged_options
from ..pipeline import compile_graph
from ..program import build
from .grid import MEANING, Grid, make_grid
from .points import Point
from .result import Sweep


def sweep(
    model: Any,
    x: Data,
    y: npt.ArrayLike | None = None,
    *,
    grid: Mapping[str, Sequence[Any]],
    target: str | None = None,
    options: Mapping[str, Any] | None = None,
    semantics: str | None = None,
    dt: float | None = None,
    inputs: str | None = None,
    config: str | Path | Config | None = None,
    agreement: bool = False,
    output: str | None = None,
    decide: str = "sum",
    engine: str | None = None,
    keep_going: bool = False,
    jobs: int | None = None,
    executor: Executor | None = None,
    scheduler: str | None = None,
    chunk: int | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Compile a model with every combination of options, run each over a data set, and find the best.

    Args:
        model: what `load` takes.
        x: [N, T, *shape], or a mapping from input names to such arrays.
        y: the class of every sample; None: points are judged by the agreement of their events with the graph in float,
            and by the share of samples that they decide as it does.
        grid: lists of values by name: ``semantics`` and ``dt`` of `load`, and the options of `compile`.
        target: of all points that do not vary it; None: ``spinnaker2``.
        options: of `compile`, the same for all points that do not vary them.
        semantics: of `load`, as are ``dt``, ``inputs`` and ``config``; the same for all points that do not vary it.
        agreement: compare with the graph in float also where there are labels.
        output: as in `evaluate`, as are ``decide`` to ``chunk``.
        progress: called with the number of finished points, and of all.

    Returns:
        Every point; those that do not compile, or whose cores stop, hold their diagnostics.

    Raises:
        ModelError: the data or the grid are not acceptable, or no point compiles.
        ToolError: a tool is missing, or workers cannot be reached.
    """
    file = read_config(config)
    file.require()
    base = merged_options(file, **(options or {}))
    meaning = {"semantics": semantics, "dt": dt, "inputs": inputs, "config": file}
    space = Space(model, meaning, target or file.compilation.get("target", "spinnaker2"), base, make_grid(grid))
    how = How(y is None or agreement, output, decide, engine, keep_going, chunk)
    with opened_pool(jobs, executor, scheduler) as pool:
        return swept(space, x, y, how, pool, progress)


@dataclass(frozen=True)
class How:
    """How each point is evaluated."""

    compared: bool
    output: str | None
    decide: str
    engine: str | None
    keep_going: bool
    chunk: int | None


@dataclass
class Space:
    """The points: a model, what is the same for all, and a grid."""

    model: Any
    meaning: Mapping[str, Any]
    target: str
    base: Options
    grid: Grid
    _graphs: dict[tuple[Any, ...], Graph | ModelError] = field(default_factory=dict)

    def graph(self, chosen: Mapping[str, Any]) -> Graph:
        """The graph in steps of a point; each meaning is loaded once."""
        key = tuple(chosen.get(name) for name in MEANING)
        if key not in self._graphs:
            own = {name: chosen[name] for name in MEANING if name in chosen}
            try:
                self._graphs[key] = load(self.model, **{**self.meaning, **own})
            except ModelError as error:
                self._graphs[key] = error
        found = self._graphs[key]
        if isinstance(found, ModelError):
            raise ModelError(found.diagnostics)
        return found

    def any_graph(self) -> Graph:
        """The graph of the first point that has one: all have the same inputs and outputs."""
        problems: list[Diagnostic] = []
        for chosen in self.grid.points():
            try:
                return self.graph(chosen)
            except ModelError as error:
                problems += error.diagnostics
        raise ModelError(dict.fromkeys(problems))

    def options(self, chosen: Mapping[str, Any]) -> tuple[str, Options]:
        """The target and the options of a point."""
        own = {name: value for name, value in chosen.items() if name not in (*MEANING, "target")}
        return chosen.get("target", self.target), replace(self.base, **own)


def swept(
    space: Space, x: Data, y: npt.ArrayLike | None, how: How, pool: Pool, progress: Progress | None = None
) -> Sweep:
    """Every point of a space, in a pool."""
    graph = space.any_graph()
    data = data_set(graph, x, y, class_output(graph, how.output))
    points: list[Point] = []
    total = sum(1 for _ in space.grid.points())
    for chosen in space.grid.points():
        points.append(_point(space, chosen, x, y, how, pool))
        if progress is not None:
            progress(len(points), total)
    _require_one(points)
    return Sweep("accuracy" if y is not None else _compared(points), points, data.samples)


def _compared(points: Sequence[Point]) -> str:
    """What points without labels are judged by first."""
    return "agreement" if any(point.agreement is not None for point in points) else "decisions"


def _point(space: Space, chosen: Mapping[str, Any], x: Data, y: npt.ArrayLike | None, how: How, pool: Pool) -> Point:
    try:
        graph = space.graph(chosen)
        program = build(compile_graph(graph, *space.options(chosen)))
        with packed_program(program, graph if how.compared else None, how.engine) as parcel:
            names = list(opened(parcel).stages)
            stages = [name for name in names if name == names[-1] or (how.compared and name == FLOAT)]
            found = evaluated(pool, parcel, x, y, stages, how.output, how.decide, how.keep_going, how.chunk, None)
    except (ModelError, ToolError) as error:
        if not _of_this_point(error):
            raise
        return Point(chosen, None, error.diagnostics)
    return Point(chosen, found)


def _of_this_point(error: AxoncError) -> bool:
    """Whether other points may fare better: not where a tool is missing."""
    return isinstance(error, ModelError) or all(problem.code == "AX902" for problem in error.diagnostics)


def _require_one(points: Sequence[Point]) -> None:
    if all(point.found is None for point in points):
        raise ModelError(dict.fromkeys(_problems(points)))


def _problems(points: Sequence[Point]) -> Iterator[Diagnostic]:
    for point in points:
        yield from point.problems
