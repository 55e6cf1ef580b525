"""``axonc prune``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from axonc.ir import Diagnostic, Graph, ModelError
from axonc.ir.serialize import save_graph

from ...passes import Pass
from ..cli_options import PATH, PRUNE_OPTION, model_options, plain_console
from ..config import Config, read_config
from ..evaluate.command import require_writable
from ..evaluate.dataset import read_data_set
from ..evaluate.measure import DECISIONS
from ..loading import lines_of, load, remarks
from ..show import table
from .costs import COLUMNS, cost_rows, matrix_costs
from .effect import Effect, effect
from .methods import parse_pruning
from .stages import prune_stages


@click.command("prune")
@click.argument("model", type=PATH)
@click.option("-o", "--output", type=PATH, default=Path("pruned.axg"), show_default=True)
@PRUNE_OPTION
@click.option("--calibrate", type=PATH, help="Input data that activity, silence and thresholds are taken from.")
@click.option("--data", type=PATH, help="Samples to compare before and after; labels as y: accuracy, too.")
@click.option("--labels", type=PATH, help="A file with the labels, if --data has none.")
@click.option("--class-output", help="The output whose largest element is the class; default: the only one.")
@click.option("--decide", type=click.Choice(list(DECISIONS)), default="sum", show_default=True, help="Score.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result.")
@model_options
def prune_command(
    model: Path,
    output: Path,
    prune: tuple[str, ...],
    calibrate: Path | None,
    data: Path | None,
    labels: Path | None,
    class_output: str | None,
    decide: str,
    as_json: bool,
    config: Path | None,
    **meaning: Any,
) -> None:
    """Prune MODEL and write it as a graph file.

    Prints density, activity and operations of every matrix, and with --data what pruning changed.
    """
    require_writable(output)
    file = read_config(config)
    graph = load(model, config=file, **meaning)
    steps = _steps(prune, file)
    stages = prune_stages(graph, steps, calibrate or file.compilation.get("calibrate"))
    pruned = stages[-1][1]
    found = None
    if data is not None:
        x, y = read_data_set(data, graph, labels)
        found = effect(graph, pruned, x, y, class_output, decide)
    save_graph(pruned, output)
    if as_json:
        click.echo(json.dumps(_json(stages, found), indent=1))
    else:
        _print(graph, stages, found, output)


def _steps(given: tuple[str, ...], file: Config) -> tuple[Pass, ...]:
    file.require()
    steps: tuple[Pass, ...] = parse_pruning(given) or file.compilation.get("prune", ())
    if not steps:
        limit = "it says which weights or units go"
        raise ModelError(
            Diagnostic("AX403", "", "no --prune", limit, "give --prune 0.9, or --prune METHOD,field=value")
        )
    return steps


def _json(stages: Sequence[tuple[Pass, Graph]], found: Effect | None) -> dict[str, Any]:
    pruned = stages[-1][1]
    said = {"pipeline": [str(step) for step, _ in stages], "notes": lines_of(pruned, "notes")}
    costs = [cost.to_dict() for cost in matrix_costs(pruned, None)]
    return {**said, **(found.to_dict() if found is not None else {"after": costs})}


def _print(graph: Graph, stages: Sequence[tuple[Pass, Graph]], found: Effect | None, output: Path) -> None:
    console, pruned = plain_console(), stages[-1][1]
    for line in [*remarks(graph), *(str(step) for step, _ in stages), *_notes(pruned)]:
        console.print(line, markup=False, highlight=False)
    tables = {"before": matrix_costs(graph, None), "after": matrix_costs(pruned, None)}
    if found is not None:
        tables = {"before": list(found.before), "after": list(found.after)}
    for title, costs in tables.items():
        console.print(table(title, COLUMNS, list(cost_rows(costs))))
    for line in [] if found is None else _lines(found):
        console.print(line, markup=False, highlight=False)
    console.print(str(output), markup=False, highlight=False)


def _notes(graph: Graph) -> list[str]:
    return [f"note: {line}" for line in lines_of(graph, "notes")]


def _lines(found: Effect) -> list[str]:
    """What the data say."""
    lines = [str(output) for output in found.outputs]
    if found.agreement is not None:
        lines.append(f"{found.samples} samples; the same class in {found.agreement:.2%}")
    if found.accuracy is not None:
        before, after = found.accuracy
        lines.append(f"accuracy {before:.2%} before, {after:.2%} after")
    return lines
