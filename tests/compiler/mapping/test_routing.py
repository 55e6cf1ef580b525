"""Routing tables of random traffic on random boards, walked key by key; the walk knows nothing of how they are made."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import strategies
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from axonc.backends.spinnaker2.description import load_machine
from axonc.compiler.mapping.blocks import Block, divided
from axonc.compiler.mapping.chips import distances
from axonc.compiler.mapping.hops import expected_hops
from axonc.compiler.mapping.links import Links, busy
from axonc.compiler.mapping.minimise import minimised
from axonc.compiler.mapping.placement import place
from axonc.compiler.mapping.reach import Sender
from axonc.compiler.mapping.routing import route
from axonc.compiler.mapping.trees import Trees
from axonc.compiler.mapping.worth import LEAST_SAVED, STEP, worths
from axonc.ir.machine import LINKS, Board, Faults, Machine, Place
from axonc.ir.mapping import Keys, Route, Schedule, Slice
from axonc.ir.walk import Walk, walk

CHIP = load_machine()
ONE_CHIP = CHIP.board.neighbours


@dataclass(frozen=True)
class Traffic:
    """Who sends to whom on a machine: of every sender bool [neurons, cores]."""

    machine: Machine
    senders: tuple[Sender, ...]
    cores: int
    keys: Keys

    def walked(self, routes: tuple[Route, ...], places: tuple[Place, ...]) -> Walk:
        homes = [
            self.machine.board.host if sender.part.core is None else places[sender.part.core].chip
            for sender in self.senders
        ]
        starts = np.repeat(homes, [sender.part.count for sender in self.senders])
        return walk(routes, self.machine.board.neighbours, self.all_keys, starts, self.cores)

    @property
    def all_keys(self) -> np.ndarray:
        parts = [sender.part for sender in self.senders]
        return np.concatenate([self.keys.base(part.block or 0) + np.arange(part.count) for part in parts])

    @property
    def wanted(self) -> sparse.csr_array:
        return sparse.csr_array(sparse.vstack([sender.listeners for sender in self.senders]))

    @property
    def superfluous(self) -> float:
        """What blocks that are not divided deliver beyond what is wanted, of one packet of each key."""
        blocks = (Block(sender, 0, self.keys.local_bits) for sender in self.senders)
        return sum(block.superfluous / block.sender.rate for block in blocks)


def board(rng: np.random.Generator, chips: int) -> Board:
    """Chips that grew together at random, some links dead, some chips too, the host's not."""
    points = [(0, 0)]
    while len(points) < chips:
        x, y = points[rng.integers(len(points))]
        dx, dy = LINKS[rng.integers(len(LINKS))]
        points += [(x + dx, y + dy)] if (x + dx, y + dy) not in points else []
    host = int(rng.integers(chips))
    dead = frozenset(chip for chip in range(chips) if chip != host and rng.random() < 0.1)
    links = frozenset((int(rng.integers(chips)), int(rng.integers(6))) for _ in range(rng.integers(chips)))
    return Board(tuple(points), host, Faults(chips=dead, links=links))


def draw(seed: int, chips: int, per_chip: int, entries: int) -> Traffic:
    rng = np.random.default_rng(seed)
    machine = replace(CHIP, board=board(rng, chips), usable=per_chip, router_entries=entries)
    cores = int(rng.integers(1, machine.cores + 1))
    count, density = int(rng.integers(1, 20)), rng.uniform(0.0, 0.5)
    hosts = rng.random(cores + 2) < 0.2
    senders = []
    for block, from_host in enumerate(hosts):
        core = None if from_host else int(rng.integers(cores))
        part = Slice("p", (count * len(hosts),), (block * count,), ((block + 1) * count,), core, block)
        listeners = rng.random((1 if rng.random() < 0.3 else count, cores)) < density
        rows = np.broadcast_to(listeners, (count, cores))
        senders.append(Sender(part, sparse.csr_array(rows), float(rng.uniform(0.01, 1.0))))
    return Traffic(machine, tuple(senders), cores, Keys((count - 1).bit_length(), 32))


