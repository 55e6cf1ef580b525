"""Units that do nothing: what is removed changes no output, what is proved silent stays so, and bounds are tight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gated_graphs
import image_graphs
import models
import numpy as np
import pytest
import strategies
import tasks
from hypothesis import given
from hypothesis import strategies as st
from pruned import weight
from recorded import recorded

import axonc
from axonc import Graph, ModelError
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import stages
from axonc.compiler.passes import RemoveUnits, run_pipeline
from axonc.compiler.passes.units import bounds, layers
from axonc.ir import Kind, Node, Signal
from axonc.ir.interpret.run import run_batches
from axonc.ir.ops import EGRU, ONE, ZERO, Delay, FixedNeuron, Gate, Input, Linear, Membrane, Neuron, Output, Synapse

Array = np.ndarray[Any, Any]


def removed(graph: Graph) -> Graph:
    """The graph without units that do nothing, verified."""
    return run_pipeline(graph, [RemoveUnits()])[-1][1]


def sizes(graph: Graph) -> dict[str, int]:
    return {node.name: int(np.prod(graph.signals[node.name].shape)) for node in graph}


def outputs(graph: Graph, data: Any) -> dict[str, Array]:
    batch = {name: np.asarray(x)[None] if np.asarray(x).ndim == len(graph.signals[name].shape) + 1 else np.asarray(x)
             for name, x in data.items()}  # fmt: skip
    return run_batches(graph, batch)


def require_equal(before: Graph, after: Graph, data: Any) -> None:
    ours, theirs = outputs(after, data), outputs(before, data)
    assert ours.keys() == theirs.keys()
    for name, values in theirs.items():
        np.testing.assert_array_equal(ours[name], values)


def test_outputs_stay_the_same_in_float_and_in_integers() -> None:
    """Random graphs, at every stage of their compilation; in many there is something to remove."""
    counts: list[int] = []
    given(st.data(), st.sampled_from(["float32", "q16", "q32"]))(
        strategies.examples(30)(lambda data, state: counts.extend(require_stages_equal(data, state)))
    )()
    assert sum(count > 0 for count in counts) > 0.1 * len(counts) > 0


def require_stages_equal(data: st.DataObject, state: str) -> Iterator[int]:
    """How many elements go at each stage."""
    case = data.draw(strategies.cases(state))
    graph = axonc.load(case.model, semantics=case.semantics, inputs=case.inputs)
    try:
        every = [graph, *(after for _, after in stages(graph, "reference", Options("int8", state)))]
    except ModelError:
        every = [graph]
    for stage in every:
        after = removed(stage)
        require_equal(stage, after, case.data)
        yield sum(sizes(stage).values()) - sum(sizes(after).values())


@strategies.examples(15)
@given(st.data())
def test_outputs_of_images_stay_the_same(data: st.DataObject) -> None:
    """Convolutions and pools keep what they touch; what lies behind them is cut."""
    case = data.draw(image_graphs.cases("q16"))
    graph = axonc.load(case.model, semantics=case.semantics, inputs=case.inputs)
    for stage in (graph, *(after for _, after in stages(graph, "reference", Options("int8", "q16")))):
        require_equal(stage, removed(stage), case.data)


def test_outputs_of_gated_units_stay_the_same() -> None:
    """All kinds of them, in chains and loops, in fixed point."""
    counts: list[int] = []

    def require(case: gated_graphs.Case) -> None:
        after = removed(case.graph)
        require_equal(case.graph, after, {"in": case.data})
        counts.append(sum(sizes(case.graph).values()) - sum(sizes(after).values()))

    given(gated_graphs.cases())(strategies.examples(25)(require))()
    assert sum(count > 0 for count in counts) > 0.2 * len(counts) > 0


def drive(op: Neuron, weights: Array, shape: tuple[int, ...] = (1,)) -> Graph:
    """in -> fc -> cell -> o -> out."""
    count = len(weights)
    nodes = (
        Node("in", Input(Signal((weights.shape[1],), Kind.EVENT))),
        Node("fc", Linear(weights), ("in",)),
        Node("cell", op, ("fc",)),
        Node("o", Linear(np.ones((2, count))), ("cell",)),
        Node("read", Neuron((2,), None, Membrane(np.asarray(0.9), ONE, ZERO, ZERO), None), ("o",)),
        Node("out", Output(), ("read",)),
    )
    return Graph("drive", nodes, "steps", 1e-3)


def lif(count: int, decay: float, threshold: Any, synapse: Synapse | None = None, **gate: Any) -> Neuron:
    membrane = Membrane(np.asarray(decay), ONE, ZERO, ZERO, gate.pop("sees", "new"))
    known = {"reset": "subtract", "value": ZERO, **gate}
    return Neuron((count,), synapse, membrane, Gate(np.asarray(threshold), **known))


@pytest.mark.parametrize("reset", ["subtract", "value", "none", "subtract_guarded", "subtract_next"])
@pytest.mark.parametrize("compare", ["gt", "ge"])
def test_a_bound_is_tight(reset: str, compare: str) -> None:
    """v comes to w / (1 - decay) and no further: just above that, a threshold is never passed, just below it is."""
    reach = 1 / (1 - 0.875)
    op = lif(3, 0.875, reach * np.array([1 - 1e-4, 1 + 1e-4, 0.5]), reset=reset, compare=compare)
    graph = drive(op, np.ones((3, 1)))
    spikes = axonc.interpret(graph, np.ones((400, 1)), record="cell").recorded["cell"].sum(axis=0)
    assert (spikes > 0).tolist() == [True, False, True]
    after = removed(graph)
    assert sizes(after)["cell"] == 2
    require_equal(graph, after, {"in": np.ones((1, 400, 1))})


@pytest.mark.parametrize("sees", ["new", "old"])
def test_a_synapse_is_bounded_first(sees: str) -> None:
    synapse = Synapse(np.asarray(0.5), np.asarray(2.0), np.asarray(0.25))
    reach = (2.0 + 0.25) / 0.5 / (1 - 0.75)
    op = lif(2, 0.75, reach * np.array([1 - 1e-4, 1 + 1e-4]), synapse, sees=sees)
    graph = drive(op, np.ones((2, 1)))
    assert sizes(removed(graph))["cell"] == 1
    spikes = axonc.interpret(graph, np.ones((400, 1)), record="cell").recorded["cell"].sum(axis=0)
    assert (spikes > 0).tolist() == [True, False]


def test_what_has_no_leak_has_no_bound() -> None:
    """But where nothing positive enters it stays below; a leak upwards fires alone; a floor may lie above."""
    assert sizes(removed(drive(lif(2, 1.0, 1e6), np.array([[1e-3], [-1.0]]))))["cell"] == 1
    up = replace(lif(2, 0.5, 1.0), membrane=Membrane(np.asarray(0.5), ONE, np.array([2.0, 0.9]), ZERO))
    assert sizes(removed(drive(up, -np.ones((2, 1)))))["cell"] == 1
    floor = lif(2, 0.5, np.array([0.5, 0.5]), v_min=np.array([1.5, -1.0]))
    after = removed(drive(floor, np.zeros((2, 1))))
    assert sizes(after)["cell"] == 1
    kept: Any = after["cell"].op
    assert kept.gate.v_min.tolist() == [1.5]


def test_bounds_of_sources_count() -> None:
    """A silent unit sends nothing, so that what it alone drives is silent, too: over two layers and a loop."""
    deep = np.zeros((4, 4))
    deep[1, 0], deep[2, 1], deep[3, 3], deep[0, 2] = 5, 5, 5, 5
    nodes = (
        Node("in", Input(Signal((1,), Kind.EVENT))),
        Node("fc", Linear(np.array([[0.4], [0.0], [0.0], [1.0]])), ("in",)),
        Node("cell", lif(4, 0.5, 1.0), ("fc", "rec")),
        Node("late", Delay(2), ("cell",)),
        Node("rec", Linear(deep), ("late",)),
        Node("next", Linear(np.eye(4) * 9), ("late",)),
        Node("second", lif(4, 0.5, 1.0), ("next",)),
        Node("show", Linear(np.ones((1, 4))), ("second",)),
        Node("out", Output(), ("show",)),
    )
    graph = Graph("deep", nodes, "steps")
    # unit 2 could drive unit 0 if it ever fired: that nothing starts it needs induction over time, which bounds of all
    # steps at once cannot do
    assert sizes(removed(graph))["cell"] == 4
    opened = graph.with_nodes(
        replace(n, op=replace(n.op, weight=deep * (np.arange(4) != 2))) if n.name == "rec" else n for n in graph
    )
    after = removed(opened)
    assert (sizes(after)["cell"], sizes(after)["second"], sizes(after)["late"]) == (1, 1, 1)
    require_equal(opened, after, {"in": np.ones((1, 30, 1))})


def test_units_that_only_read_each_other_go() -> None:
    graph, x = tasks.lif(hidden=8), tasks.task(6)[0]
    dropped = {"o": (slice(None), slice(3, 6)), "r": ([0, 1, 2, 6, 7], slice(3, 6))}

    def node(node: Node) -> Node:
        if node.name not in dropped:
            return node
        held = weight(graph, node.name).copy()
        held[dropped[node.name]] = 0
        return replace(node, op=replace(node.op, weight=held))

    graph = graph.with_nodes(map(node, graph))
    after = removed(graph)
    assert {name: sizes(after)[name] for name in ("hidden", "w", "r", "o")} == {"hidden": 5, "w": 5, "r": 5, "o": 3}
    kept = [0, 1, 2, 6, 7]
    np.testing.assert_array_equal(weight(after, "r"), weight(graph, "r")[np.ix_(kept, kept)])
    np.testing.assert_array_equal(after["w"].op.bias, graph["w"].op.bias[kept])  # type: ignore[attr-defined]
    require_equal(graph, after, {"in": x})


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_units_of_gated_cells_that_nothing_reads_go(kind: str) -> None:
    graph, x = tasks.gated(kind), tasks.task(6)[0]

    def node(node: Node) -> Node:
        if node.name not in ("r", "o"):
            return node
        return replace(node, op=replace(node.op, weight=weight(graph, node.name) * (np.arange(8) % 3 != 0)))

    graph = graph.with_nodes(map(node, graph))
    after = removed(graph)
    assert (sizes(after)["cell"], sizes(after)["late"]) == (5, 5)
    require_equal(graph, after, {"in": x})
    plain: Any = {"late": Delay(1), "cell": replace(graph["cell"].op, **({"peephole": None} if kind == "lstm" else {}))}
    graph = graph.with_nodes(replace(n, op=plain.get(n.name, n.op)) for n in graph)
    program = axonc.compile(graph, target="native", weights="int8", prune="units")
    assert sizes(program.graph)["cell"] == 5
    require_equal(axonc.compile(graph, target="native", weights="int8").graph, program.graph, {"in": x})
    assert program.verify(x).equal


def thresholds(values: Any) -> Graph:
    units = len(values)
    graph = tasks.egru(units)
    return graph.with_nodes(
        replace(node, op=replace(node.op, threshold=np.asarray(values))) if node.name == "cell" else node
        for node in graph
    )


def test_units_of_an_egru_with_a_threshold_of_one_never_fire() -> None:
    """A cell is below 1 whatever comes; below a smaller power of two where the candidate's sum is small."""
    graph, x = thresholds([1.0, 0.999, 1.5, 0.2, 0.0, 1.0, 0.3, 0.1]), tasks.task(8)[0]
    after = removed(graph)
    assert (sizes(after)["cell"], sizes(after)["w"], sizes(after)["r"]) == (5, 15, 15)
    require_equal(graph, after, {"in": x})
    weak = graph.with_nodes(
        replace(n, op=replace(n.op, weight=n.op.weight * 1e-3)) if n.name in ("w", "r") else n for n in graph
    )
    after = removed(weak)
    assert after["cell"].op.threshold.tolist() == [0.0]  # type: ignore[attr-defined]
    require_equal(weak, after, {"in": x})


