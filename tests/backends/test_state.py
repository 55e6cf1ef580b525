"""A sequence in parts is the sequence: what a run leaves is what the next one begins with, on every target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count, pairwise
from typing import Any

import core_images
import equality
import gated
import gated_graphs
import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import axonc
from axonc import Graph, ModelError, Result
from axonc.backends.ipu.backend import IPU
from axonc.backends.spinnaker2.backend import SpiNNaker2
from axonc.backends.spinnaker2.traces import recordable
from axonc.compiler.mapping import MapOptions, map_network
from axonc.ir import Fixed, Kind, Node, Signal
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.network import network, output_population
from axonc.ir.ops import Delay, FixedMembrane, FixedNeuron, Input, Output
from axonc.ir.state import State, carried
from axonc.ir.target import HostInterface

Array = np.ndarray[Any, Any]
Run = Callable[[Any, State | None], Result]


def in_parts(run: Run, data: dict[str, Array], axis: int, cuts: list[int]) -> tuple[list[Result], Result]:
    """The results of the parts between ``cuts`` along the axis of time, one after the other, and of the whole."""
    steps = next(iter(data.values())).shape[axis]
    edges, state, results = [0, *sorted(min(cut, steps) for cut in cuts), steps], None, []
    for first, last in pairwise(edges):
        part = {name: array.take(range(first, last), axis) for name, array in data.items()}
        results.append(run(part, state))
        state = results[-1].state
    return results, run(data, None)


def assert_same(results: list[Result], whole: Result, axis: int) -> None:
    """Outputs, recorded signals and the final state of the parts are those of the whole, bit for bit."""
    for name in whole.names:
        joined = np.concatenate([result[name] for result in results], axis)
        np.testing.assert_array_equal(joined, whole[name], name)
    assert list(results[-1].state) == list(whole.state)
    for name, array in whole.state.items():
        assert results[-1].state[name].dtype == array.dtype
        np.testing.assert_array_equal(results[-1].state[name], array, name)


@pytest.mark.parametrize("kind", ["native", "emulated"])
@strategies.examples(6)
@given(data=st.data(), case=gated_graphs.cases(begun=True), seed=st.integers(0, 9))
def test_gated_units_go_on_however_they_are_mapped(
    kind: str, data: st.DataObject, case: gated_graphs.Case, seed: int
) -> None:
    """Cores from the interpreter's state, the interpreter from that of cores; recorded by probes or by the cores."""
    graph, x, names = case.graph, case.data, recordable(case.graph)
    mapping = data.draw(core_images.mappings(network(graph), ["readout"]))
    listed = any(part.core is not None and part.population == "in" for part in mapping.slices)
    recorded = data.draw(st.lists(st.sampled_from(names), unique=True))
    host = HostInterface(tuple(recorded), x.shape[1] * bool(recorded), 200 * listed)
    targets = data.draw(st.permutations(["cores", "interpreter", "cores"]))

    def run(part: Any, state: State | None) -> Result:
        if targets[len(part["in"][0]) % 3] == "interpreter":
            return axonc.interpret(graph, part, names, state=state)
        return core_images.run(graph, mapping, part, kind, names, seed, host, state=state)

    cuts = data.draw(st.lists(st.integers(0, x.shape[1]), min_size=2, max_size=3))
    assert_same(*in_parts(run, {"in": x}, 1, cuts), axis=1)


@pytest.mark.parametrize("target", ["native", "spinnaker2"])
@pytest.mark.parametrize("state", ["q16", "q32", "float32", "loihi"])
@strategies.examples(2)
@given(data=st.data())
def test_neurons_go_on_under_any_semantics(target: str, state: str, data: st.DataObject) -> None:
    case = data.draw(strategies.cases(state))
    equality.require_held(case)
    with equality.built(case, target) as program:
        names, seeds = recordable(program.graph), count()

        def run(part: Any, state: State | None) -> Result:
            return program.run(part, names, state=state, seed=next(seeds), shuffle=True)

        axis = _time_axis(program.graph, case.data)
        cuts = data.draw(st.lists(st.integers(0, 20), min_size=1, max_size=2))
        assert_same(*in_parts(run, dict(case.data), axis, cuts), axis)


