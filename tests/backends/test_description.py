"""Machine descriptions: what is shipped, what a file overrides, and every mistake of a file at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from axonc import ModelError
from axonc.backends.spinnaker2.description import SHIPPED, load_machine
from axonc.ir.machine import LINKS, Machine, Place, opposite


def described(folder: Path, text: str) -> Machine:
    (folder / "mine.toml").write_text(text)
    return load_machine(folder / "mine.toml")


def refused(folder: Path, text: str) -> list[str]:
    """What is said of a file, without code and name."""
    with pytest.raises(ModelError) as caught:
        described(folder, text)
    lines = str(caught.value).splitlines()
    assert all(line.startswith("AX403 mine.toml: ") for line in lines)
    return [line.removeprefix("AX403 mine.toml: ") for line in lines]


def test_a_chip_has_38_quad_elements_of_which_the_system_keeps_one() -> None:
    chip = load_machine()
    assert len(chip.grid.qpes) * chip.grid.pes == 152
    assert chip.cores == len(set(chip.places)) == 148
    farthest = max(chip.grid.distance(place.x, place.y) for place in chip.places)
    unused = {(x, y) for x, y in chip.grid.qpes} - {(place.x, place.y) for place in chip.places}
    assert all(chip.grid.distance(*qpe) >= farthest for qpe in unused)


def test_the_board_is_a_hexagon_of_48_chips() -> None:
    board = load_machine(Path("spinnaker2-board"))
    assert board.cores == 7104
    assert sorted(board.board.reachable) == list(range(48))
    assert board.board.reachable[0] == board.board.host
    neighbours = board.board.neighbours
    joined = [(chip, link, other) for chip, row in enumerate(neighbours) for link, other in enumerate(row)]
    present = [(chip, link, other) for chip, link, other in joined if other is not None]
    assert all(neighbours[other][opposite(link)] == chip for chip, link, other in present)
    assert len(present) == 2 * 3 * 40, "in each of three directions 40 pairs of neighbours"


def test_a_file_overrides_what_it_names_and_no_more(tmp_path: Path) -> None:
    chip = load_machine()
    slow = "[levels.slow]\nhz = 1e6\nvolt = 0.4\ncycle_pj = 5.0\nsleep_mw = 1.0\n"
    changed = described(tmp_path, f'name = "mine"\n[router]\nentries = 7\n{slow}')
    assert (changed.name, changed.router_entries, changed.key_bits) == ("mine", 7, chip.key_bits)
    assert [level.name for level in changed.levels] == ["slow", "low", "high"]
    assert changed.level.name == "low"
    assert changed.places == chip.places


def test_a_file_may_start_from_the_board(tmp_path: Path) -> None:
    changed = described(tmp_path, 'base = "spinnaker2-board"\n[cores]\nusable = 10\n[faults]\nchips = [3, 4]\n')
    assert changed.cores == 46 * 10
    assert changed.name == "spinnaker2-board"


def test_a_file_of_the_name_of_a_shipped_machine_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spinnaker2-board").write_text("[cores]\nusable = 2\n")
    assert load_machine(Path("spinnaker2-board")).cores == 2


def test_faults_are_left_out(tmp_path: Path) -> None:
    text = "[cores]\nusable = 152\n[faults]\ncores = [[0, 1, 1, 0], [0, 5, 6, 3]]\n"
    places = described(tmp_path, text).places
    assert len(places) == 150
    assert not {Place(0, 1, 1, 0), Place(0, 5, 6, 3)} & set(places)


def test_chips_that_dead_links_cut_off_are_left_out(tmp_path: Path) -> None:
    text = "[board]\nchips = [[0, 0], [1, 0], [2, 0]]\n[faults]\nlinks = [[2, 3]]\n"
    machine = described(tmp_path, text)
    assert machine.board.reachable == (0, 1)
    assert machine.board.neighbours[1] == (None, None, None, 0, None, None)
    assert {place.chip for place in machine.places} == {0, 1}


def test_mistakes_of_form_are_told_at_once(tmp_path: Path) -> None:
    text = (
        "[cores]\nusable = 1.5\ncount = 3\n[grid]\nmissing = [[1]]\nrouter = 4\n[noc]\nhz = inf\n"
        '[clock]\ntick_s = "1"\n[levels.odd]\nhz = 0\n[faults]\nchips = [[1]]\ncores = 1\n[memory]\nsram = 1000\n'
    )
    assert refused(tmp_path, text) == [
        "cores.usable = 1.5; a whole number; correct it",
        "the entry 'cores.count'; known: usable; correct the name",
        "grid.missing = [[1]]; a list of items like [1, 2]; correct it",
        "grid.router = 4; a point, like [4, 3]; correct it",
        "noc.hz = inf; a finite number; correct it",
        "clock.tick_s = '1'; a value like 0.001; correct it",
        "levels.odd.hz = 0; above 0; correct it",
        "levels.odd without volt, cycle_pj, sleep_mw; all are needed; add them",
        "faults.chips = [[1]]; a list of numbers, like [3]; correct it",
        "faults.cores = 1; a list of items like [1, 2, 3, 4]; correct it",
        "memory.sram = 1000; a multiple of 1024 bytes; correct it",
    ]


def test_contradictions_are_told_at_once(tmp_path: Path) -> None:
    text = (
        "[grid]\nrouter = [9, 1]\n[board]\nchips = [[0, 0], [0, 0]]\nhost = 2\n[clock]\ncore_hz = 1e9\n"
        "[faults]\nchips = [5]\ncores = [[0, 1, 1, 4], [3, 1, 1, 0]]\nlinks = [[0, 6]]\n"
    )
    assert refused(tmp_path, text) == [
        "the point [9, 1] of the grid; columns 1 to 7, rows 1 to 6; correct it",
        "board.chips names [0, 0] twice; a point has one chip; correct it",
        "board.host = 2; there are 2 chips, from 0; correct it",
        "faults.chips names 5; there are 2 chips, from 0; correct it",
        "faults.cores names [3, 1, 1, 0]; there are 2 chips, from 0; correct it",
        "faults.links names [0, 6]; a chip has 6 links, from 0; correct it",
        "faults.cores names [0, 1, 1, 4]; [chip, 1 to 7, 1 to 6, 0 to 3]; correct it",
        "clock.core_hz = 1e+09; the fastest level has 3e+08; correct it",
    ]


def test_unknown_machines_are_refused_with_those_there_are(tmp_path: Path) -> None:
    assert refused(tmp_path, 'base = "spinnaker3"\n') == [
        f"base = 'spinnaker3'; known: {', '.join(SHIPPED)}; correct it"
    ]
    with pytest.raises(ModelError, match=r"AX703 spinnaker2-bord: .* or spinnaker2-board"):
        load_machine(Path("spinnaker2-bord"))


def test_there_are_six_directions() -> None:
    assert len(set(LINKS)) == 6
    assert all(LINKS[opposite(link)] == (-dx, -dy) for link, (dx, dy) in enumerate(LINKS))