def test_cells_that_begin_above_their_threshold_stay() -> None:
    """The first state counts: of three cells with a threshold of 1, that which begins above it fires."""
    graph, x = thresholds([1.0, 1.0, 1.0, 0.2, 0.1, 0.3]), tasks.task(8)[0]
    first = np.array([3.5, 0.9, 0.0, 0.0, 0.5, 0.0])
    graph = graph.with_nodes(replace(n, op=replace(n.op, initial=first)) if n.name == "cell" else n for n in graph)
    assert axonc.interpret(graph, x, record="cell").recorded["cell"][:, 0, 0].any()
    for stage in (graph, axonc.compile(graph, target="native", weights="int8").graph):
        after = removed(stage)
        assert sizes(after)["cell"] == 4
        assert after["cell"].op.initial.tolist() == stage["cell"].op.initial[[0, 3, 4, 5]].tolist()  # type: ignore[attr-defined]
        require_equal(stage, after, {"in": x})


def test_an_egru_in_integers_loses_the_same_units() -> None:
    graph, x = thresholds([1.0, 0.999, 1.5, 0.2, 0.0, 1.0, 0.3, 0.1]), tasks.task(8)[0]
    for target in ("native", "spinnaker2"):
        whole, cut = (axonc.compile(graph, target=target, weights="int8", prune=how) for how in (None, "units"))
        assert sizes(whole.graph)["cell"] == 8
        assert sizes(cut.graph)["cell"] <= 5, "bounds of sums may tell more"
        assert cut.manifest["pipeline"].endswith("; remove_units")
        require_equal(whole.graph, cut.graph, {"in": x})
        assert cut.verify(x[:2]).equal


