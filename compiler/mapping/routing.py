"""Keys and routes: aligned blocks of keys, one routing entry a block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from axonc.ir import Diagnostic
from axonc.ir.machine import Machine
from axonc.ir.mapping import Keys, Route, Slice
from axonc.ir.network import Network
from axonc.ir.synapses import joins


def allocate_keys(
    network: Network, slices: Sequence[Slice], machine: Machine
) -> tuple[tuple[Slice, ...], Keys, list[Diagnostic]]:
    """Slices with their key blocks. Each slice of a population that sends events gets one block; all blocks have the
    size of the largest slice, rounded up to a power of two, so that a core finds a block's synapses by a shift."""
    sending = [part for part in slices if network.by_name[part.population].peak]
    local_bits = max(((part.count - 1).bit_length() for part in sending), default=0)
    blocks = {part.place: block for block, part in enumerate(sending)}
    keyed = tuple(replace(part, block=blocks.get(part.place)) for part in slices)
    needed = local_bits + (len(sending) - 1).bit_length() + 1 if sending else 1
    problems = []
    if needed > machine.key_bits:
        found = f"{len(sending)} blocks of {1 << local_bits} keys and a parity bit need {needed} bits"
        problems.append(Diagnostic("AX504", "", found, f"a key has {machine.key_bits}", "use smaller slices"))
    return keyed, Keys(local_bits, machine.key_bits), problems


def route(
    network: Network, slices: Sequence[Slice], keys: Keys, machine: Machine
) -> tuple[tuple[Route, ...], list[Diagnostic]]:
    """One entry a block that anyone listens to: the cores that hold a synapse from any of its neurons."""
    routes = []
    for part in slices:
        cores = _listeners(network, part, slices) if part.block is not None else ()
        if part.block is not None and cores:
            routes.append(Route(keys.base(part.block), keys.block_mask, cores))
    problems = []
    if len(routes) > machine.router_entries:
        found, limit = f"{len(routes)} routing entries", f"the router has {machine.router_entries}"
        problems.append(Diagnostic("AX503", "", found, limit, "use larger slices"))
    return tuple(routes), problems


def _listeners(network: Network, source: Slice, slices: Sequence[Slice]) -> tuple[int, ...]:
    cores: set[int] = set()
    for projection in network.fan_out[source.population]:
        targets = (part for part in slices if part.population == projection.target)
        cores |= {part.core for part in targets if part.core is not None and joins(projection, source, part)}
    return tuple(sorted(cores))
