"""Packets: how many words they have in a program, and how many of them carry the events of a slice."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from axonc.ir.mapping import Slice
from axonc.ir.network import Network, Population

from .schema import PAYLOAD_WORDS

BATCH = 4
"""``AXONC_BATCH`` of the runtime on a core: events of one source that are taken together."""


@lru_cache(maxsize=16)
def packet_words(network: Network) -> int:
    """Words of a packet: 1 where all events are spikes, else 1 and the payload with which all that can be sent in a
    slot takes the fewest words.

    It follows from the populations alone, not from how they are cut: so it stays what it is while they are.
    """
    heard = [population for population in network.populations if population.peak and network.fan_out[population.name]]
    if not any(population.graded for population in heard):
        return 1
    return 1 + min(PAYLOAD_WORDS, key=lambda words: (1 + words) * sum(_packets(p, p.count, 1 + words) for p in heard))


def most_packets(network: Network, part: Slice, words: int) -> int:
    """The most packets of ``words`` words that a slice sends in a slot."""
    return _packets(network.by_name[part.population], part.count, words)


def _packets(population: Population, count: int, words: int) -> int:
    return -(-count // (words - 1)) if population.graded else count * population.peak


def expected_packets(network: Network, population: Population, count: int) -> float:
    """The packets in which ``count`` neurons send what they are expected to send in a step: one for every spike, of
    graded events as many as are filled, and one for those that are left; none where nobody listens to these."""
    if not population.graded:
        return count * population.rate
    if not network.fan_out[population.name]:
        return 0.0
    full, left = expected_groups(count, population.rate, packet_words(network) - 1)
    return full + left


@lru_cache(maxsize=4096)
def expected_groups(count: int, active: float, size: int) -> tuple[float, float]:
    """Of ``count`` neurons that each send with probability ``active``: the expected groups of ``size`` events, and
    the probability that some are left.

    With w = exp(2 pi i / size), E[w^(k n)] = (1 - active + active w^k)^count of a binomial n; n mod size and whether
    it is 0 are sums of such powers.
    """
    powers = np.exp(2j * np.pi * np.arange(1, size) / size)
    moments = (1 - active + active * powers) ** count
    left = (size - 1) / 2 + float(np.sum(moments / (powers.conj() - 1)).real)
    none = (1 + float(np.sum(moments).real)) / size
    return (active * count - left) / size, 1 - none


def expected_blocks(rows: float, targets: int, density: float, size: int) -> tuple[float, float]:
    """The blocks of ``size`` weights that rows are expected to have, each counted alone, and the weights left over,
    where each of ``targets`` has a weight with probability ``density``."""
    blocks, _ = expected_groups(targets, density, size)
    return rows * blocks, rows * (targets * density - size * blocks)
