"""Packets that wait for links between chips: what is predicted is what both engines count where all sources send."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import axonc
from axonc import Graph, ModelError, Program, ToolError
from axonc.ir.mapping import Mapping

BOARD = """base = "spinnaker2-board"
[cores]
usable = 3
[clock]
tick_s = 1.0
[link]
bits_per_s = 1e8
queue_packets = {queue}
"""
"""Links on which a packet takes 144 cycles, longer than a core needs from one to the next."""

STEPS = 4


def graph() -> Graph:
    """Neurons that all spike in every step in which all inputs do, and others that listen to them."""
    builder = Graph.builder()
    builder.input("in", 4)
    builder.population("near", "lif", 12, tau=20e-3, r=20.0)
    builder.population("far", "lif", 12, tau=20e-3, r=20.0)
    builder.connect("in", "near", np.full((12, 4), 2.0))
    builder.connect("near", "far", np.full((12, 12), 2.0))
    builder.output("out", "far")
    return builder.graph()


def program(folder: Path, queue: int) -> Program:
    (folder / "machine.toml").write_text(BOARD.format(queue=queue))
    graph().save(folder / "model.axg")
    return axonc.compile(
        axonc.load(folder / "model.axg", dt=1e-3),
        target="spinnaker2",
        machine=folder / "machine.toml",
        slice_size=3,
        strategy="spread",
        calibrate=np.ones((STEPS, 4), np.int64),
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """With queues that are long enough."""
    folder = tmp_path_factory.mktemp("queues")
    made = program(folder, 4096)
    made.save(folder / "build")
    return made


EVERYTHING = np.ones((STEPS, 4), np.int64)


def predicted(built: Program) -> np.ndarray:
    """What is to wait for every link."""
    mapping = Mapping.from_dict(json.loads((built.directory / "mapping.json").read_text())["mapping"])
    return np.array(mapping.link_waiting)


def test_what_waits_is_what_was_predicted(built: Program) -> None:
    waiting = predicted(built)
    assert waiting.max() > 1
    for engine in ("emulator", "native"):
        result = built.run(EVERYTHING, ["near"], engine=engine)
        assert result.recorded["near"].all(), "all sources send"
        np.testing.assert_allclose(result.stats["link_waiting"][0], waiting, rtol=1e-5)
        assert f"at most {waiting.max():.3g} waited for a link" in result.summary()


def test_fewer_events_wait_less(built: Program) -> None:
    """A single step: populations send one slot after the other, and never together."""
    one = EVERYTHING.copy()
    one[1:] = 0
    silent = built.run(0 * EVERYTHING)
    assert not silent.stats["link_waiting"].any()
    assert 1 < built.run(one).stats["link_waiting"].max() < predicted(built).max()


def test_a_queue_of_no_known_length_holds_everything(tmp_path: Path) -> None:
    run = program(tmp_path, 0).run(EVERYTHING)
    assert run.stats["link_waiting"].max() > 1


def test_a_queue_that_is_too_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"AX506 about [\d.]+ packets wait from chip \d+ to chip \d+; .* holds 1"):
        program(tmp_path, 1)


def test_a_queue_that_is_too_short_stops_the_run(built: Program, tmp_path: Path) -> None:
    built.save(tmp_path / "build")
    path = tmp_path / "build" / "mapping.json"
    path.write_text(path.read_text().replace('"link_queue": 4096', '"link_queue": 1'))
    short = axonc.open(tmp_path / "build")
    with pytest.raises(ToolError, match=r"AX902 .*: \d+ packets wait for link \d of chip \d+; its queue holds 1"):
        short.run(EVERYTHING)
    counted = short.run(EVERYTHING, keep_going=True)
    np.testing.assert_allclose(counted.stats["link_waiting"][0], predicted(built), rtol=1e-5)
