"""Two hand-built cores, on the host and emulated, against a simulation in numpy: every state, every spike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from handmade import LOCAL_BITS, Core, Projection, Simulation, build_core, make_machine
from handmade.draw import population, state_probes, weights
from hypothesis import given, settings
from hypothesis import strategies as st

from axonc.backends.spinnaker2 import schema
from axonc.backends.spinnaker2.engine import Inputs, MachineFault, Route, RunResult

KINDS = ("native", "emulated")
STEPS, SLOTS = 12, 30
INPUT_BLOCK, FIRST, SECOND, THIRD = 5, 8, 9, 10
BLOCK_MASK = 0x7FFFFFFF & ~((1 << LOCAL_BITS) - 1)
MODES: dict[str, dict[str, Any]] = {
    **{reset: {"reset": reset} for reset in schema.RESETS},
    "several": {"reset": "subtract", "spikes": 3},
    "bounded": {"reset": "value", "bounded": True},
    "everything": {"reset": "subtract", "spikes": 255, "bounded": True},
}
STATE: dict[str, np.dtype[Any]] = {"q16": np.dtype("<i2"), "q32": np.dtype("<i4"), "f32": np.dtype("<f4")}


@dataclass(frozen=True)
class System:
    """Two cores that excite each other, and the keys that enter."""

    cores: tuple[Core, ...]
    inputs: list[npt.NDArray[np.uint32]]

    @property
    def routes(self) -> list[Route]:
        everyone = tuple(range(len(self.cores)))
        return [Route(block << LOCAL_BITS, BLOCK_MASK, everyone) for block in (INPUT_BLOCK, FIRST, SECOND, THIRD)]


def draw_system(seed: int, storage: str, cuba: bool, mode: str, phases: int) -> System:
    """Two cores with three populations: rings, windows, dense and sparse rows, an old and a new current."""
    rng = np.random.default_rng(seed)
    common = {**MODES[mode], "start": int(rng.integers(0, 3)), "first_phase": int(rng.integers(0, phases))}
    first = population(rng, 11, FIRST, storage, cuba, ring=4, old_current=True, **common)
    second = population(rng, 7, SECOND, storage, cuba, ring=2, first_head=1, **common)
    third = population(rng, 8, THIRD, storage, cuba, **common)
    left = (
        Projection(INPUT_BLOCK, 0, weights(rng, 20, 11, 0.7), ring_offset=0),
        Projection(SECOND, 0, weights(rng, 7, 4, 0.8), sparse=True, first_target=5, ring_offset=3),
        Projection(SECOND, 1, weights(rng, 7, 8, 1.0)),
        Projection(FIRST, 0, weights(rng, 11, 11, 0.2), sparse=True, ring_offset=1),
    )
    right = (
        Projection(FIRST, 0, weights(rng, 11, 7, 0.5), ring_offset=1),
        Projection(THIRD, 0, weights(rng, 8, 5, 0.5), first_target=2),
    )
    drawn = [np.unique(rng.integers(0, 22, 6)) for _ in range(SLOTS - 3)]
    inputs = [(keys | INPUT_BLOCK << LOCAL_BITS).astype(np.uint32) for keys in drawn]
    cores = (Core((first, third), left, 8192, phases), Core((second,), right, 8192, phases))
    return System(cores, inputs)


def run(system: System, kind: str, **options: Any) -> RunResult:
    layouts = [build_core(core) for core in system.cores]
    machine = make_machine(layouts, system.routes, kind)
    probes = state_probes(layouts)
    return machine.run(slots=SLOTS, steps=STEPS, inputs=Inputs.listed(system.inputs), probes=probes, **options)


def simulate(system: System) -> tuple[list[list[int]], list[list[npt.NDArray[Any]]], list[int]]:
    """Keys sent per slot, states per slot in the order of the probes, and saturations per core."""
    simulation = Simulation(system.cores, STEPS)
    sent: list[list[int]] = []
    states = []
    keys: list[int] = []
    for slot in range(SLOTS):
        sent.append(simulation.run_slot(keys))
        keys = [*sent[-1], *(system.inputs[slot].tolist() if slot < len(system.inputs) else [])]
        states.append([a.copy() for core in simulation.states for a in _ordered(core)])
    return sent, states, simulation.saturations


def _ordered(core: list[Any]) -> list[npt.NDArray[Any]]:
    return [*(state.voltage for state in core), *(state.current for state in core)]


def assert_equal(system: System, result: RunResult) -> None:
    sent, states, saturations = simulate(system)
    for slot in range(SLOTS):
        assert sorted(result.trace_keys[result.trace_slots == slot].tolist()) == sent[slot], slot
    storage = system.cores[0].populations[0].storage
    for index, rows in enumerate(result.probes):
        if rows.shape[1]:
            expected = np.array([slot[index] for slot in states])
            np.testing.assert_array_equal(np.frombuffer(rows, STATE[storage]).reshape(SLOTS, -1), expected)
    assert result.status["saturations"].tolist() == saturations


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phases", [1, 2])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("cuba", [False, True])
@pytest.mark.parametrize("storage", STATE)
def test_equals_simulation(storage: str, cuba: bool, mode: str, phases: int, kind: str) -> None:
    system = draw_system(7, storage, cuba, mode, phases)
    result = run(system, kind)
    assert len(result.trace_keys) > 10
    assert_equal(system, result)


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    storage=st.sampled_from(list(STATE)),
    cuba=st.booleans(),
    mode=st.sampled_from(list(MODES)),
    phases=st.integers(1, 3),
    kind=st.sampled_from(KINDS),
)
def test_equals_simulation_drawn(seed: int, storage: str, cuba: bool, mode: str, phases: int, kind: str) -> None:
    system = draw_system(seed, storage, cuba, mode, phases)
    assert_equal(system, run(system, kind, seed=seed, shuffle=True))


@pytest.mark.parametrize("kind", KINDS)
def test_order_does_not_matter(kind: str) -> None:
    system = draw_system(3, "q16", True, "subtract", 2)
    straight = run(system, kind, in_order=True)
    for seed in range(3):
        other = run(system, kind, seed=seed, shuffle=True)
        for a, b in zip(straight.probes, other.probes, strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(straight.sent, other.sent)
        np.testing.assert_array_equal(straight.received, other.received)


@pytest.mark.parametrize("kind", KINDS)
def test_runs_start_afresh(kind: str) -> None:
    system = draw_system(5, "q32", True, "value", 1)
    layouts = [build_core(core) for core in system.cores]
    machine = make_machine(layouts, system.routes, kind)
    runs = [
        machine.run(slots=SLOTS, steps=STEPS, inputs=Inputs.listed(system.inputs), probes=state_probes(layouts))
        for _ in range(2)
    ]
    for a, b in zip(runs[0].probes, runs[1].probes, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(runs[0].trace_keys, runs[1].trace_keys)
    np.testing.assert_array_equal(runs[0].instructions, runs[1].instructions)
    np.testing.assert_array_equal(runs[0].cycles, runs[1].cycles)


@pytest.mark.parametrize("kind", KINDS)
def test_strays_are_counted(kind: str) -> None:
    system = draw_system(5, "q32", False, "value", 1)
    unknown = [np.array([INPUT_BLOCK << LOCAL_BITS | 200, (INPUT_BLOCK + 1) << LOCAL_BITS], np.uint32)]
    result = run(replace(system, inputs=unknown), kind)
    heard = [int(keys) for keys in result.status["stray"]]
    assert heard[0] >= 1
    assert heard[1] >= 1


@pytest.mark.parametrize("kind", KINDS)
def test_full_queue_stops_the_run(kind: str) -> None:
    system = draw_system(3, "q32", False, "value", 1)
    core = replace(system.cores[0], capacity=3)
    keys = (np.arange(4) + (INPUT_BLOCK << LOCAL_BITS)).astype(np.uint32)
    route = [Route(INPUT_BLOCK << LOCAL_BITS, BLOCK_MASK, (0,))]
    machine = make_machine([build_core(core)], route, kind)
    with pytest.raises(MachineFault, match=r"core 0, slot 2: the event queue of 3 packets is full") as caught:
        machine.run(slots=4, steps=4, inputs=Inputs.listed([keys[:3], keys[:0], keys]))
    assert (caught.value.core, caught.value.slot) == (0, 2)
    result = machine.run(slots=4, steps=4, inputs=Inputs.listed([keys[:3], keys[:0], keys]), keep_going=True)
    assert result.status["dropped"].tolist() == [1]
    assert result.status["queue_peak"].tolist() == [3]
    assert result.received[:, 0].tolist() == [0, 3, 0, 3]


def test_first_matching_route_decides() -> None:
    system = draw_system(3, "q32", False, "value", 1)
    layouts = [build_core(core) for core in system.cores]
    key = INPUT_BLOCK << LOCAL_BITS
    routes = [Route(key, 0x7FFFFFFF, (1,)), Route(key, BLOCK_MASK, (0, 1))]
    machine = make_machine(layouts, routes, "native")
    inputs = [np.array([key, key | 1, key | 2], np.uint32)]
    assert machine.run(slots=2, steps=0, inputs=Inputs.listed(inputs)).received[1].tolist() == [2, 3]


def outcome(system: Any, kind: str, **options: Any) -> list[list[int]]:
    """The keys sent in every slot."""
    result = run(system, kind, **options)
    return [sorted(result.trace_keys[result.trace_slots == slot].tolist()) for slot in range(SLOTS)]


@pytest.mark.parametrize("kind", KINDS)
def test_parity_tells_early_events_from_late_ones(kind: str) -> None:
    """A core that runs first sends into the slot that the others have yet to run: only the parity bit shows it."""
    system = draw_system(7, "q32", False, "subtract", 1)
    expected, _, _ = simulate(system)
    assert all(outcome(system, kind, seed=seed) == expected for seed in range(6))
    without = [outcome(system, kind, seed=seed, ignore_parity=True) for seed in range(6)]
    assert any(keys != expected for keys in without)
    assert len({str(keys) for keys in without}) > 1


def chain(length: int) -> tuple[list[Core], list[Route]]:
    """Cores of which each excites itself and the next; the first hears the host, whose block is one above all."""
    rng = np.random.default_rng(8)
    cores = []
    for index in range(length):
        group = population(rng, 6, index, "q32", False, reset="subtract")
        sources = {index, index - 1 if index else length}
        inward = tuple(Projection(block, 0, weights(rng, 6, 6, 0.8)) for block in sorted(sources))
        cores.append(Core((group,), inward))
    ends = [(block, tuple(c for c in (block, block + 1) if c < length)) for block in range(length)]
    return cores, [Route(block << LOCAL_BITS, BLOCK_MASK, to) for block, to in [*ends, (length, (0,))]]


@pytest.mark.parametrize("kind", KINDS)
def test_cores_may_run_ahead_of_all_but_their_neighbours(kind: str) -> None:
    """Cores that exchange events may be a slot apart, others further; without waiting at all results differ."""
    length = 5
    cores, routes = chain(length)
    inputs = [(np.arange(6) | length << LOCAL_BITS).astype(np.uint32)] * SLOTS
    machine = make_machine([build_core(core) for core in cores], routes, kind)
    links = np.abs(np.subtract.outer(np.arange(length + 1), np.arange(length + 1))) == 1
    links[length, length - 1] = links[length - 1, length] = False
    links[length, 0] = links[0, length] = True

    def sent(seed: int, **options: Any) -> tuple[list[tuple[int, int]], bool]:
        """All packets by slot, and whether a core was more than a slot ahead of another."""
        result = machine.run(
            slots=SLOTS, steps=SLOTS, inputs=Inputs.listed(inputs), seed=seed, keep_going=True, **options
        )
        slots = result.trace_slots.astype(int)
        packets = sorted(zip(slots.tolist(), result.trace_keys.tolist(), strict=True))
        return packets, bool(np.any(np.maximum.accumulate(slots) - slots > 1))

    expected, skewed = sent(0, in_order=True)
    assert len(expected) > SLOTS
    assert not skewed
    ahead = [sent(seed, links=links) for seed in range(10)]
    assert all(packets == expected for packets, _ in ahead)
    assert any(skewed for _, skewed in ahead)
    assert any(sent(seed, links=np.zeros_like(links))[0] != expected for seed in range(10))
