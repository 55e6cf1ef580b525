"""The mapping of random networks: every neuron once, memories kept, keys disjoint, every event where it is needed."""

from __future__ import annotations

from pathlib import Path

import models
import numpy as np
import pytest
import strategies
from hypothesis import given
from walking import deliveries

import axonc
from axonc import ModelError
from axonc.backends.spinnaker2.cost import CoreCost
from axonc.backends.spinnaker2.description import memory_map
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import prepare
from axonc.ir.machine import Machine
from axonc.ir.mapping import Cut, Mapping
from axonc.ir.network import Network, network
from axonc.ir.ops import Input


def mapped(case: strategies.Case) -> tuple[Network, Mapping, Machine]:
    """The network of a case, its mapping and the machine."""
    graph = axonc.load(case.model, semantics=case.semantics, inputs=case.inputs)
    final, mapping, machine = prepare(graph, "spinnaker2", Options(**case.options))
    assert mapping is not None
    assert machine is not None
    return network(final), mapping, machine


@strategies.examples(60)
@given(case=strategies.cases("q16"))
def test_every_neuron_has_one_place_of_the_size_asked_for(case: strategies.Case) -> None:
    net, mapping, _ = mapped(case)
    for population in net.populations:
        parts = mapping.of(population.name)
        assert sorted(n for part in parts for n in part.neurons.tolist()) == list(range(population.count))
        assert all((part.core is None) == isinstance(population.op, Input) for part in parts)
        size = case.options["slice_size"]
        if size is not None and not isinstance(population.op, Input):
            assert max(part.count for part in parts) <= size
            assert len(parts) == -(-population.count // size)
    cores = [part.core for part in mapping.slices if part.core is not None]
    assert set(cores) == set(range(mapping.cores))
    if case.options["strategy"] == "spread":
        assert len(cores) == len(set(cores))


@strategies.examples(30)
@given(case=strategies.cases("q32", wide=True))
def test_no_core_holds_more_than_its_memory(case: strategies.Case) -> None:
    net, mapping, machine = mapped(case)
    cost = CoreCost(memory_map(machine))
    cuts = {population.name: Cut.of(mapping.of(population.name)) for population in net.populations}
    for core in range(mapping.cores):
        load = cost.core_load(net, mapping.schedule, mapping.on_core(core), cuts)
        assert sum(load.bytes.values()) <= machine.memory.total


@strategies.examples(60)
@given(case=strategies.cases("q16"))
def test_key_blocks_are_aligned_and_disjoint(case: strategies.Case) -> None:
    net, mapping, machine = mapped(case)
    sending = [part for part in mapping.slices if part.block is not None]
    assert {part.population for part in sending} == {p.name for p in net.populations if p.peak}
    taken: set[int] = set()
    for part in sending:
        base = mapping.keys.base(part.block or 0)
        keys = set(range(base, base + part.count))
        assert base % (1 << mapping.keys.local_bits) == 0
        assert all(key & mapping.keys.block_mask == base for key in keys)
        assert not taken & keys
        taken |= keys
    assert max(taken, default=0) < 1 << (machine.key_bits - 1)


@strategies.examples(60)
@given(case=strategies.cases("q16"))
def test_an_event_reaches_the_cores_with_a_synapse_of_it_and_no_others_than_of_its_block(case: strategies.Case) -> None:
    net, mapping, _ = mapped(case)
    assert all(route.mask >> (mapping.keys.key_bits - 1) == 0 for route in mapping.routes), "parity does not matter"
    for part in mapping.slices:
        wanted = np.zeros((part.count, mapping.cores), bool)
        for projection in net.fan_out[part.population]:
            for other in mapping.of(projection.target):
                synapses = projection.weight[other.neurons][:, part.neurons] != 0
                wanted[:, other.core] |= synapses.sum(axis=0) > 0
        if part.block is not None:
            reached = deliveries(mapping, part)
            assert reached.max(initial=0) <= 1
            assert np.all(wanted <= (reached > 0))
            assert np.array_equal(wanted.any(axis=0), reached.any(axis=0))


def refused(tmp_path: Path, machine: str, **options: object) -> str:
    """What is wrong with compiling a small model for a small machine."""
    path = tmp_path / "machine.toml"
    path.write_text(machine)
    graph = axonc.load(models.recurrent(40, 30), semantics="nir,dt=1e-3")
    with pytest.raises(ModelError) as caught:
        prepare(graph, "spinnaker2", Options(machine=path, **options))  # type: ignore[arg-type]
    assert all("\n" not in str(problem) for problem in caught.value.diagnostics)
    return str(caught.value)


def test_a_neuron_that_is_too_large_for_a_core_is_refused_with_its_needs(tmp_path: Path) -> None:
    lines = refused(tmp_path, "[memory]\nsram = 14336\ncode = 8192\n").splitlines()
    assert [line.split(" neuron")[0] for line in lines] == ["AX501 cell:", "AX501 readout:"]
    assert all("code 8192" in line and "a core has 14336" in line for line in lines)


def test_too_many_cores_are_refused(tmp_path: Path) -> None:
    found = refused(tmp_path, "[cores]\nusable = 3\n", slice_size=5, strategy="spread")
    assert "AX502 the model needs" in found
    assert "3 are usable" in found


def test_every_overfull_resource_is_told_at_once(tmp_path: Path) -> None:
    text = "[cores]\nusable = 3\n[router]\nentries = 2\nkey_bits = 4\n"
    found = refused(tmp_path, text, slice_size=5, strategy="spread")
    assert [line.split()[0] for line in found.splitlines()] == ["AX502", "AX504", "AX503"]


def test_work_that_no_tick_holds_is_refused(tmp_path: Path) -> None:
    lines = refused(tmp_path, "[clock]\ntick_s = 5e-6\n").splitlines()
    assert [line.split(" neuron")[0] for line in lines] == ["AX505 cell:", "AX505 readout:"]
    assert all("80% of a tick are 600; tick_s = " in line for line in lines)


def test_populations_are_cut_until_their_cores_have_time(tmp_path: Path) -> None:
    (tmp_path / "machine.toml").write_text("[clock]\ntick_s = 2e-5\n")
    graph = axonc.load(models.recurrent(40, 5), semantics="nir,dt=1e-3")
    whole, cut, untimed = (
        prepare(graph, target, Options(machine=machine))[1]
        for target, machine in (
            ("spinnaker2", None),
            ("spinnaker2", tmp_path / "machine.toml"),
            ("native", tmp_path / "machine.toml"),
        )
    )
    assert whole is not None
    assert cut is not None
    assert untimed is not None
    assert [len(mapping.of("cell")) for mapping in (whole, untimed)] == [1, 1]
    assert len(cut.of("cell")) > 1


def test_a_population_for_more_cores_than_there_are_is_refused(tmp_path: Path) -> None:
    found = refused(tmp_path, "[clock]\ntick_s = 1.2e-5\n[cores]\nusable = 3\n")
    assert "AX502 cell: " in found
    assert "cores do not hold it; 3 are usable" in found


def test_a_slice_size_of_one_population_leaves_the_others_whole() -> None:
    graph = axonc.load(models.recurrent(8), semantics="nir,dt=1e-3")
    _, mapping, _ = prepare(graph, "spinnaker2", Options(slice_size={"cell": 3}))
    assert mapping is not None
    assert [part.count for part in mapping.of("cell")] == [3, 3, 2]
    assert [part.count for part in mapping.of("readout")] == [2]


def test_a_slice_without_synapses_gets_no_events() -> None:
    weight = np.zeros((4, 2))
    weight[:2] = 1.0
    graph = axonc.load(models.single(models.neuron("LIF", 4), weight), semantics="nir,dt=1e-3")
    _, mapping, _ = prepare(graph, "spinnaker2", Options(slice_size=2, strategy="spread"))
    assert mapping is not None
    assert [route.cores for route in mapping.routes] == [(0,)]
