"""Whom events must reach: for every neuron that sends, the cores with a synapse from it; and what travels there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from axonc.ir.mapping import Slice
from axonc.ir.network import Network, Population, Projection, SharedKernel
from axonc.ir.ops import Array
from axonc.ir.synapses import reaching
from axonc.ir.target import CostModel


@dataclass(frozen=True)
class Sender:
    """A slice that sends: its ``part``, and its neurons in machine order with the cores that listen to each.

    ``listeners``: bool CSR [neurons, cores]; ``rate``: packets of a step, for each of its neurons; ``together``: events
    of all its neurons travel under its first key, several in a packet, so that all listeners need all packets.
    """

    part: Slice
    listeners: sparse.csr_array
    rate: float
    together: bool = False

    @property
    def packets(self) -> float:
        """Packets that all its neurons send in a step, as expected."""
        return self.rate * self.part.count

    @property
    def cores(self) -> Array:
        """The cores that listen to any of its neurons, ascending."""
        return np.unique(self.listeners.indices)

    def flow(self) -> tuple[Array, Array]:
        """The `cores` that listen to it, and the packets of a step that each must get, float64."""
        cores, neurons = np.unique(self.listeners.indices, return_counts=True)
        return cores, np.full(len(cores), self.packets) if self.together else neurons * self.rate


def senders(network: Network, slices: Sequence[Slice], cores: int, cost: CostModel) -> tuple[Sender, ...]:
    """All slices of populations that send events, in their order."""
    homes = homes_of(network, slices)
    found = {p.name: reached(network, p, slices, homes, cores) for p in network.populations if p.peak}
    sending = ((part, network.by_name[part.population]) for part in slices)
    return tuple(
        Sender(part, sparse.csr_array(found[p.name][part.neurons]), packet_rate(network, p, part.count, cost), p.graded)
        for part, p in sending
        if p.peak
    )


def packet_rate(network: Network, population: Population, count: int, cost: CostModel) -> float:
    """Packets of a step that ``count`` neurons of a population are expected to send together, for each of them."""
    return cost.expected_packets(network, population, count) / max(count, 1)


def homes_of(network: Network, slices: Sequence[Slice]) -> Mapping[str, Array]:
    """The core of every neuron, by population; -1 for one that has none."""
    homes = {population.name: np.full(population.count, -1, np.int32) for population in network.populations}
    for part in slices:
        if part.core is not None:
            homes[part.population][part.neurons] = part.core
    return homes


def reached(
    network: Network, source: Population, slices: Sequence[Slice], homes: Mapping[str, Array], cores: int
) -> sparse.csr_array:
    """The cores that hold a synapse from each neuron, bool CSR [neurons, cores]."""
    total = sparse.csr_array((source.count, cores), dtype=bool)
    for projection in network.fan_out[source.name]:
        if isinstance(projection.weight, SharedKernel):
            targets = (part for part in slices if part.population == projection.target)
            total = total + _through_kernel(projection.weight, targets, source.count, cores)
        else:
            total = total + _through_matrix(projection, homes[projection.target], cores)
    return total


def _through_matrix(projection: Projection, homes: Array, cores: int) -> sparse.csr_array:
    """A matrix has a column a source: that is a row of what is wanted, with targets in place of their cores."""
    weight = projection.weight
    assert not isinstance(weight, SharedKernel)
    lanes = weight.shape[0] // max(len(homes), 1)
    found = np.tile(homes, lanes)[weight.indices]
    placed = found >= 0  # all, unless the partition failed
    starts = np.concatenate([[0], np.cumsum(placed)])[weight.indptr]
    found = found[placed]
    reached = sparse.csr_array((np.ones(len(found), bool), found, starts), shape=(weight.shape[1], cores))
    reached.sum_duplicates()
    return reached


def _through_kernel(kernel: SharedKernel, targets: Iterable[Slice], count: int, cores: int) -> sparse.csr_array:
    """The sources from which taps lead into a slice are a box of channels and places, with gaps."""
    found = [(reaching(kernel, part), part.core) for part in targets if part.core is not None]
    rows = np.concatenate([np.zeros(0, np.int64), *(sources for sources, _ in found)])
    columns = np.repeat([core for _, core in found], [len(sources) for sources, _ in found])
    return sparse.csr_array((np.ones(len(rows), bool), (rows, columns)), shape=(count, cores))


def traffic(network: Network, slices: Sequence[Slice], cost: CostModel) -> float:
    """Packets that a core sends another, or the host sends a core, in a step, as expected: a spike reaches every core,
    other than its own, that holds a synapse from it; a packet of several events every one with a synapse from any
    neuron of its slice."""
    cores = 1 + max((part.core for part in slices if part.core is not None), default=-1)
    return float(sum(_elsewhere(sender) for sender in senders(network, slices, cores, cost)))


def _elsewhere(sender: Sender) -> float:
    """The packets that reach cores other than the sender's own."""
    cores, packets = sender.flow()
    return float(packets[cores != (-1 if sender.part.core is None else sender.part.core)].sum())


def flows(parts: Sequence[Sender], cores: int) -> sparse.csr_array:
    """Expected packets of a step from every sender to every core: float64 CSR [senders, cores]."""
    found = [sender.flow() for sender in parts]
    starts = np.cumsum([0, *(len(columns) for columns, _ in found)])
    columns = np.concatenate([np.zeros(0, np.int32), *(columns for columns, _ in found)])
    values = np.concatenate([np.zeros(0), *(packets for _, packets in found)])
    return sparse.csr_array((values, columns, starts), shape=(len(parts), cores))