def every_extreme(graph: Graph, steps: int = 200) -> Array:
    """For every row of ``fc`` a sample: the input that drives it most, at every step."""
    return np.repeat((weight(graph) > 0).astype(np.uint8)[:, None], steps, axis=1)


@strategies.examples(12)
@given(st.integers(0, 10**6), st.sampled_from(["q16", "q32", "float32"]), st.booleans())
def test_no_input_wakes_what_is_proved_silent(seed: int, state: str, ge: bool) -> None:
    """Thresholds around what the worst input leads to, in the integers of each state format."""
    rng = np.random.default_rng(seed)
    weights, decay = rng.normal(0, 1, (6, 5)), float(rng.uniform(0, 0.99))
    reach = np.maximum(weights, 0).sum(axis=1) / (1 - decay)
    op = lif(6, decay, reach * rng.choice([0.9, 0.999, 1.0, 1.001, 1.1], 6), compare="ge" if ge else "gt")
    graph = drive(op, weights)
    final = stages(graph, "reference", Options("int8", state))[-1][1]
    for stage in (graph, final):
        silent = bounds(stage, {})["cell"].zero
        x = every_extreme(graph)
        assert not run_batches(stage, {"in": x}, ["cell"])["cell"][..., silent].any()
        require_equal(stage, removed(stage), {"in": x})


