"""Judging a model for a target: every node, every problem, and the fit, without emitting anything.

A stage that fails does not hide what later ones would say. Where it can be done soundly, they see a stand-in: a graph
without what failed. Of what they find in it, only what does not depend on the stand-in is kept (`STRUCTURAL`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from axonc.ir import Diagnostic, Graph, ModelError, Node
from axonc.ir.machine import AnyMachine, Machine
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.ops import IF, LIF, ContinuousNeuron, Conv, CubaLIF, Linear, TimeDelay
from axonc.ir.precision import precision
from axonc.ir.target import Backend

from ..frontends import nodes_of
from ..node_semantics import node_texts
from ..passes import Pass, ToPopulations, run_pipeline
from ..semantics import Semantics
from .capacity import capacity_problems, limited
from .config import NOTHING, Config
from .loading import chosen_semantics, discretise, lines_of, read_model, remarks, with_digest
from .misfit import Way
from .options import Options
from .pipeline import fitted, last_passes, misfit, passes_for, pruned, with_activity
from .placement import dram_problems, in_dram
from .targets import backend

if TYPE_CHECKING:
    import nir

T = TypeVar("T")

SCHEMA = 1
"""The version of the JSON form."""

STRUCTURAL = ("AX403", "AX601", "AX602")
"""Codes of options that do not exist, and of what a target cannot do, whatever the numbers are."""

OK, REPAIRED, UNSUPPORTED, UNJUDGED = "ok", "repaired", "unsupported", "unjudged"


@dataclass(frozen=True)
class Verdict:
    """One node of the model: ``ok``, ``repaired`` when it was read, ``unsupported``; or ``unjudged``, where the model
    has problems that leave no graph to judge it in."""

    node: str
    op: str
    origin: str
    verdict: str
    problems: tuple[Diagnostic, ...] = ()
    repairs: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        problems = [problem.to_dict() for problem in self.problems]
        head = {"node": self.node, "op": self.op, "origin": self.origin, "verdict": self.verdict}
        return {**head, "problems": problems, "repairs": list(self.repairs)}


@dataclass(frozen=True)
class Check:
    """What was found: a verdict for every node of the model, every problem, and for a model without problems the final
    graph, its mapping and the fit."""

    target: str
    nodes: tuple[Verdict, ...]
    problems: tuple[Diagnostic, ...]
    repairs: tuple[str, ...] = ()
    graph: Graph | None = None
    mapping: CoreMapping | None = None
    fit: Mapping[str, Any] = field(default_factory=dict)
    ways: tuple[Way, ...] = ()
    """What would make a model fit that does not."""

    @property
    def ok(self) -> bool:
        """Whether the model compiles."""
        return not self.problems

    @property
    def notes(self) -> list[str]:
        """What the quantiser remarks."""
        return [] if self.graph is None else lines_of(self.graph, "notes")

    @property
    def precision(self) -> Mapping[str, Any]:
        """What quantisation cost each node; empty where nothing was quantised."""
        return {} if self.graph is None else precision(self.graph)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, as ``docs/checking.md`` describes it."""
        properties = {} if self.graph is None else self.graph.properties
        own = node_texts(properties)
        return {
            "schema": SCHEMA,
            "ok": self.ok,
            "target": self.target,
            "semantics": properties.get("semantics"),
            **({"node_semantics": own} if own else {}),
            "nodes": [verdict.to_dict() for verdict in self.nodes],
            "problems": [problem.to_dict() for problem in self.problems],
            "repairs": list(self.repairs),
            "notes": self.notes,
            "precision": dict(self.precision) if self.ok and self.precision else None,
            "fit": dict(self.fit) if self.ok else None,
            "ways": [way.to_dict() for way in self.ways],
        }


