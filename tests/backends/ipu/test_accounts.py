"""The accounts of a program whose bytes and cycles are counted by hand (programs/accounts.cpp)."""

from __future__ import annotations

from typing import Any

import ipu_programs
import pytest

from axonc.backends.ipu.simulator import ProgramError

SYNC, LOCAL_COPY = 600, 288


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    made = ipu_programs.run("accounts", ("rules_codelets.cpp",)).report
    assert made is not None
    return made


def test_a_superstep(report: dict[str, Any]) -> None:
    step = report["steps"][0]
    # Two vertices of 40 elements each on tile 1: the longer of one (10 + 4 * 40) and the sum over 6 workers; before
    # that both gather 160 bytes, which is 8 a cycle.
    assert step["compute_cycles"] == max(170, 340 // 6) + LOCAL_COPY + 320 // 8
    assert step["local_bytes"] == 2 * 160
    # Tile 1 receives 60 different elements, then tile 2 five; 4 bytes a cycle, two phases.
    assert step["exchange_bytes"] == 60 * 4 + 5 * 4
    assert step["exchange_cycles"] == 60 + 5
    assert step["sync_cycles"] == 2 * SYNC
    assert (step["flops"], step["vertices"], step["busy_tiles"], step["default_estimates"]) == (80, 3, 2, 0)


def test_copies(report: dict[str, Any]) -> None:
    away, local, broadcast = report["steps"][1:]
    assert (away["exchange_bytes"], away["exchange_cycles"], away["sync_cycles"]) == (200, 50, SYNC)
    assert (local["executions"], local["local_bytes"], local["compute_cycles"]) == (4, 40, LOCAL_COPY + 5)
    assert (local["exchange_cycles"], local["sync_cycles"]) == (0, 0)
    assert broadcast["exchange_bytes"] == 30 * 4  # what a tile needs twice it receives once


def test_cycles_add_up(report: dict[str, Any]) -> None:
    parts = ("compute_cycles", "sync_cycles", "exchange_cycles")
    assert report["cycles"] == sum(step["executions"] * sum(step[part] for part in parts) for step in report["steps"])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("variables", [400, 240, 160 + 200]),
        ("constants", [0, 0, 12]),
        ("vertex_state", [4, 8, 0]),  # places in the list of the compute set
        ("edge_pointers", [16, 32, 0]),  # two spans of 8 bytes a vertex
        # One stretch is 12 bytes. Sent: 0:20 and 40:80, 0:50, 0:30, the five results; received the same elsewhere.
        ("exchange_code", [60, 36, 24]),
        ("always_live", [400, 240, 160 + 12]),
        # The staged results; two gathered inputs and what arrives for them; the variable that only the program uses.
        ("peak_temporary", [20, 2 * 160 + 240, 200]),
    ],
)
def test_memory_by_kind(report: dict[str, Any], kind: str, expected: list[int]) -> None:
    assert report["memory"]["tiles"][kind] == expected


def test_totals_and_liveness(report: dict[str, Any]) -> None:
    tiles = report["memory"]["tiles"]
    kinds = ("always_live", "vertex_state", "edge_pointers", "exchange_code", "peak_temporary")
    assert tiles["total"] == [sum(tiles[kind][tile] for kind in kinds) for tile in range(3)]
    assert [one["largest"] for one in report["liveness"]] == [560, 200, 200, 0]


@pytest.mark.parametrize(("rate", "cycles"), [(None, [40, 40, 40]), ("2", [40, 80, 80])])
def test_links_between_chips(rate: str | None, cycles: list[int]) -> None:
    given = {} if rate is None else {"AXONC_IPU_LINK_BYTES": rate}
    report = ipu_programs.run("chips", (), **given).report
    assert report is not None
    # Within a chip; to two tiles of another chip, once; to another chip 160 bytes, which itself sends 120 to a third.
    assert [step["link_bytes"] for step in report["steps"]] == [0, 160, 160 + 120]
    # A tile moves 160 bytes, 4 in a cycle; a link carries as much each way: the second chip's 160 in, then its 120 out.
    assert [step["exchange_cycles"] for step in report["steps"]] == cycles


def test_a_rate_that_is_no_number_is_refused() -> None:
    with pytest.raises(ProgramError, match=r"axonc\.linkBytesPerCycle is a number above 0, not '0'"):
        ipu_programs.run("chips", (), AXONC_IPU_LINK_BYTES="0")


def test_reading_what_nobody_wrote_is_counted() -> None:
    report = ipu_programs.run("undefined", ("rules_codelets.cpp",)).report
    assert report is not None
    assert report["undefined_reads"] == {
        "host read 'y'": 3,
        "host read 'z'": 4,
        "vertex field Add.in in compute set 'add'": 2,
    }


def test_threads_change_nothing() -> None:
    one, many = (ipu_programs.run("large", ("sum_codelets.cpp",), ("64",), AXONC_IPU_THREADS=n) for n in ("1", "4"))
    assert one.output.splitlines()[-1] == many.output.splitlines()[-1]
    assert one.report == many.report