@strategies.examples(80)
@given(
    seed=st.integers(0, 2**32 - 1),
    chips=st.integers(1, 12),
    per_chip=st.integers(1, 6),
    entries=st.sampled_from([16384, 40, 12]),
)
def test_every_packet_reaches_whom_it_must_and_nobody_twice(seed: int, chips: int, per_chip: int, entries: int) -> None:
    traffic = draw(seed, chips, per_chip, entries)
    places = place(traffic.senders, ("p",), traffic.machine, traffic.cores)
    routes, _, problems = route(traffic.senders, traffic.keys, places, traffic.machine)
    walked = traffic.walked(routes, places)
    delivered, wanted = walked.delivered.toarray(), traffic.wanted.toarray()
    assert not np.any(wanted & (delivered == 0)), "missed"
    assert delivered.max(initial=0) <= 1, "twice"
    assert np.sum(delivered) - np.sum(wanted) <= traffic.superfluous + 1e-6
    assert set(walked.lost.tolist()) <= set(traffic.all_keys[~wanted.any(axis=1)].tolist())
    silent = np.repeat([not sender.cores.size for sender in traffic.senders], traffic.senders[0].part.count)
    assert not delivered[silent].any()
    sizes = np.bincount([entry.chip for entry in routes], minlength=chips)
    full = {int(chip) for chip in np.flatnonzero(sizes > entries)}
    assert len([p for p in problems if p.code == "AX503"]) == len(full)


@strategies.examples(20)
@given(seed=st.integers(0, 2**32 - 1), chips=st.integers(2, 12))
def test_links_are_expected_to_carry_what_the_tables_send_over_them(seed: int, chips: int) -> None:
    drawn = draw(seed, chips, 3, 16384)
    traffic = replace(drawn, senders=tuple(replace(sender, rate=1.0) for sender in drawn.senders))
    places = place(traffic.senders, (), traffic.machine, traffic.cores)
    routes, crossing, _ = route(traffic.senders, traffic.keys, places, traffic.machine)
    loads = Links(crossing, traffic.senders, (), traffic.machine).loads
    np.testing.assert_array_equal(loads, traffic.walked(routes, places).crossed)


@strategies.examples(40)
@given(seed=st.integers(0, 2**32 - 1), chips=st.integers(1, 12), per_chip=st.integers(1, 6))
def test_cores_have_places_of_their_own_that_work(seed: int, chips: int, per_chip: int) -> None:
    traffic = draw(seed, chips, per_chip, 16384)
    places = place(traffic.senders, (), traffic.machine, traffic.cores)
    assert len(set(places)) == len(places) == traffic.cores
    assert set(places) <= set(traffic.machine.places)
    assert places == place(traffic.senders, (), traffic.machine, traffic.cores)


def lines(count: int, cores: int, listeners: np.ndarray) -> tuple[Sender, ...]:
    """Senders of one neuron each on every core, of rate 1."""
    parts = (Slice("p", (cores,), (n,), (n + 1,), n, n) for n in range(count))
    return tuple(Sender(part, sparse.csr_array(row[None]), 1.0) for part, row in zip(parts, listeners, strict=True))


def hops(senders: tuple[Sender, ...], machine: Machine, places: tuple[Place, ...]) -> int:
    """Links that all packets cross together."""
    routes, _, _ = route(senders, Keys(0, 32), places, machine)
    starts = np.array([places[sender.part.core or 0].chip for sender in senders])
    return int(walk(routes, machine.board.neighbours, np.arange(len(senders)), starts, len(places)).crossed.sum())


def test_neighbours_in_a_ring_come_to_neighbouring_chips() -> None:
    """Rings of cores, their numbers shuffled: a placement in the order of numbers crosses many more links."""
    machine = replace(CHIP, board=Board(tuple((x, y) for x in range(3) for y in range(3)), 0), usable=8)
    order = np.random.default_rng(1).permutation(72)
    joined = np.zeros((72, 72), bool)
    joined[order, np.roll(order, 1)] = joined[order, np.roll(order, -1)] = True
    senders = lines(72, 72, joined)
    ours = hops(senders, machine, place(senders, (), machine, 72))
    assert ours <= 30
    assert ours * 4 < hops(senders, machine, machine.places)