def check_model(
    model: str | Path | nir.NIRGraph | Graph,
    target: str,
    options: Options,
    semantics: str | Semantics | None = None,
    dt: float | None = None,
    inputs: str | None = None,
    config: Config = NOTHING,
    onnx: str | None = None,
) -> Check:
    """Judge a model for a target. `ToolError` if the target is not installed; no `ModelError`."""
    judge = _Judge(options)
    chosen = judge.attempt(lambda: backend(target, options.weights))
    graph = judge.attempt(lambda: with_digest(read_model(model, inputs or config.inputs, onnx)))
    if graph is None:
        return Check(target, _unjudged(model, judge), judge.found)
    settled = judge.attempt(lambda: chosen_semantics(semantics, dt, config))
    judge.collect(lambda: config.require(graph if graph.stage == "model" else None))
    if chosen is not None and settled is not None:
        judge.run(graph, chosen, settled, config)
    else:
        return Check(target, _unjudged(graph, judge), judge.found, tuple(remarks(graph)))
    final = judge.final
    nodes = tuple(_verdicts(graph, judge))
    said = remarks(judge.stepped or graph)
    return Check(target, nodes, judge.found, tuple(said), final, judge.mapping, judge.fit, judge.ways)


class _Judge:
    """One check: what was found so far, and where it was found."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.problems: dict[Diagnostic, tuple[str, ...]] = {}
        self.sound = True
        self.graph: Graph | None = None
        self.stepped: Graph | None = None
        self.begun: Graph | None = None
        self.final: Graph | None = None
        self.mapping: CoreMapping | None = None
        self.fit: Mapping[str, Any] = {}
        self.ways: tuple[Way, ...] = ()

    @property
    def found(self) -> tuple[Diagnostic, ...]:
        """Every problem, once."""
        return tuple(self.problems)

    def attempt(self, step: Callable[[], T]) -> T | None:
        """What ``step`` gives; None, and its problems noted, if it fails."""
        try:
            return step()
        except ModelError as error:
            self.note(error.diagnostics)
            return None

    def collect(self, step: Callable[[], object]) -> None:
        """Note the problems of a step that gives nothing."""
        self.attempt(step)

    def note(self, problems: Iterable[Diagnostic]) -> None:
        """Keep problems, with the origins of the node that they name; those of a stand-in if they are structural."""
        for problem in problems:
            if self.sound or problem.code in STRUCTURAL:
                node = None if self.graph is None or problem.node not in self.graph else self.graph[problem.node]
                origins = () if node is None or not node.origin else tuple(node.origin.split(" + "))
                self.problems.setdefault(problem, origins)

    def run(self, graph: Graph, target: Backend, semantics: Semantics, config: Config) -> None:
        """Every stage behind the frontend."""
        self.graph = graph
        if graph.stage == "model":
            stepped = self.attempt(lambda: discretise(graph, semantics, None, config))
            self.stepped = stepped
            self.graph = stepped if stepped is not None else self.stand_in(lambda: _discretised(graph, semantics))
        self.begun = self.graph
        self.prune()
        steps = self.passes(target)
        if not steps and self.problems and {problem.code for problem in self.problems} == {"AX601"}:
            return  # foreign nodes keep every pass from running: the rest would be refused for being in float
        for step in (*steps, *last_passes(self.options)):
            if self.graph is None:
                return
            before = self.graph
            after = self.attempt(partial(_after, before, step))
            if after is None and isinstance(step, ToPopulations):
                after = self.stand_in(partial(_after, _without_biases(before), step))
            if after is None:
                self.note(_lasting(target, before))
                return
            self.graph = after
        if self.graph is not None:
            self.place(self.graph, target)

    def prune(self) -> None:
        """Prune the graph, if that is asked for; as it is, where that fails."""
        if (graph := self.graph) is not None and self.options.prune:
            done = self.attempt(lambda: pruned(graph, self.options))
            self.graph = done[-1][1] if done else graph

    def passes(self, target: Backend) -> list[Pass]:
        """The passes to the target; those of the default options if the given ones do not exist."""
        graph = self.graph
        if graph is None:
            return []
        found = self.attempt(lambda: passes_for(graph, target, self.options))
        if found is not None:
            return found
        self.sound = False
        return self.attempt(lambda: passes_for(graph, target, Options())) or []

    def stand_in(self, step: Callable[[], Graph]) -> Graph | None:
        """A graph in place of one that could not be made; from here on only structural problems count."""
        self.sound = False
        return self.attempt(step)

    def place(self, final: Graph, target: Backend) -> None:
        """The target's own check, then mapping and fit, if nothing is wrong so far."""
        asked = [*dram_problems(final, target, self.options.in_dram), *capacity_problems(final, target, self.options)]
        self.note([*target.check(final), *asked])
        if not self.sound or self.problems:
            return
        final = limited(final, self.options)
        self.note(target.check(final))
        active = self.attempt(lambda: with_activity(in_dram(final, self.options.in_dram), target, self.options))
        if active is None:
            return
        try:
            active, mapping, machine = fitted(active, target, self.options)
            program = target.lower(active, mapping, machine, self.options.host)
        except ModelError as error:
            assert self.begun is not None
            found = misfit(error, self.begun, active, target, self.options)
            self.ways = found.ways
            self.note(found.problems)
            return
        self.final, self.mapping = active, mapping
        self.fit = _fit(program.report, machine, active.dt is not None)


