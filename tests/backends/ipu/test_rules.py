"""Every rule of the system: a program that breaks it is refused with the error of its kind, its twin runs."""

from __future__ import annotations

import re
from pathlib import Path

import ipu_programs
import pytest

PAGE = Path(__file__).parents[3] / "docs" / "ipu-simulator.md"

RULES = {
    "unmapped element": ("invalid_tile_mapping", "Tensor 't': elements [9:10) are not mapped"),
    "no such tile": ("invalid_tile_mapping", "tile 4 of a graph of 4 tiles"),
    "unmapped vertex": ("graph_connection_error", "is not mapped to any tile"),
    "unconnected field": ("graph_connection_error", "Add.out is not connected"),
    "element type": ("type_error", "type mismatch"),
    "rank": ("graph_connection_error", "takes a tensor of rank 1"),
    "unmapped constant": ("invalid_tile_mapping", "'one'"),
    "scalar size": ("graph_connection_error", "takes 1 element"),
    "field size": ("graph_connection_error", "has size 15"),
    "unknown vertex": ("graph_object_creation_error", "'Subtract'"),
    "unknown field": ("graph_connection_error", "'inn'"),
    "value range": ("graph_connection_error", "cannot hold 256"),
    "state without value": ("graph_connection_error", "Stateful.table has no initial value"),
    "two writers": ("graph_cycle_error", "writes to elements [3:7) of variable 'y' that are written to elsewhere"),
    "written and read": ("graph_cycle_error", "that are read elsewhere in same compute set"),
    "overlapping outputs": ("graph_cycle_error", "written to elsewhere"),
    "two in-outs": ("graph_cycle_error", "written to elsewhere"),
    "in place": ("graph_cycle_error", "elsewhere in same compute set"),
    "aliased output": ("graph_connection_error", "repeated elements"),
    "constant output": ("graph_connection_error", "constant"),
    "constant copy": ("graph_program_compilation_error", "constant"),
    "copy size": ("graph_program_compilation_error", "size or type mismatch"),
    "sub-word writers": ("graph_cycle_error", "4-byte word"),
    "partial remote output": ("undefined_data_error", "host read 'y' reads 2 elements"),
    "undefined input": ("undefined_data_error", "reads 4 elements"),
    "undefined again": ("undefined_data_error", "reads 1 elements"),
    "garbage control": ("undefined_data_error", "control tensor"),
    "predicate type": ("control_program_error", "predicate"),
    "tile memory": ("graph_memory_allocation_error", "Out of memory: Cannot fit all variable data"),
    "liveness": ("graph_memory_allocation_error", "Out of memory"),
    "vertex state": ("graph_memory_allocation_error", "Out of memory"),
    "exchange buffers": ("graph_memory_allocation_error", "Out of memory"),
    "gathered edge": ("graph_memory_allocation_error", "Out of memory"),
    "memory allowed": ("graph_memory_allocation_error", "Out of memory"),
    "stream size": ("graph_program_compilation_error", "stream 'stream' of 16 elements"),
    "stream direction": ("graph_program_compilation_error", "other way"),
    "unconnected stream": ("stream_connection_error", "not connected"),
    "same handle": ("graph_object_creation_error", "in use"),
    "host read size": ("tensor_io_state_error", "needs 64 bytes, the buffer has 60"),
    "not loaded": ("runtime_error", "not loaded"),
    "other device": ("graph_object_load_error", "4 tiles, the device has 5"),
    "remote row": ("application_runtime_error", "row 3 of remote buffer 'buffer' that has 3"),
    "remote size": ("graph_program_compilation_error", "remote buffer 'buffer' of 8 elements"),
    "remote transfer": ("stream_memory_allocation_error", "the limit is 134217728"),
    "remote chips": ("graph_program_compilation_error", "remote buffer 'buffer' of IPU 0 is used by IPU 1"),
    "many rows": ("graph_connection_error", "Too many sub-vectors in VectorList"),
    "reshape": ("tensor_creation_error", "reshape"),
    "slice bounds": ("index_error", "slice [8:17)"),
    "unknown option": ("invalid_option", "debgu.instrument"),
    "no program": ("control_program_error", "no program 1"),
    "switch bounds": ("application_runtime_error", "no case for 2"),
}


@pytest.fixture(scope="module")
def outcomes() -> dict[tuple[str, str], list[str]]:
    lines = (line.split("\t") for line in ipu_programs.run("rules", ("rules_codelets.cpp",)).output.splitlines())
    return {(name, twin): outcome for name, twin, *outcome in lines}


def test_the_page_lists_every_program() -> None:
    table = PAGE.read_text().partition("## Rules")[2].partition("Undefined data")[0]
    rows = re.findall(r"^\| .* \| (`.*`) \|$", table, re.MULTILINE)
    assert sorted(name for row in rows for name in re.findall(r"`([^`]+)`", row)) == sorted(RULES)


def test_every_rule_is_tested(outcomes: dict[tuple[str, str], list[str]]) -> None:
    assert {name for name, _ in outcomes} == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_program_that_breaks_a_rule_is_refused(outcomes: dict[tuple[str, str], list[str]], rule: str) -> None:
    kind, said = RULES[rule]
    found, message = outcomes[rule, "wrong"]
    assert kind in found
    assert said in message


@pytest.mark.parametrize("rule", RULES)
def test_its_twin_runs(outcomes: dict[tuple[str, str], list[str]], rule: str) -> None:
    assert outcomes[rule, "right"] == ["ok"]
