"""What a partition makes travel: the packets that leave a core for another, a source reaching a core once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from axonc.ir.mapping import Slice
from axonc.ir.network import Network
from axonc.ir.ops import Array

from .reach import Sender, homes_of, reached


def traffic(network: Network, slices: Sequence[Slice]) -> float:
    """Packets that a core sends another, or the host sends a core, in a step: for every source its rate (`Population.
    rate`) times the cores, other than its own, that hold a synapse from it."""
    homes = homes_of(network, slices)
    cores = 1 + max((part.core for part in slices if part.core is not None), default=-1)
    sending = (population for population in network.populations if population.peak)
    return sum(p.rate * _elsewhere(reached(network, p, slices, homes, cores), homes[p.name]) for p in sending)


def _elsewhere(listeners: sparse.csr_array, homes: Array) -> int:
    """How often a neuron reaches a core that is not its own."""
    return int(np.count_nonzero(listeners.indices != np.repeat(homes, np.diff(listeners.indptr))))


def flows(parts: Sequence[Sender], cores: int) -> sparse.csr_array:
    """Expected packets of a step from every sender to every core: float64 CSR [senders, cores]."""
    found = [np.unique(sender.listeners.indices, return_counts=True) for sender in parts]
    starts = np.cumsum([0, *(len(columns) for columns, _ in found)])
    columns = np.concatenate([np.zeros(0, np.int32), *(columns for columns, _ in found)])
    packets = (counts * sender.rate for (_, counts), sender in zip(found, parts, strict=True))
    values = np.concatenate([np.zeros(0), *packets])
    return sparse.csr_array((values, columns, starts), shape=(len(parts), cores))
