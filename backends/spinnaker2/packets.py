"""Packets: how many words they have in a program, and how many of them carry the events of a slice."""

from __future__ import annotations

from axonc.ir.mapping import Slice
from axonc.ir.network import Network, Population
from axonc.ir.ops import FixedGRU

from .schema import PAYLOAD_WORDS

ACTIVITY = 0.05
"""Spikes of a source in a slot where nothing was measured."""

ACTIVITY_GATED = 0.15
"""Graded events of an event-based unit in a slot where nothing was measured; without a threshold all send."""


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


def usual_activity(population: Population) -> float:
    """The part of a population's neurons that is taken to send in a slot where nothing was measured."""
    if not population.graded:
        return ACTIVITY
    return ACTIVITY_GATED if isinstance(population.op, FixedGRU) and population.op.threshold is not None else 1.0
