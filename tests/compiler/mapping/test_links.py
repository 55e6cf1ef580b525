"""Packets that wait for a link: the closed form against a queue that is followed cycle by cycle, and its limit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from axonc.backends.spinnaker2.description import load_machine
from axonc.compiler.mapping.links import Links, backlog, busy
from axonc.compiler.mapping.reach import Sender
from axonc.ir.machine import Board
from axonc.ir.mapping import Schedule, Slice

CHIP = load_machine()
PAIR = replace(CHIP, board=Board(((0, 0), (1, 0)), 0))


@strategies.examples(60)
@given(senders=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 12)), max_size=8), link=st.integers(1, 12))
def test_what_waits_is_what_a_queue_holds_at_most(senders: list[tuple[int, int]], link: int) -> None:
    packets, cycles = np.array(senders, np.float64).reshape(-1, 2).T
    waits, most = 0.0, 0.0
    for t in range(max((n * c for n, c in senders), default=0)):
        comes = sum(1 / c for n, c in senders if t < n * c)
        waits = max(0.0, waits + comes - 1 / link)
        most = max(most, waits)
    assert backlog(packets, cycles, link) == pytest.approx(most)


def test_what_waits_by_hand() -> None:
    """Two cores send 10 packets each, one every 4 cycles; a link that carries one every 4 cycles is behind by 10."""
    assert backlog(np.array([10.0, 10.0]), np.array([4.0, 4.0]), 4.0) == 10.0
    assert backlog(np.array([10.0, 10.0]), np.array([4.0, 4.0]), 2.0) == 0.0
    assert backlog(np.zeros(0), np.zeros(0), 2.0) == 0.0


def links(populations: tuple[str, ...]) -> Links:
    """Two cores of chip 0 and the host, of ten packets each, all over the link to chip 1."""
    cores = (0, 1, None)
    parts = [Slice(populations[n], (10,), (0,), (10,), cores[n], n) for n in range(3)]
    heard = sparse.csr_array(np.ones((10, 3), bool))
    crossing = np.zeros((3, 12))
    crossing[:, 0] = 10.0
    senders = [Sender(part, heard, 1.0) for part in parts]
    return Links(sparse.csr_array(crossing), senders, (100.0, 100.0, 0.0), PAIR)


def test_those_who_send_in_the_same_slot_wait_for_each_other() -> None:
    link = PAIR.link_cycles
    rates = np.array([link, 100.0, 100.0])
    together = links(("a", "a", "a")).waiting(Schedule(2, {"a": 1}, 1))
    assert together[0, 0] == pytest.approx(backlog(np.full(3, 10.0), rates, link))
    assert np.count_nonzero(together) == 1
    apart = links(("a", "b", "c")).waiting(Schedule(2, {"a": 0, "b": 1, "c": 2}, 2))
    assert apart[0, 0] == pytest.approx(backlog(np.full(2, 10.0), rates[:2], link))
    assert apart[0, 0] < together[0, 0]


def test_a_queue_that_is_too_short_is_told() -> None:
    short = replace(PAIR, transport=replace(PAIR.transport, link_queue=3))
    waiting = np.zeros((2, 6))
    waiting[0, 0], waiting[1, 3] = 7.5, 3.0
    (problem,) = busy(np.zeros((2, 6)), waiting, short)
    assert problem.code == "AX506"
    assert "about 7.5 packets wait from chip 0 to chip 1; the queue of their link holds 3, 4.5 fewer" in str(problem)