def test_proofs_in_fixed_point_are_tight() -> None:
    """Of the integer neurons that the worst input leaves silent, nearly all are proved to be; and none other."""
    rng, proved, quiet = np.random.default_rng(0), 0, 0
    for decay in (0.0, 0.5, 0.9, 0.99):
        weights = rng.normal(0, 1, (40, 5))
        reach = np.maximum(weights, 0).sum(axis=1) / (1 - decay)
        graph = drive(lif(40, decay, reach * rng.uniform(0.95, 1.05, 40)), weights)
        final = stages(graph, "reference", Options("int8", "q16"))[-1][1]
        assert isinstance(final["cell"].op, FixedNeuron)
        silent = bounds(final, {})["cell"].zero
        sent = run_batches(final, {"in": every_extreme(graph, 800)}, ["cell"])["cell"]
        awake = np.array([sent[unit, :, unit].any() for unit in range(40)])
        assert not np.any(awake & silent)
        proved, quiet = proved + int(silent.sum()), quiet + int((~awake).sum())
    assert quiet > 40
    assert proved >= 0.95 * quiet


def constants(reader: Array, bias: Array | None, **gate: Any) -> Graph:
    """in -> four units, of which the first two fire in every step -> a matrix -> neurons -> out."""
    op = replace(
        lif(4, 0.5, 1.0, **gate), membrane=Membrane(np.asarray(0.5), ONE, ZERO, np.array([2.25, 1.5, 0.5, 0.0]))
    )
    weights = np.array([[-1.0, 0.5], [0.25, 1.0], [1.0, 1.0], [1.0, 1.0]])
    nodes = (
        Node("in", Input(Signal((2,), Kind.EVENT))),
        Node("fc", Linear(weights), ("in",)),
        Node("cell", op, ("fc",)),
        Node("o", Linear(reader, bias), ("cell",)),
        Node("read", lif(len(reader), 0.9, 2.0), ("o",)),
        Node("out", Output(), ("read",)),
    )
    return Graph("constants", nodes, "steps", 1e-3)


