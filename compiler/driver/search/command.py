"""``axonc search``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from axonc.ir import Graph
from axonc.ir.files import write_file

from ...node_semantics import node_texts
from ..cli_options import PATH, compile_options, loaded, model_options, plain_console
from ..config import Config, read_config
from ..evaluate.command import data_options, require_writable
from ..evaluate.dataset import read_data_set
from ..show import print_parts
from .measure import Measured
from .run import Asked, searched
from .space import DENSITY, STATE, WEIGHTS, Value, search_space


def _listed(context: click.Context, option: click.Parameter, text: str | None) -> tuple[str, ...]:
    return () if text is None else tuple(part.strip() for part in text.split(","))


@click.command("search")
@click.argument("model", type=PATH)
@data_options
@click.option("--keep", type=float, help="The least accuracy or agreement, from 0 to 1.")
@click.option("--lose", type=float, help="Instead, the most that it may lie below that of the graph in float.")
@click.option("--try-weights", default="int8,int4,int2", show_default=True, callback=_listed, help="The largest first.")
@click.option("--try-state", callback=_listed, help="Formats of states: q16,q12,q8.")
@click.option("--try-density", callback=_listed, help="Shares of a matrix's weights that stay: 1,0.5,0.25.")
@click.option("--checkpoint", type=PATH, help="Keeps what was measured; a later search goes on from it.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result.")
@click.option("-o", "--output", type=PATH, help="Write the configuration (TOML) that compiles to what was found.")
@model_options
@compile_options
def search_command(
    model: Path,
    data: Path,
    labels: Path | None,
    keep: float | None,
    lose: float | None,
    try_weights: tuple[str, ...],
    try_state: tuple[str, ...],
    try_density: tuple[str, ...],
    class_output: str | None,
    decide: str,
    checkpoint: Path | None,
    as_json: bool,
    output: Path | None,
    config: Path | None,
    **given: Any,
) -> None:
    """Find a small program of MODEL that keeps an accuracy over a data set.

    Begins with the first of all values for all nodes, and takes the move to the next value of one node that loses
    least a byte saved, as long as what is asked is kept. Without labels, the share of bins of events is kept that equal
    those of the graph in float.
    """
    require_writable(output)
    meant = {name: given[name] for name in ("semantics", "dt", "inputs")}
    graph, target, options = loaded(model, config, {**given, "target": given["target"] or _target(config)})
    chains: dict[str, Sequence[Value]] = {
        WEIGHTS: try_weights,
        STATE: try_state,
        DENSITY: tuple(map(_share, try_density)),
    }
    x, y = read_data_set(data, graph, labels)
    space, asked = search_space(graph, options, chains), Asked(keep, lose, class_output, decide)
    found = searched(space, graph, target, x, y, asked, checkpoint, _told if sys.stderr.isatty() else None)
    if output is not None:
        write_file(output, found.config(output.parent, _meaning(graph, meant, read_config(config))).encode())
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=1))
    else:
        print_parts(plain_console(), found.parts())


def _told(moves: int, found: Measured) -> None:
    click.echo(f"{moves} moves: {found.quality:.2%}, {found.bytes} bytes", err=True)


def _target(config: Path | None) -> str:
    return str(read_config(config).compilation.get("target", "reference"))


def _share(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no share of weights: 1,0.5,0.25") from None


def _meaning(graph: Graph, given: dict[str, Any], config: Config) -> dict[str, Any]:
    """What the model was said to mean, if anything was: all of it, as the graph has it."""
    said: dict[str, Any] = {}
    if given["semantics"] or given["dt"] or config.states_meaning:
        said |= {"semantics": graph.properties["semantics"], "nodes": node_texts(graph.properties)}
    inputs = given["inputs"] or config.inputs
    return said | ({"inputs": inputs} if inputs else {})