def test_what_the_host_talks_to_is_on_its_chip() -> None:
    machine = replace(CHIP, board=Board(((0, 0), (1, 0), (2, 0)), 2), usable=2)
    heard = np.zeros((1, 6), bool)
    heard[0, 5] = True
    inputs = Sender(Slice("in", (1,), (0,), (1,), None, 0), sparse.csr_array(heard), 1.0)
    shown = Sender(Slice("out", (1,), (0,), (1,), 3, 1), sparse.csr_array(np.zeros((1, 6), bool)), 1.0)
    places = place((inputs, shown), ("out",), machine, 6)
    assert places[5].chip == 2


def test_listeners_of_one_sender_share_a_quad_element() -> None:
    """Four groups of four cores, each heard by one sender: a tree ends in as few QPEs as there can be."""
    group = np.random.default_rng(0).permutation(16) % 4
    heard = np.array([group == sender % 4 for sender in range(16)])
    places = place(lines(16, 16, heard), (), CHIP, 16)
    for number in range(4):
        assert len({places[core][1:3] for core in np.flatnonzero(group == number)}) == 1


def test_a_straight_way_needs_no_entries() -> None:
    machine = replace(CHIP, board=Board(tuple((x, 0) for x in range(6)), 0), usable=1)
    heard = np.zeros((1, 6), bool)
    heard[0, 5] = True
    routes, _, _ = route(lines(1, 6, heard), Keys(0, 32), tuple(Place(chip, 3, 3, 0) for chip in range(6)), machine)
    assert [(entry.chip, entry.links, entry.cores) for entry in routes] == [(0, (0,), ()), (5, (), (5,))]


def test_a_fault_is_gone_around() -> None:
    points = tuple((x, y) for x in range(3) for y in range(3))
    middle = points.index((1, 1))
    trees = Trees(Board(points, 0, Faults(chips=frozenset({middle}))))
    chips = [step[0] for step in trees.tree(points.index((0, 1)), {points.index((2, 1))})]
    assert middle not in chips
    assert len(chips) == 4, "a link more than straight through"
    assert distances(trees.board)[0, middle] == 9


def test_blocks_are_divided_where_targets_differ_and_as_far_as_there_is_room() -> None:
    heard = np.zeros((16, 4), bool)
    for quarter in range(4):
        heard[4 * quarter : 4 * quarter + 4, quarter] = True
    sender = Sender(Slice("p", (16,), (0,), (16,), None, 0), sparse.csr_array(heard), 0.5)
    one_chip = lambda block: (0,) if block.cores else ()  # noqa: E731
    found = {limit: divided([sender], Keys(4, 32), limit, np.zeros(4, np.int64), 0, one_chip) for limit in (1, 2, 3, 9)}
    assert [(block.first, block.bits) for block in found[9]] == [(0, 2), (4, 2), (8, 2), (12, 2)]
    assert [len(found[limit]) for limit in (1, 2, 3)] == [1, 2, 3]
    assert [sum(block.superfluous for block in found[limit]) for limit in (1, 2, 3, 9)] == [24.0, 8.0, 4.0, 0.0]


def test_blocks_are_divided_for_what_their_halves_save() -> None:
    """Neurons that reach one of two cores in turn: halves reach both, and only single neurons save anything."""
    heard = np.tile(np.eye(2, dtype=bool), (8, 1))
    sender = Sender(Slice("p", (16,), (0,), (16,), None, 0), sparse.csr_array(heard), 0.5)
    one_chip = lambda block: (0,) if block.cores else ()  # noqa: E731
    blocks = divided([sender], Keys(4, 32), 16, np.zeros(2, np.int64), 0, one_chip)
    assert [(block.first, block.bits) for block in blocks] == [(neuron, 0) for neuron in range(16)]
    assert sum(block.superfluous for block in blocks) == 0.0


