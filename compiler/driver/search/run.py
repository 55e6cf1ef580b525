"""`search`: greedy descent from the largest formats."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from axonc.ir import Diagnostic, Graph, ModelError
from axonc.ir.files import file_errors, write_file
from axonc.ir.interpret.run import Data
from axonc.ir.serialize import to_bytes
from axonc.ir.version import __version__

from ..calibrate import read_inputs
from ..config import NOTHING
from ..evaluate.dataset import class_output, data_set
from ..evaluate.run import known_decision
from ..options import merged_options
from .measure import Judge, Measured
from .result import Search, Step
from .space import DENSITY, STATE, WEIGHTS, Point, Space, Value, search_space

Progress = Callable[[int, Measured], None]
"""Told after every step: the moves made so far, and what the program is now."""


def search(
    graph: Graph,
    x: Data,
    y: npt.ArrayLike | None = None,
    *,
    keep: float | None = None,
    lose: float | None = None,
    weights: Sequence[str] = ("int8", "int4", "int2"),
    state: Sequence[str] = (),
    density: Sequence[float] = (),
    target: str = "reference",
    options: Mapping[str, Any] | None = None,
    output: str | None = None,
    decide: str = "sum",
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
) -> Search:
    """Find a small program that keeps an accuracy, or agrees with the graph in float, over a data set.

    The method is a greedy descent, that of word-length optimisation by simulation (Sung and Kum, IEEE Trans. Signal
    Processing 43(12), 1995; "max - 1 bit" in Cantin et al., ISCAS 2002): begin with the first value of every list for
    every node. Measure what it costs to go further along a list for one node, to the next value that saves bytes; take
    the move that loses least quality a byte saved, and again, until no move keeps what is asked. A list whose next
    value loses too much, or is refused by the target, is left where it is. Each point is compiled, and run by the
    reference interpreter, which every target equals bit for bit: what is found depends on the arguments alone.

    Args:
        graph: a graph in steps, in float.
        x: inputs [N, T, *shape], or by name.
        y: the class of every sample: the quality is the accuracy. None: it is the share of bins of all layers of
            events that equal those of the graph in float, or, without such layers, of decisions.
        keep: the least quality, from 0 to 1.
        lose: instead, the most that it may lie below that of the graph in float.
        weights: formats of all weights into a population, the largest first.
        state: the same of a population's states.
        density: shares of a matrix's weights that stay, the largest first; the smallest of them go.
        target: what the programs are for, and whose bytes count: those of its cores, where it maps, else of weights
            and states in their own bits.
        options: of `compile`, the same for all points. Nodes whose formats they choose keep these.
        output: whose largest element is the class, as in `evaluate`, and ``decide``.
        checkpoint: a file that keeps what was measured; a search that finds it there goes on from it.
        progress: called after every move.

    Returns:
        The moves, the program's bytes and quality, and the options that make it.

    Raises:
        ModelError: data or options do not fit; the largest formats do not keep what is asked (AX415).
    """
    chains: dict[str, Sequence[Value]] = {WEIGHTS: weights, STATE: state, DENSITY: density}
    space = search_space(graph, merged_options(NOTHING, **(options or {})), chains)
    return searched(space, graph, target, x, y, Asked(keep, lose, output, decide), checkpoint, progress)


@dataclass(frozen=True)
class Asked:
    """What must be kept, and how quality is read off the output."""

    keep: float | None = None
    lose: float | None = None
    output: str | None = None
    decide: str = "sum"

    def least(self, reference: float) -> float:
        """The least quality."""
        if (self.keep is None) == (self.lose is None):
            found = "neither keep nor lose" if self.keep is None else "both keep and lose"
            raise ModelError(Diagnostic("AX403", "", found, "one of them says what must be kept", "give keep or lose"))
        for name, value in (("keep", self.keep), ("lose", self.lose)):
            if value is not None and not 0 <= value <= 1:
                raise ModelError(Diagnostic("AX403", "", f"{name}={value}", "a share from 0 to 1", "correct it"))
        return self.keep if self.keep is not None else reference - (self.lose or 0.0)


def searched(
    space: Space,
    graph: Graph,
    target: str,
    x: Data,
    y: npt.ArrayLike | None,
    asked: Asked,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
) -> Search:
    """The search of a space."""
    node = class_output(graph, asked.output)
    known_decision(asked.decide)
    judge = Judge(graph, target, data_set(graph, x, y, node), node.name, asked.decide)
    least = asked.least(judge.reference)
    descent = _Descent(space, judge, least, _Memory(None if checkpoint is None else Path(checkpoint), judge, space))
    return descent.run(progress or (lambda moves, found: None))


@dataclass
class _Descent:
    """A search in progress."""

    space: Space
    judge: Judge
    least: float
    memory: _Memory
    steps: list[Step] = field(default_factory=list)
    given_up: set[int] = field(default_factory=set)

    def run(self, progress: Progress) -> Search:
        """From the start to where no move is left."""
        point = self.space.start
        now = start = self._start(point)
        while (best := self._best(point, now)) is not None:
            self.steps.append(Step(self.space.move(point, best[0]), best[1]))
            point, now = best
            progress(len(self.steps), now)
        judge = self.judge
        return Search(
            judge.measure, judge.reference, self.least, judge.data.samples, judge.target, start, tuple(self.steps),
            self.space.options(point), len(self.memory.points),
        )  # fmt: skip

    def _start(self, point: Point) -> Measured:
        options = self.space.options(point)
        found = self.memory.points.get(point) or self.memory.put(point, self.judge.measured(options))
        if found.quality < self.least:
            said = f"an {self.judge.measure} of {found.quality:.4%} with the first of all values"
            limit, remedy = f"{self.least:.4%} is to be kept", "begin with more bits, or ask for less"
            raise ModelError(Diagnostic("AX415", "", said, limit, remedy))
        return found

    def _best(self, point: Point, now: Measured) -> tuple[Point, Measured] | None:
        """The move that loses least a byte saved; of equal ones what saves most, then the first."""
        found = [self._next(point, index, now) for index in range(len(point)) if index not in self.given_up]
        return min((move for move in found if move is not None), key=lambda move: _price(now, move[1]), default=None)

    def _next(self, point: Point, index: int, now: Measured) -> tuple[Point, Measured] | None:
        """The nearest further value of a knob that saves bytes; None, now and later, if too much is lost before."""
        for there in self.space.further(point, index):
            found = self._after(there)
            if found is None or found.quality < self.least:
                break
            if found.bytes < now.bytes:
                return there, found
        self.given_up.add(index)
        return None

    def _after(self, there: Point) -> Measured | None:
        """A point; None where the target refuses it."""
        if there not in self.memory.points:
            try:
                self.memory.put(there, self.judge.measured(self.space.options(there)))
            except ModelError:
                return None
        return self.memory.points[there]


def _price(now: Measured, there: Measured) -> tuple[float, int]:
    saved = now.bytes - there.bytes
    return max(0.0, now.quality - there.quality) / saved, -saved


class _Memory:
    """What was measured, in a file where there is one."""

    def __init__(self, path: Path | None, judge: Judge, space: Space) -> None:
        self.path = path
        self.digest = "" if path is None else _digest(judge, space)
        self.points = dict(self._read(path)) if path is not None and path.exists() else {}

    def put(self, point: Point, found: Measured) -> Measured:
        """Remember a point."""
        self.points[point] = found
        if self.path is not None:
            points = [[list(where), each.quality, each.bytes] for where, each in self.points.items()]
            write_file(self.path, (json.dumps({"search": self.digest, "points": points}) + "\n").encode())
        return found

    def _read(self, path: Path) -> Iterator[tuple[Point, Measured]]:
        try:
            with file_errors(path):
                said = json.loads(path.read_bytes())
            digest = said["search"]
            found = [(tuple(where), Measured(float(quality), int(size))) for where, quality, size in said["points"]]
        except (ValueError, LookupError, TypeError) as error:
            raise ModelError(Diagnostic("AX703", str(path), f"not a search: {error}", "", "remove it")) from error
        if digest != self.digest:
            limit = "one file a search"
            raise ModelError(
                Diagnostic("AX707", str(path), "its graph, data or options are others", limit, "remove it")
            )
        return iter(found)


def _digest(judge: Judge, space: Space) -> str:
    """Of all that measurements depend on."""
    said = hashlib.sha256(to_bytes(judge.graph))
    said.update(
        repr(
            (__version__, judge.target, judge.output, judge.decide, space.knobs, replace(space.base, calibrate=None))
        ).encode()
    )
    given = {} if space.base.calibrate is None else read_inputs(judge.graph, space.base.calibrate)
    labels = [] if judge.data.y is None else [judge.data.y]
    for array in (*judge.data.x.values(), *labels, *given.values()):
        said.update(f"{array.shape} {array.dtype}".encode())
        said.update(np.ascontiguousarray(array).tobytes())
    return said.hexdigest()
