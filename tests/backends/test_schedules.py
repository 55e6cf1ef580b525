"""Random schedules: whatever delays, phases, slices and orders of cores there are, the meaning is the same."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import axonc
from axonc.backends import native
from axonc.backends.spinnaker2.toolchain import compile_library

SCHEDULES = 40 * int(os.environ.get("AXONC_EXAMPLES", "1"))
DT = 1e-3


@pytest.fixture(scope="module")
def few_compilations() -> Iterator[None]:
    """Programs that differ only in comments are compiled once."""
    with tempfile.TemporaryDirectory() as folder:
        patch = pytest.MonkeyPatch()
        patch.setattr(native, "compile_library", _reusing(Path(folder)))
        yield
        patch.undo()


def _reusing(folder: Path) -> Any:
    made: dict[str, Path] = {}

    def compile_once(sources: Path, program: str, output: str) -> Path:
        calls = [line.split(";")[0] for line in (sources / program).read_text().splitlines() if "(core, " in line]
        key = "\n".join(calls)
        if key not in made:
            made[key] = folder / f"{len(made)}.so"
            shutil.copy(compile_library(sources, program, output), made[key])
        return Path(shutil.copy(made[key], sources / output))

    return compile_once


class Net:
    """A random network: populations with biases and resting voltages above threshold, loops, delays and relays."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.builder = axonc.Graph.builder()
        self.builder.input("in", 4, events=2)
        self.names = [self._population(f"p{index}") for index in range(self.rng.integers(1, 4))]
        for target in self.names:
            self._connect("in", target, 6.0)
            for source in self.names:
                if self.rng.random() < 0.6:
                    self._link(source, target)
        self.builder.output("out", self.names[-1])

    def _population(self, name: str) -> str:
        leak = self.rng.uniform(-0.5, 1.6, 3)
        if self.rng.random() < 0.5:
            self.builder.population(name, "lif", 3, tau=5 * DT, v_leak=leak)
        else:
            self.builder.population(name, "cuba_lif", 3, tau_syn=3 * DT, tau_mem=6 * DT, v_leak=leak)
        return name

    def _link(self, source: str, target: str) -> None:
        """A connection, now and then through relays that need hops but no steps."""
        for hop in range(int(self.rng.choice([0, 0, 1, 2]))):
            relay = f"{source}.{target}.{hop}"
            self.builder.population(relay, "threshold", 3, threshold=0.4)
            self._connect(source, relay, 1.5)
            source = relay
        self._connect(source, target, 6.0)

    def _connect(self, source: str, target: str, scale: float) -> None:
        columns = 4 if source == "in" else 3
        weight = self.rng.normal(0, scale, (3, columns))
        delay = self.rng.integers(0, 4, (3, columns)) * DT if self.rng.random() < 0.5 else 0.0
        bias = self.rng.normal(0, 0.2, 3) if self.rng.random() < 0.5 else None
        self.builder.connect(source, target, weight, delay=delay, bias=bias)


def program_of(net: Net) -> axonc.Program:
    rng = net.rng
    semantics = str(rng.choice(["nir", "spinnaker2", "snntorch"]))
    graph = axonc.load(net.builder.graph(), f"{semantics},dt={DT}")
    strategy, size = str(rng.choice(["spread", "spread", "fewest-cores"])), int(rng.integers(1, 4))
    listed = int(rng.choice([0, 1000]))
    return axonc.compile(graph, "native", state="q16", strategy=strategy, slice_size=size, input_events=listed)


@pytest.mark.usefixtures("few_compilations")
def test_no_schedule_changes_the_meaning() -> None:
    """Sample by sample and back to back, in any order of cores and events, every state is the interpreter's."""
    phases, delays, spikes = set(), set(), 0
    for seed in range(SCHEDULES):
        net = Net(seed)
        program = program_of(net)
        x = net.rng.integers(0, 3, (3, int(net.rng.integers(1, 9)), 4)) * (net.rng.random((3, 1, 4)) < 0.7)
        names = native.Native().recordable(program.graph)
        expected = program.run(x, names, engine="reference")
        for back_to_back in (False, True):
            found = program.run(x, names, seed=seed, shuffle=True, back_to_back=back_to_back)
            for name in names:
                assert np.array_equal(found[name], expected[name]), (seed, back_to_back, name)
        phases.add(program.manifest["phases"])
        delays.add(json.loads((program.directory / "mapping.json").read_text())["host"]["gap"])
        spikes += sum(expected.count(name) for name in names if expected.is_events(name))
    assert {1, 2, 3} <= phases
    assert {0, 1, 3, 4} <= delays
    assert spikes > 5 * SCHEDULES
