"""The cost model: bytes of a core by kind, from the same plan that is packed later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from axonc.ir.mapping import Schedule, Slice
from axonc.ir.network import Network
from axonc.ir.target import LIVE, Cuts, HostInterface

from .memory import MemoryMap
from .plan import plan_core


@dataclass(frozen=True)
class CoreCost:
    """Exact bytes of a core with the given memory map and host interface."""

    memory: MemoryMap
    host: HostInterface = LIVE

    def core_bytes(self, network: Network, schedule: Schedule, here: Sequence[Slice], cuts: Cuts) -> Mapping[str, int]:
        """Bytes by kind: code, tables, weights, padding, state, recording, lists, queues, stack."""
        return plan_core(network, schedule, here, cuts, self.host).bytes_by_kind(self.memory)