def _after(graph: Graph, step: Pass) -> Graph:
    return run_pipeline(graph, [step])[-1][1]


def _discretised(graph: Graph, semantics: Semantics) -> Graph:
    """Under semantics that no neuron refuses, with the same delays."""
    times = [op.delay for op in _ops(graph, TimeDelay)]
    longest = max((float(np.max(delay)) for delay in times), default=0.0)
    stand_in = Semantics(
        "nir",
        semantics.dt or longest or 1.0,
        "exponential",
        reset="zero",
        forward_delay=semantics.forward_delay,
        feedback=semantics.feedback,
        bias=semantics.bias,
    )
    return discretise(graph.with_nodes(map(_positive, graph)), stand_in)


def _positive(node: Node) -> Node:
    """A neuron whose time constants are refused, with others."""
    op = node.op
    if not isinstance(op, ContinuousNeuron):
        return node
    changes = {name: np.ones(op.shape) for name in op.positive if np.any(getattr(op, name) <= 0)}
    if isinstance(op, (IF, LIF, CubaLIF)) and op.v_reset is None:
        changes["v_reset"] = np.zeros(op.shape)
    return replace(node, op=replace(op, **changes)) if changes else node


def _ops(graph: Graph, kind: type[T]) -> list[T]:
    return [node.op for node in graph if isinstance(node.op, kind)]


def _without_biases(graph: Graph) -> Graph:
    """The graph with no constants, which no delay can refuse."""
    return graph.with_nodes(
        replace(node, op=replace(node.op, bias=None)) if isinstance(node.op, (Linear, Conv)) else node for node in graph
    )


def _lasting(target: Backend, graph: Graph) -> list[Diagnostic]:
    """What the target refuses of nodes that no later pass replaces."""
    return [
        problem
        for problem in target.check(graph)
        if problem.node not in graph or not isinstance(graph[problem.node].op, (Linear, Conv))
    ]


def _fit(report: Mapping[str, Any], machine: AnyMachine | None, timed: bool) -> Mapping[str, Any]:
    """The report of what was laid out, and what the machine has; no tick where slots take as long as they need."""
    if not isinstance(machine, Machine):
        return report
    return {**report, "usable_cores": machine.cores, "tick_cycles": machine.tick_cycles if timed else None}


def _unjudged(model: object, judge: _Judge) -> tuple[Verdict, ...]:
    """The nodes of a model that gave no graph."""
    if isinstance(model, Graph):
        return tuple(Verdict(node.name, node.op.name, node.origin, UNJUDGED) for node in model)
    if isinstance(model, (str, Path)) and Path(model).suffix == ".axg":
        return ()
    try:
        nodes = nodes_of(Path(model) if isinstance(model, str) else model)
    except ModelError:
        return ()
    found = [tuple(problem for problem in judge.found if problem.node == name) for name in nodes]
    return tuple(
        Verdict(name, kind, "", UNSUPPORTED if problems else UNJUDGED, problems)
        for (name, kind), problems in zip(nodes.items(), found, strict=True)
    )


def _verdicts(graph: Graph, judge: _Judge) -> Iterable[Verdict]:
    lines = lines_of(graph, "repairs")
    for node in graph:
        problems = tuple(
            problem
            for problem, origins in judge.problems.items()
            if problem.node == node.name or (problem.node not in graph and node.origin in origins)
        )
        own = tuple(line for line in lines if line[5:].startswith(f" {node.name}: "))
        verdict = UNSUPPORTED if problems else REPAIRED if own else OK
        yield Verdict(node.name, node.op.name, node.origin, verdict, problems, own)
