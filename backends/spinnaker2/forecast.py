"""What a mapped network takes, core by core and for a step: predicted before anything runs."""

from __future__ import annotations

from collections.abc import Mapping as JsonMapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from axonc.ir.machine import Energy, Machine
from axonc.ir.mapping import Mapping, Schedule

from .costs import Costs, cycles, instructions
from .plan import CorePlan
from .traffic import Assumed
from .work import Work, core_work


@dataclass(frozen=True)
class Forecast:
    """Expectations of a core: ``slot``, what its busiest slot takes; ``step``, what a step does, which is one slot of
    each phase; in a step, ``received`` events and ``sent`` packets."""

    slot: Costs
    step: Costs
    received: float
    sent: float


def forecast(plan: CorePlan, schedule: Schedule) -> Forecast:
    """What a core is expected to do, for events as `traffic.Assumed` has them."""
    work = core_work(plan, Assumed(plan, schedule))
    counted, timed = instructions(work), cycles(work)
    return Forecast(
        Costs(float(counted.max()), float(timed.max())),
        Costs(float(counted.sum()), float(timed.sum())),
        _total(work, ".event"),
        _total(work, "listed", "given.packet", "spike."),
    )


def _total(work: Work, *names: str) -> float:
    """The amount of all parts whose names begin, or end, so."""
    return float(sum(amount.sum() for name, amount in work.items() if name.startswith(names) or name.endswith(names)))


def step_report(mapping: Mapping, machine: Machine, cores: Sequence[Forecast], timed: bool) -> dict[str, Any]:
    """What all cores together are expected to take for a step: instructions, cycles, events that they receive, packets
    that they send, ``crossings`` of links between chips, the most ``waiting`` for one of them, ``hops`` on chips,
    seconds, and joules by where they go: a packet passes the router of its chip, and another one for every link that it
    crosses. ``timed``: slots are ticks; else each lasts as long as the busiest core."""
    busiest = max((core.slot.cycles for core in cores), default=0.0)
    slot = machine.tick_s if timed else busiest / machine.clock_hz
    seconds = slot * mapping.schedule.phases
    packets = sum(core.sent for core in cores)
    passed = packets + mapping.crossings
    total = sum(core.step.cycles for core in cores)
    return {
        "instructions": round(sum(core.step.instructions for core in cores)),
        "cycles": round(total),
        "events": round(sum(core.received for core in cores), 2),
        "packets": round(packets, 2),
        "crossings": round(mapping.crossings, 2),
        "waiting": mapping.waiting,
        "hops": round(mapping.hops, 2),
        "seconds": float(f"{seconds:.6g}"),
        "latency_s": float(f"{(mapping.schedule.latency + 1) * slot:.6g}"),
        "joules": rounded(machine.energy.joules(total, passed, mapping.hops, len(cores), chips(mapping), seconds)),
    }


def rounded(joules: dict[str, float]) -> dict[str, float]:
    """Estimates do not have more than four digits."""
    return {name: float(f"{value:.4g}") for name, value in joules.items()}


def chips(mapping: Mapping) -> int:
    """The chips that its cores take."""
    return max(1, len({place.chip for place in mapping.places}))


def spent(described: JsonMapping[str, Any], stats: JsonMapping[str, Any]) -> dict[str, Any]:
    """What runs took by the same estimates, from their counters: ``seconds`` and ``joules`` by where they go, [runs].
    ``described``: ``mapping.json``."""
    if "cycles" not in stats:
        return {}
    cycles, energy = stats["cycles"], dict(described["energy"])
    chips, cores = energy.pop("chips"), cycles.shape[2]
    tick = described["tick_s"]
    slots = cycles.shape[1] * tick if tick else cycles.max(axis=2, initial=0).sum(axis=1) / described["clock_hz"]
    seconds = np.broadcast_to(np.asarray(slots, np.float64), len(cycles))
    packets = stats["events_sent"].sum(axis=(1, 2), dtype=np.float64)
    passed = packets + stats["link_packets"].sum(axis=(1, 2), dtype=np.float64)
    hops = stats["hops"].astype(np.float64)
    joules = Energy(**energy).joules(cycles.sum(axis=(1, 2), dtype=np.float64), passed, hops, cores, chips, seconds)
    return {"seconds": seconds, "joules": joules}