def _time_axis(graph: Graph, data: Any) -> int:
    name, array = next(iter(data.items()))
    return array.ndim - len(graph.signals[name].shape) - 1


def test_a_state_has_the_parts_that_the_graph_says() -> None:
    graph = gated_graphs.chain(np.random.default_rng(1), ["egru", "lif"], True, [4, 3]).graph
    parts = axonc.interpret(graph, np.zeros((3, 5))).state
    assert {name: array.shape for name, array in parts.items()} == {n: s.shape for n, s in carried(graph).items()}


def test_delays_of_one_source_must_agree_on_cores() -> None:
    """A core sends an event once; the interpreter goes on from what each delay holds."""
    made = gated_graphs.Network(np.random.default_rng(2))
    made.add("in", Input(Signal((4,), Kind.EVENT)))
    for delay in (1, 3):
        made.joined(f"w{delay}", ("in", 4), 3, delay=delay)
    scale = {"multiplier": np.asarray(1 << 30), "shift": np.asarray(30)}
    rest = {name: np.asarray(0) for name in ("decay", "leak", "offset")}
    made.add("n", FixedNeuron((3,), None, FixedMembrane(Fixed(32), **scale, **rest), None), "w1", "w3")
    made.add("out", Output(), "n")
    graph, x = made.graph, np.zeros((1, 4, 4), np.int64)
    mapping = mapped(graph)
    state = {name: array[None] for name, array in axonc.initial_state(graph).items()}
    sent = np.arange(12).reshape(1, 3, 4) % 2
    agreeing = {**state, "w3.late:line": sent, "w1.late:line": sent[:, 2:]}
    ours = core_images.run(graph, mapping, x, "native", (), state=agreeing)
    np.testing.assert_array_equal(ours["out"], axonc.interpret(graph, x, state=agreeing)["out"])
    assert ours["out"].any()
    with pytest.raises(ModelError, match=r"AX708 w3.late:line: it holds other events of 'in', 1 step"):
        core_images.run(graph, mapping, x, "native", (), state={**agreeing, "w1.late:line": 1 - sent[:, 2:]})


def test_what_begins_in_two_ways_is_refused_before_it_runs() -> None:
    made = gated_graphs.chain(np.random.default_rng(3), ["gru"], True, [4], begun=True)
    made.nodes.pop()
    made.neurons("reader", ("pop0", 4), 3, 38, False, delay=1)
    made.add("out", Output(), "reader")
    for target in (SpiNNaker2(), IPU()):
        (problem,) = target.check(made.graph)
        assert "reader.w.late:line: it holds other events of 'pop0', 1 step(s) old, than 'pop0.back'" in str(problem)


def test_samples_back_to_back_begin_with_zero() -> None:
    case = gated_graphs.chain(np.random.default_rng(3), ["gru"], True, [4], begun=True)
    with pytest.raises(ModelError, match="AX708 samples back to back that begin with a state"):
        core_images.run(case.graph, mapped(case.graph), np.zeros((2, 3, 5)), "native", (), back_to_back=True)


def test_the_host_goes_on_with_its_part() -> None:
    """An embedding before the cores, a late decoder behind them: what is under way there is part of the state."""
    graph, x = gated.embedded(), gated.tokens(2, 9)
    held = Node("held", Delay(2), ("decoder",))
    late = graph.with_nodes([*(replace(n, inputs=("held",)) if n.name == "shown" else n for n in graph), held])
    program = axonc.compile(late, "native", weights="int8", on_host=["auto", "decoder"])
    assert {"held:line", "egru1:c"} <= set(axonc.initial_state(program.graph))
    parts, whole = in_parts(lambda part, state: program.run(part, state=state), {"token": x}, 1, [2, 3])
    assert_same(parts, whole, 1)
    assert program.run(x, back_to_back=True).state == {}
    assert program.verify(x[:, 4:], state=program.run(x[:, :4]).state).equal


def mapped(graph: Graph) -> CoreMapping:
    """All of a graph on as few cores as hold it."""
    target = SpiNNaker2()
    machine = target.machine(None)
    cost = target.cost_model(machine)
    return map_network(
        network(graph), [output_population(graph, n) for n in graph.outputs], machine, cost, MapOptions()
    )