@pytest.mark.parametrize("reset", ["subtract", "value", "none"])
def test_units_that_always_fire_move_to_a_bias(reset: str) -> None:
    """Where sums are exact: of multiples of one power of two, small enough."""
    rng = np.random.default_rng(0)
    grid = rng.integers(-9, 10, (5, 4)) / 8
    graph = constants(grid, rng.integers(-9, 10, 5) / 8, reset=reset)
    x = (rng.random((6, 50, 2)) < 0.5).astype(np.uint8)
    sent = run_batches(graph, {"in": x}, ["cell"])["cell"]
    assert sent[..., :2].all()
    assert not sent[..., 2:].all(axis=(0, 1)).any()
    after = removed(graph)
    assert sizes(after)["cell"] == 2
    np.testing.assert_array_equal(after["o"].op.bias, graph["o"].op.bias + grid[:, :2].sum(axis=1))  # type: ignore[attr-defined]
    require_equal(graph, after, {"in": x})
    none = constants(grid, None, reset=reset)
    require_equal(none, removed(none), {"in": x})


def test_units_that_always_fire_stay_where_sums_are_rounded() -> None:
    """The order of terms tells then: one row of tenths keeps both; nor is a unit constant behind a delay."""
    x = (np.random.default_rng(0).random((6, 50, 2)) < 0.5).astype(np.uint8)
    for row in ([0.1, 0.7, 0.3, 0.9], [2.0**30, 1.0, 0.5, 2.0**-4]):
        graph = constants(np.array([[1.0, 2.0, 3.0, 4.0], row]), None)
        after = removed(graph)
        assert sizes(after)["cell"] == 4
        np.testing.assert_array_equal(weight(after, "o"), [[0, 0, 3, 4], row])
        require_equal(graph, after, {"in": x})
    late = constants(np.ones((2, 4)), None)
    nodes = [replace(n, inputs=("late",)) if n.name == "o" else n for n in late]
    late = late.with_nodes([*nodes, Node("late", Delay(1), ("cell",))])
    assert sizes(removed(late))["cell"] == 4


def test_a_layer_keeps_one_unit() -> None:
    """So that a network whose layer is all silent still is one."""
    graph = drive(lif(4, 0.5, 100.0), np.ones((4, 3)))
    after = removed(graph)
    assert sizes(after)["cell"] == 1
    assert sizes(removed(after)) == sizes(after)
    require_equal(graph, after, {"in": np.ones((1, 20, 3))})


def test_what_outputs_and_convolutions_see_stays() -> None:
    graph = tasks.images()
    assert sizes(removed(graph)) == sizes(graph)
    shown = Graph("shown", (*drive(lif(4, 0.5, 100.0), np.ones((4, 3))).nodes, Node("s", Output(), ("cell",))), "steps")
    assert sizes(removed(shown)) == sizes(shown)


def test_layers_of_a_recurrent_cell() -> None:
    found = layers(tasks.egru(8))
    assert found["w"] is found["r"] is found["cell"] is found["late"]
    assert (found["cell"].size, found["w"].copies["w"], found["o"].fixed, found["in"].fixed) == (8, 3, True, True)


def test_units_of_an_image_become_flat() -> None:
    """A population of two axes, read by a matrix that takes both."""
    rng = np.random.default_rng(0)
    gate = Gate(np.where(np.arange(6) % 2, 0.05, 99.0).reshape(2, 3), "subtract", np.zeros((2, 3)))
    cell = Neuron((2, 3), None, Membrane(np.full((2, 3), 0.5), ONE, ZERO, np.linspace(0, 0.1, 6).reshape(2, 3)), gate)
    nodes = (
        Node("in", Input(Signal((4,), Kind.EVENT))),
        Node("fc", Linear(abs(rng.normal(0, 1, (6, 4))), rng.normal(0, 0.1, 6), gives=(2, 3)), ("in",)),
        Node("cell", cell, ("fc",)),
        Node("o", Linear(rng.normal(0, 1, (2, 6)), takes=(2, 3)), ("cell",)),
        Node("out", Output(), ("o",)),
    )
    graph = Graph("image", nodes, "steps")
    after = removed(graph)
    assert after.signals["cell"].shape == (3,)
    require_equal(graph, after, {"in": (rng.random((4, 30, 4)) < 0.5).astype(np.uint8)})


