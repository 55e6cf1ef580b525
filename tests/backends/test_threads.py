"""Cores that threads run side by side: every byte of a result, and every fault, as with one thread."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from handmade import LOCAL_BITS, Core, Projection, build_core, make_machine
from handmade.draw import population, state_probes, weights
from hypothesis import given, settings
from hypothesis import strategies as st

from axonc.backends.spinnaker2.engine import Inputs, Machine, MachineFault, NativeMachine, Probe, Route, RunResult

KINDS = ("native", "emulated")
BLOCK_MASK = 0x7FFFFFFF & ~((1 << LOCAL_BITS) - 1)
SLOTS = 12
LIMITS: dict[str, dict[str, Any]] = {
    "none": {},
    "queues": {"capacity": 9},
    "queues, counted": {"capacity": 9, "keep_going": True},
    "ticks": {"tick_cycles": 1500},
    "ticks, counted": {"tick_cycles": 1500, "keep_going": True},
    "endless": {"budget": 700},
}


def network(seed: int, cores: int, capacity: int) -> tuple[list[Core], list[Route]]:
    """Cores of 6 neurons that hear a random third of the others, and the host, whose block is one above all."""
    rng = np.random.default_rng(seed)
    heard = rng.random((cores + 1, cores)) < 0.35
    built = []
    for index in range(cores):
        group = population(rng, 6, index, "q32", False, reset="subtract")
        inward = (Projection(int(block), 0, weights(rng, 6, 6, 0.8)) for block in np.flatnonzero(heard[:, index]))
        built.append(Core((group,), tuple(inward), capacity))
    listeners = (tuple(np.flatnonzero(row).tolist()) for row in heard)
    return built, [Route(block << LOCAL_BITS, BLOCK_MASK, to) for block, to in enumerate(listeners)]


def outcome(machine: Machine, probes: list[Probe], inputs: list[Any], **options: Any) -> RunResult | str:
    try:
        return machine.run(
            slots=SLOTS, steps=SLOTS, inputs=Inputs.listed(inputs), probes=probes, shuffle=True, **options
        )
    except MachineFault as fault:
        return repr(fault)


def assert_same(first: RunResult | str, second: RunResult | str) -> None:
    assert type(first) is type(second)
    if isinstance(first, str) or isinstance(second, str):
        assert first == second
        return
    for field in fields(RunResult):
        a, b = getattr(first, field.name), getattr(second, field.name)
        for left, right in zip(a, b, strict=True) if isinstance(a, list) else [(a, b)]:
            np.testing.assert_array_equal(left, right, field.name)


@settings(deadline=None, max_examples=10)
@given(
    seed=st.integers(0, 2**32 - 1),
    cores=st.integers(1, 9),
    limit=st.sampled_from(list(LIMITS)),
    kind=st.sampled_from(KINDS),
    threads=st.integers(2, 5),
)
def test_threads_change_nothing(seed: int, cores: int, limit: str, kind: str, threads: int) -> None:
    options = {"seed": seed, **LIMITS[limit]}
    built, routes = network(seed, cores, options.pop("capacity", 8192))
    layouts = [build_core(core) for core in built]
    machine = make_machine(layouts, routes, kind)
    inputs = [(np.arange(6) | cores << LOCAL_BITS).astype(np.uint32)] * SLOTS
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NativeMachine, "cores_per_thread", 1)
        alone, together, again = (
            outcome(machine, state_probes(layouts), inputs, threads=n, **options) for n in (1, threads, threads)
        )
    assert_same(alone, together)
    assert_same(alone, again)


def test_the_limits_are_met() -> None:
    """What is compared above does happen, and which of several faults is told follows from the seed."""
    messages = {"queues": "event queue of 9 packets", "ticks": "a tick has 1500", "endless": "more than 700 instr"}
    inputs = [np.arange(3, dtype=np.uint32) | 8 << LOCAL_BITS]
    told: set[RunResult | str] = set()
    for limit, message in messages.items():
        options = dict(LIMITS[limit])
        built, routes = network(1, 8, options.pop("capacity", 8192))
        machine = make_machine([build_core(core) for core in built], routes, "emulated")
        faults = {outcome(machine, [], inputs, seed=seed, threads=3, **options) for seed in range(4)}
        assert all(message in str(fault) for fault in faults)
        told |= faults
    assert len(told) > len(messages)
