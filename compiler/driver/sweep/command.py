"""``axonc sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from axonc.ir import Diagnostic, ModelError

from ..cli_options import PATH, compile_options, given_options, model_options
from ..config import read_config
from ..evaluate.command import data_options, deliver, progress_bar, require_writable, run_options
from ..evaluate.dataset import read_data_set
from ..evaluate.pools import opened_pool
from .grid import Grid, grid_of_texts, make_grid, read_grid
from .page import sweep_page
from .run import How, Space, swept


@click.command("sweep")
@click.argument("model", type=PATH)
@data_options
@click.option("--grid", "texts", multiple=True, help="NAME=VALUE,VALUE,...; semantics: a value each; repeatable.")
@click.option("--grid-file", type=PATH, help="A TOML file whose table grid holds lists of values by name.")
@click.option("--agreement", is_flag=True, help="Compare with the graph in float also where there are labels.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result.")
@click.option("-o", "--output", type=PATH, help="Also write a page of HTML with plots.")
@run_options
@model_options
@compile_options
def sweep_command(
    model: Path,
    data: Path,
    labels: Path | None,
    class_output: str | None,
    decide: str,
    texts: tuple[str, ...],
    grid_file: Path | None,
    agreement: bool,
    as_json: bool,
    output: Path | None,
    engine: str | None,
    jobs: int | None,
    scheduler: str | None,
    chunk: int | None,
    keep_going: bool,
    config: Path | None,
    **given: Any,
) -> None:
    """Compile MODEL with every combination of options and run each over a data set.

    Prints accuracy (without labels: the shares of bins and of decisions that equal those of the graph in float), cores,
    bytes and operations of every point, and which are on the Pareto front; points that do not compile, with their
    codes.
    """
    require_writable(output)
    space = _space(model, config, _grid(texts, grid_file), given)
    x, y = read_data_set(data, space.any_graph(), labels)
    how = How(y is None or agreement, class_output, decide, engine, keep_going, chunk)
    with opened_pool(jobs, None, scheduler) as pool, progress_bar("points") as progress:
        found = swept(space, x, y, how, pool, progress)
    deliver(found, sweep_page, output, as_json)


def _grid(texts: tuple[str, ...], file: Path | None) -> Grid:
    """What the command line gives, over what the file says."""
    written = {} if file is None else make_grid(read_grid(file), file.parent).values
    given = make_grid(grid_of_texts(texts)).values if texts or file is None else {}
    return Grid({**written, **given})


def _space(model: Path, config: Path | None, grid: Grid, given: dict[str, Any]) -> Space:
    """The points; an option that is also in the grid is refused."""
    twice = [name for name in grid.values if given.get("slices" if name == "slice_size" else name) not in (None, ())]
    if twice:
        found = f"{', '.join(twice)} in the grid and as an option"
        raise ModelError(Diagnostic("AX403", "", found, "one says what it is", "drop the other"))
    file = read_config(config)
    meaning = {name: given.pop(name) for name in ("semantics", "dt", "inputs", "onnx")}
    if "target" in grid.values:
        given["target"] = grid.values["target"][0]
    target, options = given_options(file, **given)
    return Space(model, {**meaning, "config": file}, target, options, grid)
