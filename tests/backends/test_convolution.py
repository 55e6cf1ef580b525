"""Convolutions on cores: however populations are cut, sums and events are those of plain loops over the definitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import core_images as images
import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from walking import deliveries

from axonc.backends.spinnaker2.backend import SpiNNaker2
from axonc.backends.spinnaker2.description import memory_map
from axonc.backends.spinnaker2.load import slot_cycles
from axonc.backends.spinnaker2.lower import plan_cores
from axonc.backends.spinnaker2.pack import pack_core
from axonc.backends.spinnaker2.plan import CorePlan
from axonc.compiler.mapping import MapOptions, map_network
from axonc.ir import Graph, Kind
from axonc.ir.mapping import Mapping
from axonc.ir.network import ACTIVITY, Network, SharedKernel, network
from axonc.ir.ops import Axis, Pool, QuantConv
from axonc.ir.target import HostInterface

STEPS = 4


def drawn(data: st.DataObject) -> tuple[images.Model, Graph, Network, Mapping]:
    """A random model, its graph and network, and a random mapping."""
    model = data.draw(images.models())
    graph = model.graph
    net = network(graph)
    return model, graph, net, data.draw(images.mappings(net, [f"pop{len(model.layers) - 1}"]))


def check(data: st.DataObject, kind: str) -> None:
    model, graph, _, mapping = drawn(data)
    expected = model.expected()
    names = [name for name in expected if name.endswith(":v") or graph.signals[name].kind is Kind.EVENT]
    inputs = 0 if any(part.core is None for part in mapping.slices) else model.events + 1
    record = tuple(name for name in names if data.draw(st.booleans()))
    host = HostInterface(record, STEPS, inputs)
    result = images.run(graph, mapping, model.data, kind, names, data.draw(st.integers(0, 9)), host)
    for name in names:
        np.testing.assert_array_equal(result.recorded[name], expected[name], name)
    assert not result.stats["stray"].any()
    assert not result.stats["dropped"].any()


@strategies.examples(60)
@given(data=st.data())
def test_native_cores_equal_loops(data: st.DataObject) -> None:
    check(data, "native")


@strategies.examples(20)
@given(data=st.data())
def test_emulated_cores_equal_loops(data: st.DataObject) -> None:
    check(data, "emulated")


@pytest.mark.parametrize("groups", [1, 2])
def test_overlapping_pools_repeat_taps(groups: int) -> None:
    """Pools of 3 that move by 1 lead from one place to a target and its neighbour through taps in the same order."""
    rng = np.random.default_rng(groups)
    pool, three = Pool((Axis(3), Axis(3))), Axis(3, 1, 1, 1)
    weight = rng.integers(-127, 128, (4, 2 // groups, 3, 3)).astype(np.int8)
    layer = images.Layer((pool, pool), QuantConv(weight, np.asarray(1.0), (three, three), groups), 0, None)
    model = images.Model((2, 9, 8), (layer,), rng.integers(0, 2, (STEPS, 2, 9, 8)))
    _, mapping, _ = chip_mapping(model, 1.0, ["pop0"], slice_size=40)
    result = images.run(model.graph, mapping, model.data, "native", ["pop0"])
    np.testing.assert_array_equal(result.recorded["pop0"], model.expected()["pop0"])


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_an_event_meets_neighbours_in_one_run(stride: int) -> None:
    window = Axis(5, stride, 2, 2)
    weight = np.ones((4, 1, 5, 5), np.int8)
    layer = images.Layer((), QuantConv(weight, np.asarray(1.0), (window, window)), 0, None)
    _, _, (plan,) = chip_mapping(images.Model((1, 20, 20), (layer,), np.zeros((1, 1, 20, 20))), 1.0, ["pop0"])
    (tables,) = plan.convolutions
    assert len(tables.x.runs) == tables.x.count == 20
    assert tables.x.runs["count"].max() == -(-5 // stride)
    assert len(tables.y.runs) == tables.x.runs["count"].sum()


@strategies.examples(60)
@given(data=st.data())
def test_bytes_are_those_that_were_predicted(data: st.DataObject) -> None:
    _, _, net, mapping = drawn(data)
    memory = memory_map(SpiNNaker2().machine(None))
    for plan in plan_cores(net, mapping, HostInterface(("pop0",), STEPS, 9)):
        image, sizes = pack_core(plan, mapping.schedule, mapping.keys, memory), plan.bytes_by_kind(memory)
        assert len(image.data) == sizes["tables"] + sizes["weights"]
        assert image.work_bytes == sum(sizes[kind] for kind in ("state", "recording", "lists", "queues"))
        assert memory.work_at(len(image.data)) == sum(sizes[kind] for kind in ("code", "tables", "weights", "padding"))


@strategies.examples(100)
@given(data=st.data())
def test_events_reach_the_cores_with_a_tap_of_them_and_no_others_than_of_their_block(data: st.DataObject) -> None:
    _, _, net, mapping = drawn(data)
    links = {projection: pattern(projection.weight) for projection in net.projections}
    for part in mapping.slices:
        wanted = np.zeros((part.count, mapping.cores), bool)
        for projection in net.fan_out[part.population]:
            for other in mapping.of(projection.target):
                wanted[:, other.core] |= (links[projection][other.neurons][:, part.neurons] != 0).sum(axis=0) > 0
        if part.block is not None:
            reached = deliveries(mapping, part)
            assert reached.max(initial=0) <= 1
            assert np.all(wanted <= (reached > 0))
            assert np.array_equal(wanted.any(axis=0), reached.any(axis=0))


def pattern(weight: sparse.csc_array | SharedKernel) -> sparse.csc_array:
    """Which synapses there are, whatever they weigh."""
    if not isinstance(weight, SharedKernel):
        return weight
    ones = replace(weight, weight=np.ones_like(weight.weight))
    nothing = sparse.csc_array((prod(weight.target), prod(weight.source)), dtype=np.int64)
    return sparse.csc_array(sum((matrix.astype(np.int64) for matrix in ones.matrices()), nothing))


def image_model(channels: int, size: int, seed: int = 0) -> images.Model:
    """2 maps, convolved twice, with a pool between."""
    rng = np.random.default_rng(seed)
    shape, three = (2, size, size), Axis(3, 1, 1, 1)

    def conv(inputs: int) -> QuantConv:
        return QuantConv(
            rng.integers(-9, 12, (channels, inputs, 3, 3)).astype(np.int8), np.asarray(1.0), (three, three)
        )

    halved = Pool((Axis(2, 2), Axis(2, 2)))
    layers = (images.Layer((), conv(2), 0, 25), images.Layer((halved,), conv(channels), 0, None))
    return images.Model(shape, layers, (rng.random((STEPS, *shape)) < ACTIVITY).astype(np.int64))


def chip_mapping(
    model: images.Model, tick_s: float, outputs: Sequence[str] = ("pop1",), **options: object
) -> tuple[Network, Mapping, list[CorePlan]]:
    """What the compiler makes of a model for a chip with some tick."""
    net, target = network(model.graph), SpiNNaker2()
    machine = replace(target.machine(None), tick_s=tick_s)
    mapping = map_network(net, outputs, machine, target.cost_model(machine), MapOptions(**options))  # type: ignore[arg-type]
    return net, mapping, plan_cores(net, mapping)


def test_a_kernel_is_stored_once_a_core_and_never_unrolled() -> None:
    _, mapping, plans = chip_mapping(image_model(8, 32), 1.0)
    (plan,) = plans
    assert len(mapping.of("in")) == 8
    assert len(plan.convolutions) == 2
    assert sum(tables.weights.size for tables in plan.convolutions) == 8 * 2 * 9 + 8 * 8 * 9
    stored = plan.bytes_by_kind(memory_map(SpiNNaker2().machine(None)))["weights"]
    assert sum(rows.synapses for rows in plan.rows) > 50 * stored


def test_cores_have_time_for_what_they_hold() -> None:
    """The prediction is that of the emulator, but for chance; no core is given more than its share of a tick."""
    model = image_model(8, 32)
    _, mapping, plans = chip_mapping(model, 0.5e-3)
    predicted = np.array([slot_cycles(plan, mapping.schedule) for plan in plans])
    assert predicted.max() <= 0.8 * 150e6 * 0.5e-3
    assert mapping.cores > 2
    result = images.run(model.graph, mapping, model.data, "emulated", ["pop0", "pop1:v"])
    for name in ("pop0", "pop1:v"):
        np.testing.assert_array_equal(result.recorded[name], model.expected()[name])
    first = [core for core in range(mapping.cores) if mapping.on_core(core)[0].population == "pop0"]
    measured = result.stats["cycles"][0].max(axis=0)
    assert np.all(abs(measured[first] / predicted[first] - 1) < 0.25)


def test_queues_hold_what_an_image_can_send_or_say_what_is_safe() -> None:
    """A core that sees all of 2 x 128 x 128 has no room for the keys of all at once."""
    weight, window = np.ones((1, 2, 128, 128), np.int8), Axis(128)
    layer = images.Layer((), QuantConv(weight, np.asarray(1.0), (window, window)), 0, None)
    model = images.Model((2, 128, 128), (layer,), np.zeros((1, 2, 128, 128), np.int64))
    _, _, (plan,) = chip_mapping(model, 1.0, outputs=["pop0"])
    memory = memory_map(SpiNNaker2().machine(None))
    assert plan.most_packets == 2 * 2 * 128 * 128  # two events a neuron
    assert 512 < plan.queue(memory) < plan.most_packets
    assert plan.safe_activity(memory) == plan.queue(memory) / plan.most_packets
    assert sum(plan.bytes_by_kind(memory).values()) <= memory.sram_bytes


@pytest.mark.parametrize("size", [10_000, 1000, 100, 7])
def test_slices_are_boxes_of_the_size_asked_for(size: int) -> None:
    net, mapping, _ = chip_mapping(image_model(3, 12), 1.0, slice_size=size, strategy="spread")
    for population in net.populations:
        parts = mapping.of(population.name)
        numbers = np.concatenate([part.neurons for part in parts])
        assert sorted(numbers.tolist()) == list(range(population.count))
        assert population.name == "in" or max(part.count for part in parts) <= size
        assert all(part.shape == population.shape for part in parts)
