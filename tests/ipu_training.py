"""Trainings on the simulator of IPUs, many in one executable, and what they must learn: canonical sums in numpy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from ipu_networks import build_together
from tile_sums import bias_total, kernel_total, matrix
from unrolled import add_kernel, matrices

from axonc.backends.ipu.machine import load_machine
from axonc.backends.ipu.training.lowering import project
from axonc.backends.ipu.training.program import Training, training_program
from axonc.backends.ipu.training.run import run_training
from axonc.backends.ipu.training.traffic import exchanged
from axonc.backends.ipu.training.walk import stages_of
from axonc.backends.training.samples import Learned, Samples
from axonc.backends.training.task import Lists
from axonc.compiler.checkpoint import Plan, Problem, make_plan
from axonc.compiler.checkpoint.families import coarse, table
from axonc.compiler.checkpoint.optimum import Optimal
from axonc.compiler.checkpoint.parts import shared
from axonc.compiler.differentiate import Parameter
from axonc.compiler.driver.directory import write_files
from axonc.compiler.driver.target_training.task import hyper, task_of
from axonc.compiler.training import Network, Optimiser
from axonc.ir import Graph, Node
from axonc.ir.interpret.run import run_batches
from axonc.ir.ops import (
    Conv,
    ConvAdjoint,
    KernelTotal,
    Linear,
    OuterTotal,
    Pool,
    PoolAdjoint,
    Scale,
    StoredTotal,
    Total,
    is_sparse,
)

Array = np.ndarray[Any, Any]
Step = tuple[dict[str, Array], Array]
"""Inputs [T, B, ...] by name, and targets."""


@dataclass(frozen=True)
class Case:
    """A training of a network by a plan."""

    net: Network
    optimiser: Optimiser
    plan: Plan
    batch: int
    per_tile: int
    lists: Lists = Lists("dense")  # noqa: RUF009 - a frozen value

    def program(self) -> Training:
        """Its program for a GC200."""
        steps = self.plan.problem.steps
        task = task_of(self.net, self.optimiser, steps, self.batch, shared(self.plan.loops()))
        return training_program(replace(task, lists=self.lists), load_machine(), self.per_tile)


def planned(kind: str, steps: int, room: int = 4) -> Plan:
    """A plan in little memory: of a state or a tape of one unit each, ``room`` fit."""
    plan = make_plan(kind, Problem(steps, 1, 1, memory=None if kind == "none" else room + 1, bandwidth=1.0))
    assert plan is not None
    return plan


def in_blocks(steps: int, grain: int, room: int) -> Plan:
    """The least time in two memories, of blocks of so many steps, as of sequences too long for single ones."""
    problem = Problem(steps, 1, 1, memory=room + 1, bandwidth=10.0)
    schedule = Optimal(table(coarse(problem, grain)), grain)
    return Plan("two_level", problem, schedule, schedule.cost(problem, 0, steps))


@dataclass(frozen=True)
class Expected:
    """The loss of every step of training, and the parameters in the end."""

    losses: Array
    parameters: dict[tuple[str, str], Array]


@contextmanager
def built(cases: Sequence[Case]) -> Iterator[list[tuple[Path, Training]]]:
    """The programs of all cases, in folders of their own."""
    with TemporaryDirectory() as made:
        folders = [Path(made) / str(index) for index in range(len(cases))]
        programs = [case.program() for case in cases]
        for folder, program in zip(folders, programs, strict=True):
            folder.mkdir()
            write_files(folder, project(program))
        build_together(folders, Path(made) / "all")
        yield list(zip(folders, programs, strict=True))


def learned(folder: Path, program: Training, optimiser: Optimiser, steps: Sequence[Step]) -> Learned:
    """What a program learns in some steps of training."""
    return run_training(
        folder,
        program,
        [Samples(x, target, hyper(optimiser, n, 1.0, target.size)) for n, (x, target) in enumerate(steps, 1)],
    )


def canonical(case: Case, program: Training, steps: Sequence[Step]) -> Expected:
    """Some steps of training by the interpreter, as the tiles of a program add."""
    return canonical_of(case.net, case.optimiser, steps, program)


def canonical_of(
    net: Network, optimiser: Optimiser, steps: Sequence[Step], program: Training | None = None
) -> Expected:
    """The same; without a program both graphs run as they are, every sum in canonical order."""
    values, losses = dict(net.initial), []
    state = optimiser.initial({str(parameter): value for parameter, value in values.items()})
    for count, (x, target) in enumerate(steps, 1):
        loss, gradients = gradients_of(net, program, values, x, target)
        losses.append(loss)
        named = {str(parameter): value for parameter, value in values.items()}
        moved, state = optimiser.step(named, gradients, state, count)
        values = {parameter: moved[str(parameter)] for parameter in values}
    parameters = {(parameter.node, parameter.field): value for parameter, value in values.items()}
    return Expected(np.array(losses, np.float32), parameters)


def gradients_of(
    net: Network, program: Training | None, values: dict[Parameter, Array], x: dict[str, Array], target: Array
) -> tuple[float, dict[str, Array]]:
    """The loss, and gradients by parameter; sums over steps run from the last, in each over the samples."""
    forward = net.with_values(values)
    recorded = run_batches(forward, {name: a.swapaxes(0, 1) for name, a in x.items()}, list(net.backward.tape.values()))
    loss, seed = net.loss(np.ascontiguousarray(recorded[net.output].swapaxes(0, 1), np.float32), target)
    data = {name: recorded[reference] for name, reference in net.backward.tape.items()}
    for output, name in net.backward.seeds.items():
        zero = np.zeros_like(recorded[output], np.float32)
        data[name] = seed.swapaxes(0, 1) if output == net.output else zero
    ops = net.backward.ops(net.ops(values))
    graph = net.backward.graph.with_nodes(replace(node, op=ops[node.name]) for node in net.backward.graph)
    names = [node.name for node in graph if not isinstance(node.op, (KernelTotal, OuterTotal, StoredTotal, Total))]
    backward = matrices(graph) if program is None else in_tiles(graph, program)
    signals = run_batches(backward, {name: a[:, ::-1] for name, a in data.items()}, names)
    return loss, {
        str(parameter): of_parameter(forward, parameter, graph[graph[output].inputs[0]], signals, program)
        for output, parameter in net.backward.gradients.items()
    }


def exchange(program: Training, accounts: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, int]]:
    """Bytes that are exchanged before every compute set that ran, predicted and as the accounts say."""
    seen = {step["name"]: step["exchange_bytes"] for step in accounts["steps"] if step["kind"] == "execute"}
    tiles = program.machine.tiles
    said = {stage.name: int(exchanged(stage, tiles).received.sum()) for stage in stages_of(program)}
    return {name: size for name, size in said.items() if name in seen}, {
        name: seen[name] for name in said if name in seen
    }


def of_parameter(
    forward: Graph, parameter: Parameter, node: Node, signals: dict[str, Array], program: Training | None
) -> Array:
    """The gradient of a parameter; what places share is added up on every tile first."""
    op = forward[parameter.node].op
    if program is None or not isinstance(op, Conv):
        return total_of(node, signals, parameter.of(op))
    x, place = _joined(signals, node.inputs), program.draft.places["forward", parameter.node]
    if parameter.field == "bias":
        return bias_total(op, place, x)
    return kernel_total(op, place, x, _joined(signals, node.reads))


def total_of(node: Node, signals: dict[str, Array], like: Array) -> Array:
    """The sum that a gradient is: steps as the backward graph takes them, samples, one after the other."""
    x = _joined(signals, node.inputs)
    read = _joined(signals, node.reads)
    total = np.zeros(like.shape, np.float32)
    for step in range(x.shape[1]):
        for sample in range(len(x)):
            part = x[sample, step].reshape(-1)
            if isinstance(node.op, KernelTotal):
                add_kernel(total, node.op, part, read[sample, step].reshape(-1))
                continue
            if isinstance(node.op, (OuterTotal, StoredTotal)):
                source, outer = read[sample, step].reshape(-1), isinstance(node.op, OuterTotal)
                part = part[:, None] * source if outer else part[node.op.rows] * source[node.op.columns]
            np.add.at(total.reshape(-1), np.arange(part.size) * total.size // part.size, part.reshape(-1))
    return total


def _joined(signals: dict[str, Array], names: Sequence[str]) -> Array:
    """The sum of signals, one after the other."""
    total = np.zeros((), np.float32)
    for place, name in enumerate(names):
        total = total + signals[name].astype(np.float32) if place else signals[name].astype(np.float32)
    return total


def transposed(node: Node, program: Training) -> Array:
    """The matrix [sources, targets] of the adjoint of a map."""
    if isinstance(node.op, Linear):
        weight = node.op.weight
        return np.asarray(weight.toarray() if is_sparse(weight) else weight)
    forward = program.task.forward[program.task.origins[node.name]]
    op = replace(forward.op, weight=node.op.weight) if isinstance(node.op, ConvAdjoint) else forward.op
    assert isinstance(op, (Conv, Pool))
    targets = int(np.prod(program.task.forward.signals[forward.name].shape))
    return matrix(op, program.task.forward.signals[forward.inputs[0]].shape, targets).T


def in_tiles(graph: Graph, program: Training) -> Graph:
    """The backward graph with each adjoint of a map as one for each tile that holds some of it, and their sum."""
    nodes: list[Node] = []
    for node in graph:
        if not isinstance(node.op, (Linear, ConvAdjoint, PoolAdjoint)):
            nodes.append(node)
            continue
        origin = program.task.origins[node.name]
        place, weight = program.draft.places["forward", origin], transposed(node, program)
        gives, takes = graph.signals[node.name].shape, program.task.forward.signals[origin].shape
        parts = []
        for tile in range(place.layout.tiles):
            kept = np.zeros_like(weight).reshape(len(weight), place.lanes, -1)
            here = place.layout.range(tile)
            kept[:, :, here] = weight.reshape(kept.shape)[:, :, here]
            parts.append(f"{node.name} of tile {tile}")
            nodes.append(
                Node(parts[-1], Linear(kept.reshape(weight.shape), None, takes, gives), node.inputs, node.origin)
            )
        nodes.append(Node(node.name, Scale(np.ones(graph.signals[node.name].shape)), tuple(parts), node.origin))
    return graph.with_nodes(nodes)