@strategies.examples(30)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 16), chips=st.integers(1, 3))
def test_a_division_is_worth_the_prices_at_which_it_is_made(seed: int, count: int, chips: int) -> None:
    rng = np.random.default_rng(seed)
    homes, bits = rng.integers(0, chips, 5), (count - 1).bit_length()
    parts = [Slice("p", (2 * count,), (n * count,), ((n + 1) * count,), n, n) for n in range(2)]
    heard = [sparse.csr_array(rng.random((count, 5)) < rng.uniform(0.0, 0.6)) for _ in parts]
    senders = [Sender(part, rows, 0.5 + part.lower[0]) for part, rows in zip(parts, heard, strict=True)]
    found = worths(senders, bits, homes, 0)

    def cheapest(block: Block, price: float, divided: set[tuple[int, int]]) -> float:
        """The cost of covering a block, by trying everything; which blocks within are divided."""
        chips = {int(homes[core]) for core in block.cores}
        entries = len(chips | {int(homes[block.sender.part.core or 0])}) if chips else 0
        whole = block.superfluous + price * entries
        if not block.bits:
            return whole
        within: set[tuple[int, int]] = set()
        halves = sum(cheapest(half, price, within) for half in block.halves())
        if halves >= whole * (1 - 1e-12):
            return whole
        divided |= within | {(block.bits, block.first)}
        return halves

    most = max(Block(sender, 0, bits).superfluous for sender in senders)
    prices = LEAST_SAVED * STEP ** np.arange(0, 18, 3)
    for price in prices[prices <= most]:
        for number, sender in enumerate(senders):
            made: set[tuple[int, int]] = set()
            cheapest(Block(sender, 0, bits), float(price), made)
            mine = [worth.reshape(2, -1)[number] >= price * (1 - 1e-9) for worth in found]
            assert made == {(b, int(n) << b) for b, worth in enumerate(mine) for n in np.flatnonzero(worth)}


def test_keys_that_nobody_hears_are_left_out() -> None:
    heard = np.zeros((16, 2), bool)
    heard[:4] = True
    sender = Sender(Slice("p", (16,), (0,), (16,), None, 0), sparse.csr_array(heard), 0.5)
    routes, _, _ = route([sender], Keys(4, 32), CHIP.places[:2], CHIP)
    assert routes == (Route(0, 0x7FFFFFFC, (0, 1)),)


