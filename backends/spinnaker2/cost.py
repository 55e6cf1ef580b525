"""The cost model: the load of a core, from the same plan that is packed later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from axonc.ir.machine import BYTEWISE, Synapses
from axonc.ir.mapping import Schedule, Slice
from axonc.ir.network import Network, Population
from axonc.ir.target import LIVE, CoreLoad, Cuts, HostInterface

from .code_size import fitted
from .costs import COSTS
from .load import slot_cycles
from .memory import MemoryMap
from .packets import expected_packets
from .plan import plan_core
from .work import packet_parts


@dataclass(frozen=True)
class CoreCost:
    """The load of a core with the given memory map, host interface and form of rows. ``timed``: whether its cycles
    count."""

    memory: MemoryMap
    host: HostInterface = LIVE
    timed: bool = True
    synapses: Synapses = BYTEWISE

    def core_load(self, network: Network, schedule: Schedule, here: Sequence[Slice], cuts: Cuts) -> CoreLoad:
        """Exact bytes by kind (code, tables, weights, padding, state, fetching, recording, lists, queues, stack);
        cycles as `load` estimates them."""
        plan = plan_core(network, schedule, here, cuts, self.host, self.synapses)
        return CoreLoad(
            plan.bytes_by_kind(fitted(self.memory, network, self.synapses)),
            slot_cycles(plan, schedule) if self.timed else 0,
        )

    def packet_cycles(self, network: Network, population: Population) -> float:
        """See `work.packet_parts`."""
        parts = packet_parts(network, population)
        return sum(COSTS[name].cycles * amount for name, amount in parts.items())

    def expected_packets(self, network: Network, population: Population, count: int) -> float:
        """See `packets.expected_packets`."""
        return expected_packets(network, population, count)
