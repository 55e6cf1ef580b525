"""C programs learn what canonical sums in numpy do, bit for bit, whatever the plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tasks
from ipu_training import Step, canonical_of
from native_training import Case, built, difference, learned, planned
from scipy import sparse

from axonc import Graph
from axonc.backends.native.training import library
from axonc.backends.native.training.emit import project
from axonc.backends.native.training.program import Training
from axonc.backends.training.samples import Learned
from axonc.compiler.checkpoint import KINDS, Do, make_plan, tally
from axonc.compiler.training import SGD, Adam, CrossEntropy, Dropout, MeanSquared, network
from axonc.ir import Kind, Node, Signal
from axonc.ir.ops import (
    EGRU,
    ONE,
    Axis,
    Delay,
    FastSigmoid,
    Flatten,
    Gate,
    Input,
    Linear,
    Membrane,
    Neuron,
    Output,
    Pool,
    Scale,
    StraightThrough,
    SuperSpike,
)

STEPS, BATCH = 13, 3
SQUARED = MeanSquared(over="mean")


def changed(graph: Graph, **fields: Any) -> Graph:
    """The graph with another op under each of these names."""
    return graph.with_nodes(replace(node, op=fields.get(node.name, node.op)) for node in graph)


def begun() -> Graph:
    """An EGRU with segments, whose cell and delay begin with values."""
    graph, values = tasks.egru(), np.linspace(-0.5, 0.5, 8)
    cell, late = graph["cell"].op, graph["late"].op
    assert isinstance(cell, EGRU)
    assert isinstance(late, Delay)
    cell = replace(cell, zoneout=0.1, segment=5, initial=values, threshold=np.linspace(0.05, 0.2, 8))
    return changed(graph, cell=cell, late=replace(late, steps=2, initial=values))


def stored() -> Graph:
    """Neurons of which each has a threshold of its own, joined by sparse matrices."""
    graph, rng = tasks.lif(reset="zero"), np.random.default_rng(0)
    pruned = {}
    for name in "wro":
        op = graph[name].op
        assert isinstance(op, Linear)
        weight = np.asarray(op.weight)
        pruned[name] = replace(op, weight=sparse.csr_array(weight * (rng.random(weight.shape) < 0.6)))
    hidden = graph["hidden"].op
    assert isinstance(hidden, Neuron)
    assert hidden.gate is not None
    gate = replace(hidden.gate, threshold=np.linspace(0.5, 1, 16), compare="ge")
    return changed(graph, **pruned, hidden=replace(hidden, gate=gate))


def joined() -> Graph:
    """Matrices of several signals, a delay of a delay, a scaled voltage that is read on the way back, two outputs."""
    rng = np.random.default_rng(0)
    gate = Gate(np.asarray(1.0), "subtract", np.asarray(0.0))
    leaky = Membrane(np.asarray(0.8), ONE, np.asarray(0.1), np.asarray(0.02))
    nodes = (
        Node("in", Input(Signal((12,), Kind.EVENT))),
        Node("w", Linear(rng.normal(0, 0.5, (10, 12)), np.zeros(10)), ("in",)),
        Node("spikes", Neuron((10,), None, leaky, gate), ("w",)),
        Node("late", Delay(1), ("spikes",)),
        Node("later", Delay(2), ("late",)),
        Node("m", Linear(rng.normal(0, 0.5, (6, 10))), ("spikes", "later")),
        Node("voltage", Neuron((6,), None, leaky, None), ("m",)),
        Node("flat", Flatten(), ("voltage",)),
        Node("half", Scale(np.linspace(0.5, 1, 6)), ("flat",)),
        Node("o", Linear(rng.normal(0, 0.5, (3, 6))), ("half", "flat")),
        Node("out", Output(), ("o",)),
        Node("other", Output(), ("spikes",)),
    )
    return Graph("joined", nodes, "steps", 1e-3)


def images() -> Graph:
    """The network of images with a pool that adds spikes and one that averages, whose windows overlap."""
    graph, rng = tasks.images(), np.random.default_rng(1)
    pool = replace(graph["pool"], op=Pool((Axis(3, 1, 1, 1), Axis(2, 1))))
    mean = Node("mean", Pool((Axis(2, 1), Axis(1, 1)), True), ("pool",))
    flat = replace(graph["flat"], inputs=("mean",))
    fc = replace(graph["fc"], op=Linear(rng.normal(0, 0.3, (3, 12)), rng.normal(0, 1, 3)))
    return graph.with_nodes([graph["in"], graph["conv"], graph["cell"], pool, mean, flat, fc, graph["out"]])


FEW = SuperSpike(below=0.3)
CASES = {
    "lif": Case(network(tasks.lif(hidden=21), SQUARED), SGD(rate=0.05), STEPS, BATCH),
    "lif, packed": Case(network(tasks.lif(hidden=21), SQUARED), SGD(rate=0.05), STEPS, BATCH, True),
    "wide": Case(network(tasks.lif(hidden=150), SQUARED, surrogate=FEW), SGD(rate=0.05), STEPS, 6),
    "cuba_lif": Case(
        network(
            tasks.lif("cuba_lif", reset="zero"), MeanSquared(over="last"), surrogate=StraightThrough(), attached=True
        ),
        Adam(decay=0.1),
        12,
        5,
    ),
    "feed_forward": Case(
        network(
            tasks.lif("cuba_lif", loops=False), MeanSquared(over="sum"), surrogate=FastSigmoid(below=2.0), attached=True
        ),
        SGD(rate=0.01),
        7,
        BATCH,
    ),
    "sparse": Case(network(stored(), SQUARED), SGD(rate=0.05), STEPS, BATCH),
    "egru": Case(network(tasks.egru(), SQUARED, attached=True), Adam(), STEPS, BATCH),
    "begun": Case(network(begun(), SQUARED, surrogate=SuperSpike(beta=2.0)), Adam(), STEPS, BATCH),
    "gru": Case(network(tasks.gated("gru"), SQUARED), Adam(), STEPS, BATCH),
    "gru before": Case(network(tasks.gru_before(), SQUARED), Adam(), STEPS, BATCH),
    "lstm": Case(network(tasks.gated("lstm"), SQUARED), Adam(), STEPS, BATCH),
    "images": Case(network(images(), SQUARED), SGD(rate=1e-3), STEPS, BATCH),
    "joined": Case(network(joined(), SQUARED, "out", nodes=("w", "m", "o")), SGD(rate=1e-3), STEPS, BATCH),
    "dropout": Case(network(tasks.lif(), SQUARED, dropout=Dropout(0.3)), SGD(rate=0.05), STEPS, BATCH),
    "labels": Case(network(tasks.lif(classes=11), CrossEntropy("mean", 2.0)), Adam(), STEPS, 9),
}
PLANNED = ("lif", "lif, packed", "begun", "joined", "lstm", "dropout")
"""Those that run by every kind of plan."""


def samples(case: Case) -> list[Step]:
    """Two steps of training."""
    rng = np.random.default_rng(0)
    (classes,) = case.net.graph.signals["out"].shape
    targets = [rng.normal(0, 1, (case.batch, classes)) for _ in range(2)]
    if case.net.loss.labelled:
        targets = [rng.integers(0, classes, case.batch) for _ in range(2)]
    extent, shape = (case.steps, case.batch), case.net.graph.signals["in"].shape
    masks = [{name: mask[:] for name, mask in case.net.drawn(turn, *extent).items()} for turn in range(2)]
    events = [(rng.random((*extent, *shape)) < 0.3).astype(np.uint8) for _ in targets]
    return [({"in": x, **here}, target) for x, here, target in zip(events, masks, targets, strict=True)]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Training]]:
    return dict(zip(CASES, built(list(CASES.values()), tmp_path_factory.mktemp("programs")), strict=True))


def run(programs: dict[str, tuple[Path, Training]], name: str, kind: str = "none") -> Learned:
    case, (directory, training) = CASES[name], programs[name]
    return learned(directory, training, planned(training, kind), case.optimiser, samples(case))


@pytest.mark.parametrize("name", list(CASES))
def test_losses_and_parameters_are_those_of_canonical_sums(
    name: str, programs: dict[str, tuple[Path, Training]]
) -> None:
    case, found = CASES[name], run(programs, name)
    expected = canonical_of(case.net, case.optimiser, samples(case))
    np.testing.assert_array_equal(found.losses, expected.losses)
    for parameter, value in expected.parameters.items():
        np.testing.assert_array_equal(found.parameters[parameter], value, str(parameter))
    for parameter, before in case.net.initial.items():
        assert not np.array_equal(found.parameters[parameter.node, parameter.field], before)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("name", PLANNED)
def test_a_plan_changes_no_bit_and_does_what_its_tally_says(
    name: str, kind: str, programs: dict[str, tuple[Path, Training]]
) -> None:
    training, found = programs[name][1], run(programs, name, kind)
    plan, turns = planned(training, kind), 2
    paper = tally(plan.problem, plan.actions())
    accounts, memory = found.accounts, found.accounts["memory"]
    assert not difference(found, run(programs, name))
    assert accounts["turns"] == turns
    assert accounts["backwards"] == turns * STEPS
    counted = [accounts[name] for name in ("forwards", "traffic", "transfers")]
    assert counted == [turns * count for count in (paper.forwards, paper.traffic, paper.transfers)]
    assert (memory["total"], memory["off"]) == (paper.peak, paper.off_chip)
    assert memory["total"] == plan.peak
    assert kind == "none" or accounts["forwards"] > turns * STEPS or accounts["traffic"] > 0


def test_tapes_of_several_steps_move_off_the_chip_together(tmp_path: Path) -> None:
    """A long chain is cut into blocks, whose tapes go and come back as one."""
    case = Case(CASES["lif"].net, SGD(rate=0.05), 1040, BATCH)
    ((directory, training),) = built([case], tmp_path)
    fast = replace(planned(training, "two_level", 6, 12).problem, bandwidth=1e12)
    plan = make_plan("two_level", fast)
    assert plan is not None
    moves = [action for action in plan.actions() if action.do is Do.STORE_TAPE]
    assert any(action.last - action.first > 1 for action in moves)
    one, other = (
        learned(directory, training, chosen, case.optimiser, samples(case))
        for chosen in (planned(training, "none"), plan)
    )
    paper = tally(plan.problem, plan.actions())
    assert not difference(one, other)
    assert (other.accounts["traffic"], other.accounts["transfers"]) == (2 * paper.traffic, 2 * paper.transfers)
    assert other.accounts["memory"]["off"] == paper.off_chip


def test_spikes_as_bits_are_a_smaller_tape_and_the_same_numbers(programs: dict[str, tuple[Path, Training]]) -> None:
    whole, packed = (programs[name][1] for name in ("lif", "lif, packed"))
    spikes = BATCH * 21  # of the neurons, and of the delay behind them
    assert packed.tape_bytes == BATCH * 21 * 4 + 2 * -(-spikes // 8)
    assert whole.tape_bytes - (whole.tape_bytes - BATCH * 21 * 4) % 4 >= BATCH * 21 * 4 + 2 * spikes
    assert not difference(run(programs, "lif"), run(programs, "lif, packed"))


def test_every_width_of_vectors_gives_the_same_bits(programs: dict[str, tuple[Path, Training]]) -> None:
    narrow = run(programs, "wide")
    library.build(programs["wide"][0])
    assert not difference(narrow, run(programs, "wide"))


def test_a_project_is_the_same_bytes_every_time() -> None:
    one, other = (project(CASES["begun"].program()) for _ in range(2))
    assert one == other
    assert b"/*" in one["src/training.c"]
