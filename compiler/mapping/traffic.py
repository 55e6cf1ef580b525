"""What a partition makes travel: the packets that leave a core for another, a source reaching a core once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from axonc.ir.mapping import Slice
from axonc.ir.network import Network, Population, Projection, SharedKernel
from axonc.ir.ops import Array
from axonc.ir.synapses import reaching

Cores = Mapping[str, Array]
"""The core of every neuron of every population, -1 for one that the host feeds: int64."""


def cores_of(network: Network, slices: Sequence[Slice]) -> Cores:
    """The cores of slices, neuron by neuron."""
    found = {population.name: np.full(population.count, -1) for population in network.populations}
    for part in slices:
        if part.core is not None:
            found[part.population][part.neurons] = part.core
    return found


def traffic(network: Network, slices: Sequence[Slice]) -> float:
    """Packets that a core sends another, or the host sends a core, in a step: for every source its rate (`Population.
    rate`) times the cores, other than its own, that hold a synapse from it."""
    cores = cores_of(network, slices)
    sending = (population for population in network.populations if population.peak)
    return sum(population.rate * len(reached(network, population, slices, cores)[0]) for population in sending)


def reached(network: Network, population: Population, slices: Sequence[Slice], cores: Cores) -> tuple[Array, Array]:
    """The cores that neurons of a population reach: numbers of neurons, ascending, and cores other than their own."""
    count = 1 + max(int(each.max(initial=-1)) for each in cores.values())
    out = network.fan_out[population.name]
    pairs = [np.unique(_pairs(projection, slices, cores[projection.target], count)) for projection in out]
    neurons, places = np.divmod(np.unique(np.concatenate([np.zeros(0, np.int64), *pairs])), max(count, 1))
    away = cores[population.name][neurons] != places
    return neurons[away], places[away]


def _pairs(projection: Projection, slices: Sequence[Slice], core: Array, count: int) -> Array:
    """For the synapses of a projection, source times ``count`` plus the core of the target."""
    kernel = projection.weight
    if isinstance(kernel, SharedKernel):
        parts = [part for part in slices if part.population == projection.target and part.core is not None]
        found = [reaching(kernel, part) * count + part.core for part in parts]
        return np.concatenate([np.zeros(0, np.int64), *found])
    sources = np.repeat(np.arange(kernel.shape[1]), np.diff(kernel.indptr))
    return sources * count + core[kernel.indices % len(core)]
