"""What links between chips are expected to carry in a step, and how many packets wait for them.

All cores begin to send when a slot begins. Of n packets, one every c cycles, min(n, t / c) have been sent after t
cycles; a link that takes a packet in s cycles has carried t / s. What waits is the difference, summed over the senders:

    waiting = max over t of  sum_i min(n_i, t / c_i) - t / s

As a function of t that is concave, so that it is largest where a sender is done, or at 0. It is an upper bound: a core
also updates neurons that do not spike, and what waited for a link reaches the next one more slowly than cores send.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from axonc.ir import Diagnostic
from axonc.ir.machine import LINKS, Machine
from axonc.ir.mapping import LinkLoads, Schedule, Slice
from axonc.ir.network import Network
from axonc.ir.ops import Array
from axonc.ir.target import CostModel

from .reach import Sender


def backlog(packets: Array, cycles: Array, link_cycles: float) -> float:
    """The most packets that wait for a link: of senders with so many ``packets`` [n], one every ``cycles`` [n]."""
    order = np.argsort(packets * cycles, kind="stable")
    packets, rates = packets[order], 1 / cycles[order]
    ends = packets / rates
    busy = rates.sum() - np.cumsum(rates)  # of those who send on
    return float(np.max(np.cumsum(packets) + ends * busy - ends / link_cycles, initial=0.0))


def packet_cycles(network: Network, slices: Sequence[Slice], cores: int, cost: CostModel) -> tuple[float, ...]:
    """Cycles in which each core sends a packet at most: those of its fastest population, 0 if it sends nothing."""
    sending = {p.name: cost.packet_cycles(network, p) for p in network.populations if p.peak}
    found = np.full(cores, np.inf)
    for part in slices:
        if part.core is not None and part.block is not None:
            found[part.core] = min(found[part.core], sending[part.population])
    return tuple(np.where(np.isfinite(found), found, 0.0).tolist())


@dataclass(frozen=True)
class Links:
    """``crossing``: expected packets of a step from every one of ``senders`` over every link; ``cycles``: from a packet
    of each core to the next. The host sends as fast as a link carries."""

    crossing: sparse.csr_array
    senders: Sequence[Sender]
    cycles: tuple[float, ...]
    machine: Machine

    @property
    def loads(self) -> Array:
        """Packets of a step on every link, float64 [chips, links]."""
        return self._by_link(self.crossing.sum(axis=0))

    def waiting(self, schedule: Schedule) -> Array:
        """The most packets that wait for every link in a slot, float64 [chips, links]."""
        cores = np.array([-1 if sender.part.core is None else sender.part.core for sender in self.senders], np.int64)
        starts = [schedule.start[sender.part.population] for sender in self.senders]
        phases = np.array(starts, np.int64) % schedule.phases
        slots = [self._in_slot(cores, phases == phase) for phase in range(schedule.phases)]
        return self._by_link(np.max(slots, axis=0))

    def _in_slot(self, cores: Array, sends: Array) -> Array:
        """The most that wait for every link in a slot in which some senders send; core -1 is the host."""
        member = sparse.csr_array(
            (sends.astype(np.float64), (cores + 1, np.arange(len(cores)))), shape=(len(self.cycles) + 1, len(cores))
        )
        found = sparse.csc_array(member @ self.crossing)
        cycles = np.array([self.machine.link_cycles, *self.cycles])
        columns = (slice(first, last) for first, last in zip(found.indptr, found.indptr[1:], strict=False))
        return np.array([self._most(found.data[c], cycles[found.indices[c]]) for c in columns])

    def _most(self, packets: Array, cycles: Array) -> float:
        sent = packets > 0
        return backlog(packets[sent], cycles[sent], self.machine.link_cycles)

    def _by_link(self, values: Array) -> Array:
        return np.asarray(values, np.float64).reshape(-1, len(LINKS))


def busy(loads: Array, waiting: Array, machine: Machine) -> Iterator[Diagnostic]:
    """Every link that carries too little, or has too short a queue, if the machine says how long that is."""
    room = machine.transport.link_queue
    for chip, link in np.argwhere(loads > machine.link_packets).tolist():
        found = f"about {loads[chip, link]:.3g} packets of a step {_between(machine, chip, link)}"
        remedy = "give a longer tick_s, or use fewer chips"
        yield Diagnostic("AX506", "", found, f"their link carries {machine.link_packets} in a tick", remedy)
    for chip, link in np.argwhere((waiting > room) & (room > 0)).tolist():
        found = f"about {waiting[chip, link]:.3g} packets wait {_between(machine, chip, link)}"
        limit = f"the queue of their link holds {room}, {waiting[chip, link] - room:.3g} fewer"
        yield Diagnostic("AX506", "", found, limit, "use fewer chips, or the strategy least-traffic")


def _between(machine: Machine, chip: int, link: int) -> str:
    return f"from chip {chip} to chip {machine.board.neighbours[chip][link]}"


def stated(values: Array) -> LinkLoads:
    """Estimates do not have more than six digits."""
    return tuple(tuple(float(f"{value:.6g}") for value in row) for row in values.tolist())
