"""Placement: a chip, a QPE and a place there for every core of a mapping."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from axonc.ir.machine import Machine, Place
from axonc.ir.ops import Array

from .chips import Exchange, assign
from .reach import Sender
from .reach import flows as flows_of
from .spots import Flows, arrange

SEED = 0
"""Of the random exchanges."""


def place(senders: Sequence[Sender], outputs: Sequence[str], machine: Machine, cores: int) -> tuple[Place, ...]:
    """The places of all cores, such that few packets take few hops; as many cores as the machine has at most.

    The objective is the expected packets of a step times the hops of their trees: over links between chips, and on a
    chip from QPE to QPE. Inputs come from the host, and outputs go there, so that their cores are drawn to its chip.
    """
    if cores == 0:
        return ()
    flows = flows_of(senders, cores)
    rates = np.array([sender.packets for sender in senders], np.float64)
    homes = np.array([-1 if sender.part.core is None else sender.part.core for sender in senders], np.int64)
    host = np.array([sender.part.population in outputs for sender in senders], bool)
    rooms = np.zeros(len(machine.board.chips), np.int64)
    for chip in machine.board.reachable:
        rooms[chip] = len(machine.chip_places(chip))
    chips = assign(_exchange(flows, rates, homes, host), machine.board, rooms)
    places: dict[int, Place] = {}
    for chip in np.unique(chips).tolist():
        here = np.flatnonzero(chips == chip)
        found = arrange(_on_chip(flows, rates, homes, here), machine.grid, machine.chip_places(chip), SEED)
        places |= zip(here.tolist(), found, strict=True)
    return tuple(places[core] for core in range(cores))


def _exchange(flows: sparse.csr_array, rates: Array, homes: Array, shown: Array) -> Exchange:
    """Packets between cores, and between cores and the host: inputs, and what ``shown`` senders send once more."""
    cores, entries = flows.shape[1], flows.tocoo()
    source = homes[entries.row]
    inner = source >= 0
    there = sparse.csr_array((entries.data[inner], (source[inner], entries.col[inner])), shape=(cores, cores))
    both = sparse.csr_array(there + there.T)
    both.setdiag(0)
    both.eliminate_zeros()
    host = np.bincount(entries.col[~inner], entries.data[~inner], minlength=cores)
    known = shown & (homes >= 0)
    return Exchange(both, host + np.bincount(homes[known], rates[known], minlength=cores))


def _on_chip(flows: sparse.csr_array, rates: Array, homes: Array, here: Array) -> Flows:
    """What passes the router of a chip with the cores ``here``."""
    part = sparse.csr_array(flows[:, here])
    heard = np.flatnonzero(np.diff(part.indptr))
    local = np.full(flows.shape[1], -1)
    local[here] = np.arange(len(here))
    at_home = (homes >= 0) & (local[homes] >= 0)
    sent = np.bincount(local[homes[at_home]], rates[at_home], minlength=len(here))
    return Flows(part[heard].toarray() > 0, rates[heard], sent)
