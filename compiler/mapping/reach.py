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


@dataclass(frozen=True)
class Sender:
    """A slice that sends: its ``part``, and its neurons in machine order with the cores that listen to each.

    ``listeners``: bool CSR [neurons, cores]; ``rate``: events of a neuron in a step; ``together``: events of all its
    neurons travel under its first key, so that all listeners need all of them.
    """

    part: Slice
    listeners: sparse.csr_array
    rate: float
    together: bool = False

    @property
    def cores(self) -> Array:
        """The cores that listen to any of its neurons, ascending."""
        return np.unique(self.listeners.indices)


def senders(network: Network, slices: Sequence[Slice], cores: int) -> tuple[Sender, ...]:
    """All slices with a key block, in their order."""
    homes = homes_of(network, slices)
    found = {p.name: reached(network, p, slices, homes, cores) for p in network.populations if p.peak}
    sending = ((part, network.by_name[part.population]) for part in slices if part.block is not None)
    return tuple(
        Sender(part, sparse.csr_array(found[source.name][part.neurons]), source.rate, source.graded)
        for part, source in sending
    )


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
