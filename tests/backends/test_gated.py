"""Graded events and gated units: cores compute what the interpreter does, however a network is cut and mapped."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import core_images
import gated_graphs
import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import axonc
from axonc.backends.native import Native
from axonc.backends.spinnaker2.backend import SpiNNaker2
from axonc.backends.spinnaker2.counts import predicted_macs, received_events
from axonc.backends.spinnaker2.description import memory_map
from axonc.backends.spinnaker2.graded_inputs import rounded
from axonc.backends.spinnaker2.lower import plan_cores
from axonc.backends.spinnaker2.pack import pack_core
from axonc.backends.spinnaker2.packets import packet_words
from axonc.backends.spinnaker2.rows import matrix_rows
from axonc.backends.spinnaker2.traces import recordable
from axonc.compiler.driver.report.facts import facts_of
from axonc.compiler.mapping import connected, schedule_network
from axonc.compiler.mapping.cut import cut
from axonc.ir import Fixed, Graph, Node, Signal
from axonc.ir.machine import BYTEWISE
from axonc.ir.network import network
from axonc.ir.ops import Delay, FixedGRU, FixedLSTM, FixedResetGate, Input, Linear, Output, QuantLinear, ToFixed
from axonc.ir.target import HostInterface


@pytest.mark.parametrize("kind", ["native", "emulated"])
@strategies.examples(12)
@given(data=st.data(), case=gated_graphs.cases(), seed=st.integers(0, 9))
def test_cores_compute_what_the_interpreter_does(
    kind: str, data: st.DataObject, case: gated_graphs.Case, seed: int
) -> None:
    graph = case.graph
    assert not SpiNNaker2().check(graph)
    mapping = data.draw(core_images.mappings(network(graph), ["readout"]))
    listed = any(part.core is not None and part.population == "in" for part in mapping.slices)
    names = recordable(graph)
    recorded = data.draw(st.lists(st.sampled_from(names), unique=True))
    host = HostInterface(tuple(recorded), case.data.shape[0] * case.data.shape[1] * bool(recorded), 200 * listed)
    expected = axonc.interpret(graph, case.data, names)
    for back_to_back in (False, True):
        ours = core_images.run(graph, mapping, case.data, kind, names, seed, host, back_to_back)
        for name in names:
            np.testing.assert_array_equal(ours.recorded[name], expected.recorded[name], name)
        np.testing.assert_array_equal(ours.outputs["out"], expected.outputs["out"])
        assert not ours.stats["stray"].any()


@pytest.mark.parametrize("kind", ["native", "emulated"])
@pytest.mark.parametrize("density", [1.0, 0.5, 0.15, 0.05])
@strategies.examples(2)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_weights_are_counted_as_predicted(kind: str, density: float, data: st.DataObject, seed: int) -> None:
    """Every event of a source adds the weights of its rows on all cores that hear it: no more, no less."""
    rng = np.random.default_rng(seed)
    dense = data.draw(st.booleans())
    block = data.draw(st.sampled_from([1, 4]))
    made = gated_graphs.chain(rng, ["egru", "lif", "egru"], dense, [40, 30, 50], 20, density=density, block=block)
    graph, x = made.graph, gated_graphs.values(rng, dense, (1, 6, 20))
    net = network(graph)
    mapping = data.draw(core_images.mappings(net, ["readout"]))
    populations = [p.name for p in net.populations if p.peak and p.name != "in"]
    seen = axonc.interpret(graph, x[0], populations).recorded
    given_in = rounded(graph, "in", x)[0] if dense else x[0]
    graded = frozenset(p.name for p in net.populations if p.graded)
    received = received_events(mapping, {"in": given_in, **seen}, graded)
    listed = HostInterface((), 0, 2000 * (mapping.of("in")[0].core is not None))
    stats = core_images.run(graph, mapping, x, kind, (), seed % 7, listed).stats
    plans = plan_cores(net, mapping, synapses=core_images.machine(kind, seed % 7).synapses)
    predicted = predicted_macs(plans, received, mapping)
    np.testing.assert_array_equal(stats["macs"][0], predicted)
    assert predicted.sum() > 500 * density


@strategies.examples(20)
@given(data=st.data(), model=core_images.models())
def test_weights_of_convolutions_are_counted_as_predicted(data: st.DataObject, model: core_images.Model) -> None:
    net = network(model.graph)
    mapping = data.draw(core_images.mappings(net, [f"pop{len(model.layers) - 1}"]))
    listed = HostInterface((), 0, int(model.data.sum()) * (mapping.of("in")[0].core is not None))
    spikes = {p.name for p in net.populations if p.peak and p.name != "in"}
    traces = {"in": model.data, **{name: trace for name, trace in model.expected().items() if name in spikes}}
    plans = plan_cores(net, mapping, synapses=core_images.machine("native", 0).synapses)
    graded = frozenset({"in"} if model.values else ())
    predicted = predicted_macs(plans, received_events(mapping, traces, graded), mapping)
    stats = core_images.run(model.graph, mapping, model.data[None], "native", (), 0, listed).stats
    np.testing.assert_array_equal(stats["macs"][0], predicted)


def small(kinds: list[str], dense: bool, **options: Any) -> gated_graphs.Network:
    return gated_graphs.chain(np.random.default_rng(3), kinds, dense, [60] * len(kinds), 20, **options)


@pytest.mark.parametrize(
    ("kinds", "dense", "words"),
    [(["lif"], False, 1), (["egru"], True, 5), (["egru", "egru"], False, 3), (["lif", "lif", "lstm"], False, 2)],
)
def test_packets_are_as_long_as_queues_want_them(kinds: list[str], dense: bool, words: int) -> None:
    """All graded: the longest; few graded events among spikes: the shortest payload."""
    net = network(small(kinds, dense).graph)
    assert packet_words(net) == words
    heard = [p for p in net.populations if net.fan_out[p.name]]
    if words > 1:
        sizes = {n: n * sum(-(-p.count // (n - 1)) if p.graded else p.count * p.peak for p in heard) for n in (2, 3, 5)}
        assert sizes[words] == min(sizes.values())


def test_three_lanes_of_a_slice_are_one_window_of_sparse_rows() -> None:
    """What a matrix does not reach takes neither bytes nor time."""
    made = gated_graphs.chain(np.random.default_rng(0), ["egru"], True, [170], 20, density=0.1)
    net = network(made.graph)
    first, second = cut(net.by_name["pop0"], (2,))
    forward, recurrent = net.fan_in["pop0"]
    for projection, lane in ((forward, 0), (recurrent, 3)):
        sources = cut(net.by_name[projection.source], (1,))
        for target in (first, second):
            (rows,) = matrix_rows(projection, sources, target, 0, 0)
            assert (rows.format, rows.first_target, rows.targets) == ("sparse", lane * 85, 3 * 85)
            whole = projection.weight.toarray().reshape(6, 170, -1)[lane : lane + 3, target.neurons]
            np.testing.assert_array_equal(rows.weight.toarray(), whole.reshape(3 * 85, -1))


@pytest.mark.parametrize("density", [0.0, 0.02, 0.2, 0.6])
def test_rows_of_a_host_are_one_window(density: float) -> None:
    """Their bytes are those that were predicted, with either form of rows; the longer ones have fewer windows."""
    made = gated_graphs.chain(np.random.default_rng(1), ["egru", "gru"], True, [300, 200], 20, density=density)
    net = network(made.graph)
    machine = Native().machine(None)
    parts = [replace(part, core=0) for population in net.populations for part in cut(population, (1,))]
    schedule, cost = schedule_network(net, ["readout"]), Native().cost_model(machine)
    mapping, _ = connected(net, parts, schedule, ["readout"], machine, cost)
    memory = memory_map(machine)
    counts = []
    for synapses in (BYTEWISE, machine.synapses):
        (plan,) = plan_cores(net, mapping, synapses=synapses)
        image, sizes = pack_core(plan, mapping.schedule, mapping.keys, memory), plan.bytes_by_kind(memory)
        assert len(image.data) == sizes["tables"] + sizes["weights"]
        counts.append([rows.format for rows in plan.rows])
    assert counts[1].count("sparse16") <= len(net.projections)
    assert (len(counts[1]) < len(counts[0])) == (0 < density < 0.4)


def test_cores_are_compiled_for_and_filled_by_what_data_show() -> None:
    made = small(["egru", "gru", "lstm"], True)
    x = gated_graphs.values(np.random.default_rng(0), True, (2, 6, 20))
    program = axonc.compile(made.graph, "spinnaker2", slice_size=25, calibrate=x)
    assert program.verify(x, shuffle=True).equal
    seen = program.manifest["activity"]
    sent = axonc.interpret(made.graph, x, ["in.fixed", "pop0"]).recorded
    for name, trace in (("in", sent["in.fixed"]), ("pop0", sent["pop0"])):
        assert seen[name] == (trace != 0).sum(axis=2).max() / trace.shape[2]
    result = program.run(x)
    for core in load_cores(program):
        measured = int(result.stats["cycles"][:, :, core["core"]].max())
        assert 0.75 * measured < core["cycles"] < 1.5 * measured
    assert result.stats["queue_peak"].max() <= max(core["most_packets"] for core in load_cores(program))


def load_cores(program: axonc.Program) -> list[dict[str, Any]]:
    return list(json.loads((program.directory / "report.json").read_text())["cores"])


def test_a_host_is_told_how_values_enter() -> None:
    program = axonc.compile(small(["egru"], True).graph, "native")
    host = json.loads((program.directory / "mapping.json").read_text())["host"]
    (part,) = host["inputs"]["slices"]
    assert (part["scale"], part["graded"], part["limit"]) == (2.0**-10, True, 32767)
    assert host["packets"]["words"] == 5


def test_units_nobody_listens_to_send_nothing() -> None:
    made = gated_graphs.Network(np.random.default_rng(0))
    made.add("in", Input(Signal((4,))))
    made.add("in.fixed", ToFixed(Fixed(16, 10)), "in")
    made.add("w", QuantLinear(np.full((12, 4), 100, np.int8), gated_graphs.ONE), "in.fixed")
    made.add("pop", FixedLSTM(3, made.lanes(4, 3), Fixed(16, 13)), "w")
    made.add("out", Output(), "pop")
    x = np.ones((5, 4))
    result = axonc.compile(made.graph, "native").run(x)
    np.testing.assert_array_equal(result.outputs["out"], axonc.interpret(made.graph, x).outputs["out"])
    assert result.outputs["out"].any()
    assert result.stats["events_sent"].sum() == 0
    assert result.stats["events_received"].sum() == 5


def problems(*nodes: Node) -> list[str]:
    made = (Node("in", Input(Signal((2,)))), Node("fixed", ToFixed(Fixed(16, 10)), ("in",)), *nodes)
    return sorted(problem.code for problem in SpiNNaker2().check(Graph("checked", made, "steps", 1e-3)))


def test_what_graded_events_cannot_do_is_refused() -> None:
    eye = QuantLinear(np.eye(2, dtype=np.int8), gated_graphs.ONE)
    lanes = gated_graphs.Network(np.random.default_rng(0)).lanes(1, 1)
    gate = FixedResetGate(1, lanes, Fixed(16, 13))
    assert problems() == []
    assert problems(Node("dense", Linear(np.eye(2)), ("in",))) == ["AX601", "AX602"]
    assert problems(Node("other", ToFixed(Fixed(16, 9)), ("in",))) == ["AX602"]
    assert problems(Node("twice", ToFixed(Fixed(16, 10)), ("fixed",))) == ["AX602"]
    assert problems(Node("wide", ToFixed(Fixed(32, 10)), ("in",))) == ["AX602", "AX607"]
    assert problems(Node("late", Delay(1, np.ones(2)), ("fixed",))) == []
    assert problems(Node("w", eye, ("fixed",)), Node("gate", gate, ("w",))) == []
    twice = replace(eye, weight=2 * eye.weight)
    assert problems(Node("w", twice, ("fixed",)), Node("gate", gate, ("w",))) == ["AX607"]


def test_many_values_are_cut() -> None:
    """The number of a neuron and its value share a word."""
    made = gated_graphs.Network(np.random.default_rng(0))
    made.add("in", Input(Signal((2, 70_000))))
    made.add("in.fixed", ToFixed(Fixed(16, 10)), "in")
    weight = sparse.csr_array(([100, -7, 3], ([0, 0, 0], [5, 69_999, 139_999])), (1, 140_000), np.int8)
    op = FixedGRU(1, made.lanes(2, 1), Fixed(16, 13), reset="before")
    lanes = sparse.csr_array(sparse.vstack([weight, 2 * weight]))
    made.add("w", QuantLinear(lanes, gated_graphs.ONE, takes=(2, 70_000)), "in.fixed")
    made.add("pop", op, "w")
    made.add("out", Output(), "pop")
    x = np.random.default_rng(0).normal(0, 9, (4, 2, 70_000))
    program = axonc.compile(made.graph, "native")
    np.testing.assert_array_equal(program.run(x).outputs["out"], axonc.interpret(made.graph, x).outputs["out"])
    slices = json.loads((program.directory / "mapping.json").read_text())["host"]["inputs"]["slices"]
    assert all(np.prod(np.subtract(part["upper"], part["lower"])) <= 65535 for part in slices)


def test_a_report_counts_events_not_values() -> None:
    made = small(["egru", "lif"], True)
    x = gated_graphs.values(np.random.default_rng(0), True, (2, 6, 20))
    program = axonc.compile(made.graph, "native")
    activity = facts_of(program, x, [], None).activity
    assert activity is not None
    seen = axonc.interpret(made.graph, x, ["in.fixed", "pop0", "pop1"]).recorded
    for name, trace in (("in", seen["in.fixed"]), ("pop0", seen["pop0"]), ("pop1", seen["pop1"])):
        np.testing.assert_array_equal(activity.events[name], trace != 0)
    assert "pop0" in program.report(x)


@pytest.mark.parametrize("target", ["native", "spinnaker2"])
def test_a_unit_fires_only_above_its_threshold(target: str) -> None:
    """At a threshold that the cell exactly meets it does not; one below, it does, and that much stays."""
    cells = {}
    for name, less in (("gru", None), ("met", 0), ("passed", 1)):
        made = gated_graphs.Network(np.random.default_rng(7))
        made.add("in", Input(Signal((4,))))
        made.add("in.fixed", ToFixed(Fixed(16, 10)), "in")
        limits = None if less is None else cells["gru"][0] - less
        op = FixedGRU(9, made.lanes(6, 9), Fixed(16, 13), limits)
        made.joined("w", ("in.fixed", 4), 9, range(3), 6)
        made.add("pop", op, "w")
        made.add("out", Output(), "pop")
        result = axonc.compile(made.graph, target).run(np.full((1, 4), 3.0), ["pop:c"])
        cells[name] = result.recorded["pop:c"]
        if less is not None:
            np.testing.assert_array_equal(result.outputs["out"][0], cells["gru"][0] * less)
    np.testing.assert_array_equal(cells["met"], cells["gru"])
    np.testing.assert_array_equal(cells["passed"], np.ones((1, 9)))
    assert cells["gru"].all()
