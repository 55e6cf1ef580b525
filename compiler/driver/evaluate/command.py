"""``axonc evaluate``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click
from rich.console import Console
from rich.progress import Progress as Bar
from rich.table import Table

from axonc.ir import Diagnostic, Graph, ModelError
from axonc.ir.files import write_file

from ..cli_options import PATH, compile_options, loaded, model_options, plain_console
from ..cli_outputs import engine_option
from ..pipeline import compile_graph
from ..program import Program, build, open_build
from ..show import print_parts
from .dataset import read_data_set
from .measure import DECISIONS
from .page import evaluation_page
from .run import Progress, evaluate
from .source import source_graph
from .subject import STAGES

F = TypeVar("F", bound=Callable[..., Any])


def data_options(command: F) -> F:
    """Which data, and how their class is decided."""
    for option in (
        click.option("--decide", type=click.Choice(list(DECISIONS)), default="sum", show_default=True, help="Score."),
        click.option("--class-output", help="The output whose largest element is the class; default: the only one."),
        click.option("--labels", type=PATH, help="A file with the labels, if --data has none."),
        click.option("--data", required=True, type=PATH, help="Samples, and labels as y; .npz, .npy, .csv or .h5."),
    ):
        command = option(command)
    return command


def run_options(command: F) -> F:
    """Where and how chunks of the data run."""
    for option in (
        click.option("--keep-going", is_flag=True, help="Count full queues and ticks over budget instead of stopping."),
        click.option("--chunk", type=int, help="Samples that a worker runs at once; default: by their memory."),
        click.option("--scheduler", help="Run on the workers of a Dask scheduler: tcp://HOST:PORT."),
        click.option("--jobs", type=int, help="Processes; 1: this one alone; default: one a core."),
    ):
        command = option(command)
    return engine_option(command)


@click.command("evaluate")
@click.argument("subject", type=PATH)
@data_options
@click.option("--model", type=PATH, help="The model of a BUILD: adds its graph in float.")
@click.option("--stage", "stages", multiple=True, type=click.Choice(STAGES), help="Only this stage; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result.")
@click.option("-o", "--output", type=PATH, help="Also write a page of HTML with plots.")
@run_options
@model_options
@compile_options
def evaluate_command(
    subject: Path,
    data: Path,
    labels: Path | None,
    class_output: str | None,
    decide: str,
    model: Path | None,
    stages: tuple[str, ...],
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
    """Run SUBJECT (a build directory, or a model with options of a compilation) over a data set.

    Prints accuracy, agreement of each layer's events, SQNR of values, operations and sizes: of the graph
    in float, of the quantised graph, of the compiled program; each is compared with the one before it.
    """
    require_writable(output)
    program, graph = _program(subject, model, config, given)
    x, y = read_data_set(data, program.graph, labels)
    with progress_bar() as progress:
        found = evaluate(
            program,
            x,
            y,
            graph=graph,
            stages=stages or None,
            output=class_output,
            decide=decide,
            engine=engine,
            keep_going=keep_going,
            jobs=jobs,
            scheduler=scheduler,
            chunk=chunk,
            progress=progress,
        )
    deliver(found, evaluation_page, output, as_json)


class Found(Protocol):
    """What a command over a data set found."""

    def parts(self) -> Iterator[str | Table]:
        """Lines and tables."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        ...


R = TypeVar("R", bound=Found)


def deliver(found: R, page: Callable[[R], str], output: Path | None, as_json: bool) -> None:
    """Write the page where one is wanted; then print JSON, or lines and tables."""
    if output is not None:
        write_file(output, page(found).encode())
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=1))
    else:
        print_parts(plain_console(), found.parts())


def _program(
    subject: Path, model: Path | None, config: Path | None, given: dict[str, Any]
) -> tuple[Program, Graph | None]:
    """The program and, where it is known, the graph that it was compiled from."""
    if not subject.is_dir():
        if model is not None:
            found = "--model with a model"
            raise ModelError(Diagnostic("AX403", str(subject), found, "it is for a build", "leave it out"))
        graph, target, options = loaded(subject, config, given)
        return build(compile_graph(graph, target, options)), graph
    onnx = given.pop("onnx") if model is not None else None
    stated = [name for name, value in {"config": config, **given}.items() if value not in (None, ())]
    if stated:
        found = f"options of a compilation: {', '.join(stated)}"
        raise ModelError(Diagnostic("AX403", str(subject), found, "a build is compiled already", "leave them out"))
    program = open_build(subject)
    return program, None if model is None else source_graph(program, model, onnx)


def require_writable(output: Path | None) -> None:
    """`ModelError`, before any work, for a file that cannot be written."""
    if output is not None and (output.is_dir() or not output.absolute().parent.is_dir()):
        found = "it is a folder" if output.is_dir() else "its folder does not exist"
        raise ModelError(Diagnostic("AX703", str(output), found, "", "choose another -o"))


@contextmanager
def progress_bar(title: str = "samples") -> Iterator[Progress | None]:
    """Shows progress on standard error where somebody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, samples: bar.update(task, completed=done, total=samples)
