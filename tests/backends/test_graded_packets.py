"""Graded events travel several in a packet: what networks are expected to carry is what engines count of packets."""

from __future__ import annotations

import json
from dataclasses import replace
from math import comb, sqrt
from pathlib import Path

import gated
import gated_graphs
import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import axonc
from axonc import Graph, Program
from axonc.backends.spinnaker2.backend import SpiNNaker2
from axonc.backends.spinnaker2.description import load_machine
from axonc.backends.spinnaker2.packets import expected_packets, packet_words
from axonc.compiler.mapping import traffic
from axonc.ir.mapping import Mapping
from axonc.ir.network import Network, network
from axonc.ir.ops import EGRU, Linear

BOARD = """base = "spinnaker2-board"
[cores]
usable = {usable}
[clock]
tick_s = 1.0
[link]
bits_per_s = 2e7
"""
"""Few cores a chip, and links so slow that packets wait."""

STEPS, INPUTS, UNITS, PART = 4, 9, 30, 6
ONES = np.ones((STEPS, INPUTS))


class Steady(gated.Cells):
    """Units that all give a value in every step: weights are small, biases positive, and thresholds low."""

    def linear(self, name: str, source: str, rows: int, columns: int) -> str:
        weight = 0.1 * np.abs(self.matrix(rows, columns))
        return self.add(name, Linear(weight, np.full(rows, 0.5)), (source,))

    def egru(self, name: str, units: int, **fields: object) -> None:
        w, r = self.linear(f"{name}.w", self.last, 3 * units, self.width), self._own(name, 3, units)
        self._layer(name, EGRU(units, np.full(units, 0.02)), (w,), (r,))


def steady() -> Graph:
    """Two layers whose slices need few of each other's events."""
    made = Steady(INPUTS, seed=1, density=0.04)
    made.egru("first", UNITS)
    made.egru("second", UNITS)
    return made.graph()


def program(
    graph: Graph, folder: Path, x: np.ndarray, usable: int, sizes: int | dict[str, int]
) -> tuple[Program, Mapping]:
    machine = folder / "machine.toml"
    machine.write_text(BOARD.format(usable=usable))
    built = axonc.compile(graph, "spinnaker2", machine=machine, calibrate=x, slice_size=sizes, strategy="spread")
    built.save(folder / "build")
    described = json.loads((folder / "build" / "mapping.json").read_text())
    return built, Mapping.from_dict(described["mapping"])


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, Mapping]:
    """The program of `steady`, for data with which everything sends."""
    return program(steady(), tmp_path_factory.mktemp("steady"), ONES, 3, PART)


@pytest.mark.parametrize("engine", ["emulator", "native"])
def test_what_is_expected_is_what_is_counted_where_all_send(everything: tuple[Program, Mapping], engine: str) -> None:
    built, mapping = everything
    assert len({place.chip for place in mapping.places}) > 2
    result = built.run(ONES, ["first", "second"], engine=engine)
    assert all(result.recorded[name].all() for name in ("first", "second")), "all units send"
    assert result.stats["hops"][0] == STEPS * mapping.hops
    np.testing.assert_array_equal(result.stats["link_packets"][0], STEPS * np.array(mapping.link_loads))
    assert mapping.crossings > 0
    assert mapping.waiting > 1
    np.testing.assert_allclose(result.stats["link_waiting"][0], mapping.link_waiting, rtol=1e-5)


def test_packets_are_fewer_than_events(everything: tuple[Program, Mapping]) -> None:
    """Of 6 events two packets of four: the links carry what the tables of all slices say, not one for each event."""
    built, mapping = everything
    net = network(built.graph)
    assert packet_words(net) == 5
    units = [part for name in ("first", "second") for part in mapping.of(name)]
    assert [part.count for part in units].count(PART) > 2
    result = built.run(ONES)
    heard = [part for part in units if net.fan_out[part.population]]
    assert result.stats["events_sent"].sum() == STEPS * sum(-(-part.count // 4) for part in heard)


def test_traffic_between_cores_is_of_packets(everything: tuple[Program, Mapping]) -> None:
    built, mapping = everything
    net = network(built.graph)
    cost = SpiNNaker2().cost_model(load_machine())
    total = sum(
        -(-part.count // 4) * len(listening(net, mapping, number)) for number, part in enumerate(mapping.slices)
    )
    assert traffic(net, mapping.slices, cost) == pytest.approx(total)


def listening(net: Network, mapping: Mapping, number: int) -> set[int | None]:
    """The other cores with a synapse from any neuron of a slice."""
    source, found = mapping.slices[number], set[int | None]()
    for projection in net.fan_out[source.population]:
        reached = projection.weight.toarray()[:, source.neurons].any(axis=1)  # type: ignore[union-attr]
        targets = np.flatnonzero(reached) % net.by_name[projection.target].count
        found |= {part.core for part in mapping.of(projection.target) if np.isin(part.neurons, targets).any()}
    return found - {source.core}


def moments(count: int, rate: float, size: int) -> tuple[float, float]:
    """Mean and variance of the packets of ``size`` events in which ``count`` neurons send, each with that rate."""
    n = np.arange(count + 1)
    chance = np.array([comb(count, k) * rate**k * (1 - rate) ** (count - k) for k in n])
    packets = -(-n // size)
    mean = float(chance @ packets)
    return mean, float(chance @ (packets - mean) ** 2)


@strategies.examples(60)
@given(count=st.integers(1, 60), rate=st.floats(0.0, 1.0))
def test_expected_packets_are_the_mean_over_all_numbers_of_events(count: int, rate: float) -> None:
    net = network(gated_graphs.chain(np.random.default_rng(0), ["egru"], True, [8], 60).graph)
    mean, _ = moments(count, rate, packet_words(net) - 1)
    population = replace(net.by_name["in"], activity=rate)
    assert expected_packets(net, population, count) == pytest.approx(mean, abs=1e-9)


def test_what_is_expected_at_a_partial_rate_is_the_mean_of_what_is_counted(tmp_path: Path) -> None:
    """Values of which a fifth is not 0, independent of each other. Of ``steps`` independent steps, the packets on
    ``links`` links differ from what is expected by less than four standard deviations: 4 links sqrt(steps variance).
    As many packets as events would be further off."""
    count, rate, steps = 50, 0.2, 300
    graph = gated_graphs.chain(np.random.default_rng(0), [], True, [], count).graph
    built, mapping = program(graph, tmp_path, 5.0 * (np.arange(count) < rate * count)[None], 1, {"readout": 1})
    mean, variance = moments(count, rate, packet_words(network(built.graph)) - 1)
    links = np.count_nonzero(mapping.link_loads)
    assert links > 1
    assert mapping.crossings == pytest.approx(links * mean, rel=1e-5)
    sent = np.random.default_rng(1).random((steps, count)) < rate
    counted = built.run(5.0 * sent, engine="native").stats["link_packets"].sum()
    tolerance = 4 * links * sqrt(steps * variance)
    assert abs(counted - steps * mapping.crossings) < tolerance < links * (sent.sum() - steps * mean)
