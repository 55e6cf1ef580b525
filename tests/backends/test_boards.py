"""Networks on several chips: equal to the reference, every packet where the tables send it, every link counted."""

from __future__ import annotations

import json
from pathlib import Path

import equality
import models
import numpy as np
import pytest
import strategies
from handmade import LOCAL_BITS, Core, Projection, build_core
from handmade.build import compile_program
from handmade.draw import population, weights
from hypothesis import given

import axonc
from axonc import Program, ToolError
from axonc.backends.spinnaker2.engine import Inputs, Machine, NativeMachine, Route, Wiring
from axonc.ir.machine import Board, Grid, Place
from axonc.ir.mapping import Mapping
from axonc.ir.walk import walk

BOARD = """base = "spinnaker2-board"
[cores]
usable = 2
[clock]
tick_s = 1.0
[faults]
chips = [38]
links = [[42, 4]]
"""
"""The board with two cores a chip, next to the host's a dead one and a dead link."""


@strategies.examples(15)
@given(case=strategies.cases("q16"))
def test_native_boards_equal_the_interpreter(case: strategies.Case) -> None:
    equality.assert_equal(case, "native", BOARD)


@strategies.examples(6)
@given(case=strategies.cases("q32"))
def test_emulated_boards_equal_the_interpreter(case: strategies.Case) -> None:
    equality.assert_equal(case, "spinnaker2", BOARD)


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """30 slices of one neuron on chips of two cores."""
    folder = tmp_path_factory.mktemp("spread")
    (folder / "machine.toml").write_text(BOARD)
    graph = axonc.load(models.recurrent(30), semantics="nir,dt=1e-3")
    options = {"machine": folder / "machine.toml", "slice_size": 1, "strategy": "spread"}
    program = axonc.compile(graph, target="spinnaker2", **options)  # type: ignore[arg-type]
    program.save(folder / "build")
    return program


def inputs(steps: int = 30) -> np.ndarray:
    return (np.random.default_rng(0).random((steps, 3)) < 0.5).astype(np.int64)


def test_links_carry_what_the_tables_say(spread: Program) -> None:
    """The machine counts on every link what a walk through the tables counts for all packets that were sent."""
    mapping = Mapping.from_dict(json.loads((spread.directory / "mapping.json").read_text())["mapping"])
    result = spread.run(inputs(), ["cell"])
    assert len({place.chip for place in mapping.places}) > 10
    crossed = np.zeros_like(result.stats["link_packets"][0])
    for part in mapping.slices:
        if part.block is not None:
            sent = inputs() if part.core is None else result.recorded[part.population]
            counts = sent.reshape(len(sent), -1)[:, part.neurons].sum(axis=0)
            keys = mapping.keys.base(part.block) + np.repeat(np.arange(part.count), counts)
            starts = np.full(len(keys), mapping.chip_of(part))
            crossed += walk(mapping.routes, mapping.neighbours, keys, starts, mapping.cores).crossed
    assert crossed.sum() > 100
    np.testing.assert_array_equal(result.stats["link_packets"][0], crossed)
    assert np.all(result.stats["link_peak"] <= result.stats["link_packets"])
    assert not result.stats["link_dropped"].any()
    assert "packets over links" in result.summary()


def test_engines_count_alike(spread: Program) -> None:
    emulated, native = spread.run(inputs()), spread.run(inputs(), engine="native")
    for name in ("link_packets", "link_peak", "hops", "events_received"):
        np.testing.assert_array_equal(emulated.stats[name], native.stats[name], name)


def test_a_run_goes_on_where_another_ended(spread: Program) -> None:
    """What was under way enters again where it had been sent, on whatever chip that was."""
    whole, first = spread.run(inputs()), spread.run(inputs()[:11])
    second = spread.run(inputs()[11:], state=first.state)
    joined = np.concatenate([first.outputs["output"], second.outputs["output"]])
    np.testing.assert_array_equal(joined, whole.outputs["output"])
    for name, array in whole.state.items():
        np.testing.assert_array_equal(second.state[name], array, name)


def test_a_link_that_carries_too_little_stops_the_run(spread: Program, tmp_path: Path) -> None:
    spread.save(tmp_path / "build")
    path = tmp_path / "build" / "mapping.json"
    path.write_text(path.read_text().replace('"link_packets": 62500000', '"link_packets": 3'))
    slow = axonc.open(tmp_path / "build")
    with pytest.raises(ToolError, match=r"AX902 .*, slot \d+: link \d of chip \d+ carries 3 packets in a tick"):
        slow.run(inputs())
    counted = slow.run(inputs(), keep_going=True)
    assert counted.stats["link_dropped"].sum() > 0
    assert counted.stats["link_peak"].max() == 3


def ring_of_chips(routes: list[Route]) -> Machine:
    """Two cores, each on a chip of its own, that the host's block 2 may reach."""
    rng = np.random.default_rng(0)
    cores = [
        Core((population(rng, 4, block, "q32", False),), (Projection(2, 0, weights(rng, 4, 4, 1.0)),), 64)
        for block in range(2)
    ]
    layouts = [build_core(core) for core in cores]
    places = (Place(0, 1, 1, 0), Place(1, 3, 2, 0))
    wiring = Wiring(Board(((0, 0), (1, 0)), 0).neighbours, 0, Grid(4, 4, 1, (), (1, 1)), places)
    libraries = [compile_program(layout.program, "native") for layout in layouts]
    return NativeMachine(libraries, [layout.image for layout in layouts], routes, wiring=wiring)


BLOCK = 2 << LOCAL_BITS
EXACT = 0x7FFFFFFF


def test_packets_follow_tables_chip_by_chip() -> None:
    routes = [
        Route(BLOCK, EXACT, (0,), 0, (0,)),
        Route(BLOCK, EXACT & ~3, (), 0, (0,)),  # of two that match the first decides
        Route(BLOCK, EXACT & ~1, (1,), 1),
    ]
    machine = ring_of_chips(routes)
    keys = np.array([BLOCK, BLOCK | 1, BLOCK | 2, BLOCK | 3, BLOCK | 4], np.uint32)
    result = machine.run(slots=2, steps=0, inputs=Inputs.listed([keys]))
    assert result.received[1].tolist() == [1, 2]
    assert result.crossed[0].tolist() == [[4, 0, 0, 0, 0, 0], [0] * 6]
    assert result.lost == 2, "what nothing matches on the second chip goes straight on, off the board"
    assert result.unrouted == 1
    assert result.hops == 2 * 3, "two deliveries to column 3, row 2 of the second chip; none to the first's router"


def test_packets_that_go_in_circles_are_lost() -> None:
    machine = ring_of_chips([Route(BLOCK, EXACT, (), 0, (0,)), Route(BLOCK, EXACT, (), 1, (3,))])
    result = machine.run(slots=2, steps=0, inputs=Inputs.listed([np.array([BLOCK], np.uint32)]))
    assert (result.lost, result.received.sum()) == (1, 0)


def test_entries_of_other_chips_cores_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown core or link"):
        ring_of_chips([Route(BLOCK, EXACT, (1,), 0)])
    with pytest.raises(ValueError, match="unknown core or link"):
        ring_of_chips([Route(BLOCK, EXACT, (), 0, (6,))])
