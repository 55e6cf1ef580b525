"""The command line, third part: ``axonc check`` and ``axonc export``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from axonc.ir import ModelError

from . import show
from .check import OK, REPAIRED, UNJUDGED, UNSUPPORTED, Check, Verdict, check_model
from .cli_options import (
    PATH,
    STATE_OPTION,
    WEIGHTS_OPTION,
    compile_options,
    given_options,
    graph_after,
    model_options,
    plain_console,
    print_choices,
)
from .config import read_config
from .export_model import export
from .placement import placement
from .program import open_build

COLOURS = {OK: "green", REPAIRED: "yellow", UNSUPPORTED: "red", UNJUDGED: "dim"}


@click.command()
@click.argument("model", type=PATH)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result.")
@model_options
@compile_options
def check(model: Path, as_json: bool, config: Path | None, **given: Any) -> None:
    """Judge every node of MODEL for a target: all problems, repairs and the fit, without compiling."""
    file = read_config(config)
    meaning = {name: given.pop(name) for name in ("semantics", "dt", "inputs", "onnx")}
    try:
        target, options = given_options(file, **given)
        found = check_model(model, target, options, **meaning, config=file)
    except ModelError as error:
        found = Check(given.get("target") or "", (), error.diagnostics)
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=1))
    else:
        _print(plain_console(), found)
    sys.exit(0 if found.ok else ModelError.exit_code)


def _print(console: Console, found: Check) -> None:
    """On a terminal a table of all nodes; in a pipe one line a problem. Then what was chosen, and the fit."""
    if console.is_terminal and found.nodes:
        console.print(_table(found.nodes))
    listed = {problem for verdict in found.nodes for problem in verdict.problems} if console.is_terminal else set()
    for problem in found.problems:
        if problem not in listed:
            click.echo(str(problem), err=True)
    for line in found.repairs:
        if not console.is_terminal or not any(line in verdict.repairs for verdict in found.nodes):
            click.echo(line, err=True)
    if not found.ok:
        return
    console.print(f"{found.target}: no problems", markup=False, highlight=False)
    assert found.graph is not None
    print_choices(console, found.graph, found.notes)
    if found.mapping is not None:
        cores = found.fit["cores"]
        fit = found.fit
        console.print(show.memory_table(cores, found.mapping, fit["tick_cycles"]))
        placed = map(str, placement(found.graph))
        lines = (*show.load_lines(fit), *show.step_lines(fit), *show.format_lines(fit), *show.queue_lines(cores))
        for text in (*lines, *placed):
            console.print(text, markup=False, highlight=False)


def _table(nodes: tuple[Verdict, ...]) -> Table:
    """A row for every node and problem."""
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("node", "op", "verdict", "code", "why", "remedy"):
        shown.add_column(column, overflow="fold")
    for verdict in nodes:
        rows = [(p.code, "; ".join(filter(None, (p.found, p.limit))), p.remedy) for p in verdict.problems]
        rows += [(line[:5], line.partition(": ")[2], "") for line in verdict.repairs]
        head = [Text(verdict.node), Text(verdict.op), Text(verdict.verdict, COLOURS[verdict.verdict])]
        for row in rows or [("", "", "")]:
            shown.add_row(*head, *map(Text, row))
            head = [Text("")] * 3
    return shown


@click.command("export")
@click.argument("model", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, help="The file to write: .nir.")
@click.option("--after", help="Export the graph after this pass; 'model', the default: as imported.")
@click.option("--target", help="Whose passes to run; default: spinnaker2.")
@WEIGHTS_OPTION
@STATE_OPTION
@model_options
def export_command(
    model: Path,
    output: Path,
    after: str | None,
    target: str | None,
    config: Path | None,
    weights: tuple[str, ...],
    state: tuple[str, ...],
    **meaning: Any,
) -> None:
    """Write MODEL (a model file, or a build directory's final graph) to NIR after any pass, weights quantised too."""
    if model.is_dir():
        graph = open_build(model).graph
    else:
        graph = graph_after(model, after, target, config, meaning, {"weights": weights, "state": state})
    console = plain_console()
    notes = export(graph, output)
    console.print(str(output), markup=False, highlight=False)
    for note in notes:
        console.print(f"note: {note}", markup=False, highlight=False)