@strategies.examples(60)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 60), kinds=st.integers(1, 4))
def test_a_minimised_table_treats_every_key_alike(seed: int, count: int, kinds: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = rng.choice(128, count, replace=False)
    kind = rng.integers(-1, kinds, count)  # -1: passes without an entry
    full = [Route(int(b) << 2, 0x7FFFFFFC, (int(k),)) for b, k in zip(blocks, kind, strict=True) if k >= 0]
    passing = [(int(b) << 2, 0x7FFFFFFC) for b, k in zip(blocks, kind, strict=True) if k < 0]
    small = minimised(full, passing)
    assert len(small) <= len(full)
    keys = (blocks[:, None] * 4 + np.arange(4)).reshape(-1)
    before, after = (walk(table, ONE_CHIP, keys, np.zeros(len(keys), int), kinds) for table in (full, small))
    np.testing.assert_array_equal(before.delivered.toarray(), after.delivered.toarray())
    np.testing.assert_array_equal(before.lost, after.lost)


def test_minimising_merges_what_it_can() -> None:
    """128 blocks, of which every other does the same: two entries say it, however many there are."""
    table = [Route(block << 2, 0x7FFFFFFC, (block % 2,)) for block in range(128)]
    assert len(minimised(table, [])) <= 128
    apart = [Route(block << 2, 0x7FFFFFFC, (block // 64,)) for block in range(128)]
    assert len(minimised(apart, [])) == 2


def test_tables_that_do_not_fit_and_links_that_carry_too_little_are_told() -> None:
    machine = replace(CHIP, board=Board(((0, 0), (1, 0)), 0), usable=9, router_entries=2)
    heard = np.zeros((9, 9), bool)
    heard[np.arange(9), (np.arange(9) + 4) % 9] = True
    senders = lines(9, 9, heard)
    places = tuple(Place(int(core > 4), 3, 3, 0) for core in range(9))
    transport = replace(CHIP.transport, link_hz=1000.0)
    slow = replace(machine, transport=transport)
    _, crossing, full = route(senders, Keys(0, 32), places, slow)
    links = Links(crossing, senders, (100.0,) * 9, slow)
    late = list(busy(links.loads, links.waiting(Schedule(1, {"p": 0}, 0)), slow))
    assert [problem.code for problem in (*full, *late)] == ["AX503", "AX503", "AX506", "AX506"]
    assert "chip 0: 8 routing entries; the router has 2" in str(full[0])
    assert "about 4 packets of a step from chip 0 to chip 1; their link carries 1 in a tick" in str(late[0])


def test_the_walk_sees_what_is_wrong() -> None:
    """Missing, double and circling deliveries are told apart."""
    two = Board(((0, 0), (1, 0)), 0).neighbours
    keys, starts = np.array([0, 1, 2]), np.array([0, 0, 0])
    routes = [
        Route(0, 0x7FFFFFFF, (0,), 0, (0,)),  # also goes to chip 1, where nothing matches: off the board
        Route(1, 0x7FFFFFFF, (0,), 0, (0,)),
        Route(1, 0x7FFFFFFF, (1,), 1, (3,)),  # and back to chip 0, round and round
    ]
    walked = walk(routes, two, keys, starts, 2)
    assert walked.lost.tolist() == [0, 1, 2]
    assert walked.delivered.toarray()[0].tolist() == [1, 0]
    assert walked.delivered.toarray()[1].tolist() == [2, 1]


def test_events_that_travel_together_reach_all_listeners() -> None:
    heard = np.eye(4, dtype=bool)
    sender = Sender(Slice("p", (4,), (0,), (4,), None, 0), sparse.csr_array(heard), 1.0, together=True)
    routes, _, _ = route([sender], Keys(2, 32), CHIP.places[:4], CHIP)
    assert routes == (Route(0, 0x7FFFFFFC, (0, 1, 2, 3)),)


def edges(machine: Machine, chip: int, points: set[tuple[int, int]]) -> set[tuple[int, int, int, bool]]:
    """The steps of a tree on a chip: along the router's row, then along columns."""
    (x0, y0), found = machine.grid.router, set[tuple[int, int, int, bool]]()
    for x, y in points:
        found |= {(chip, step, y0, True) for step in range(*sorted((x0, x)))}
        found |= {(chip, x, step, False) for step in range(*sorted((y0, y)))}
    return found


@strategies.examples(30)
@given(seed=st.integers(0, 2**32 - 1), chips=st.integers(1, 5), together=st.booleans())
def test_expected_hops_are_those_of_the_trees(seed: int, chips: int, together: bool) -> None:
    traffic = draw(seed, chips, 6, 16384)
    senders = tuple(replace(sender, together=together) for sender in traffic.senders)
    places = place(senders, (), traffic.machine, traffic.cores)
    total, (x0, y0) = 0.0, traffic.machine.grid.router
    for sender in senders:
        rows = [sender.listeners[[n]].indices.tolist() for n in range(sender.part.count)]
        everyone = [core for row in rows for core in row]
        for heard in [everyone] * len(rows) if together else rows:
            found = set[tuple[int, int, int, bool]]()
            for place_ in (places[core] for core in heard):
                found |= edges(traffic.machine, place_.chip, {(place_.x, place_.y)})
            total += sender.rate * len(found)
        if sender.part.core is not None:
            home = places[sender.part.core]
            total += sender.rate * sender.part.count * (abs(home.x - x0) + abs(home.y - y0))
    assert np.isclose(expected_hops(senders, places, traffic.machine.grid), total)