def test_silent_units_go_with_a_note() -> None:
    """What the data leave silent goes; for these data nothing changes, and the manifest says that it is lossy."""
    graph, x = thresholds([0.9, 0.8, 1.5, 0.2, 0.0, 1.0, 0.3, 0.1]), tasks.task(20)[0]
    sent = (axonc.interpret(graph, x, record="cell").recorded["cell"] != 0).sum(axis=(0, 1))
    after = axonc.prune(graph, "silent", calibrate=x)
    assert sizes(after)["cell"] == np.sum(sent > 0) < np.sum(np.asarray([0.9, 0.8, 1.5, 0.2, 0.0, 1.0, 0.3, 0.1]) < 1)
    np.testing.assert_array_equal(axonc.interpret(after, x)["out"], axonc.interpret(graph, x)["out"])
    program = axonc.compile(graph, target="native", weights="int8", prune=["silent", "units"], calibrate=x)
    lost = int(np.sum(sent == 0)) - 2
    assert [note for note in program.manifest["notes"] if note.startswith("AX412")] == [
        f"AX412 cell: {lost} of 8 units were removed since they send no event over the given data; other inputs "
        "may need them; evaluate the result on data of its own"
    ]
    rare = axonc.prune(graph, f"silent,rate={np.median(sent) / (20 * tasks.STEPS)}", calibrate=x)
    assert sizes(rare)["cell"] == np.sum(sent > np.median(sent))


def test_options_of_removal() -> None:
    with pytest.raises(ModelError, match=r"AX407.*without data"):
        axonc.prune(tasks.egru(), "silent")
    with pytest.raises(ModelError, match="AX403 rate=-1"):
        axonc.prune(tasks.egru(), "silent,rate=-1", calibrate=tasks.task(2)[0])
    with pytest.raises(ModelError, match="AX403 prune units: the field 'rate'; known"):
        axonc.prune(tasks.egru(), "units,rate=1")
    assert isinstance(tasks.egru()["cell"].op, EGRU)
    assert sizes(axonc.prune(axonc.load(models.recurrent(), dt=1e-3), "units"))


BRAILLE = "paper/03_rnn/braille_noDelay_bias_zero.nir"


@pytest.mark.parametrize("sparsity", [0.0, 0.8])
@pytest.mark.parametrize("name", [BRAILLE, "paper/03_rnn/braille_noDelay_noBias_subtract.nir"])
def test_real_networks_keep_every_output(name: str, sparsity: float) -> None:
    """On a recording of Braille letters and on noise, in float and in integers; one network has units to spare."""
    graph = axonc.prune(axonc.load(recorded(name), semantics="snntorch"), sparsity)
    letters = np.load(recorded("paper/03_rnn/braille_ds_test0_T256xC12.npy"))
    x = np.stack([letters, np.random.default_rng(0).random(letters.shape) < 0.5]).astype(np.int64)
    given_x = {node.name: x for node in graph.inputs}
    for stage in (graph, stages(graph, "reference", Options("int8", "q16"))[-1][1]):
        after = removed(stage)
        require_equal(stage, after, given_x)
        if name == BRAILLE and not sparsity:
            assert (sizes(stage)["lif1.lif"], sizes(after)["lif1.lif"]) == (38, 11)
            assert any(values.any() for values in outputs(after, given_x).values())


def test_a_real_network_of_images_keeps_every_output() -> None:
    """What is pruned behind its convolutions leaves units that can go."""
    graph = axonc.prune(axonc.load(recorded("paper/02_cnn/cnn_sinabs.nir"), semantics="sinabs,dt=1e-4"), 0.5)
    (node,) = graph.inputs
    x = (np.random.default_rng(0).random((1, 12, *graph.signals[node.name].shape)) < 0.3).astype(np.int64)
    after = removed(graph)
    assert sum(sizes(after).values()) < sum(sizes(graph).values())
    assert any(values.any() for values in outputs(after, {node.name: x}).values())
    require_equal(graph, after, {node.name: x})
    final = stages(graph, "reference", Options("int8", "q16"))[-1][1]
    require_equal(final, removed(final), {node.name: x})
