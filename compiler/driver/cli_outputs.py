"""The command line, second part: ``axonc golden`` and ``axonc report``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from axonc.ir.files import write_file

from . import golden
from .data import read_data
from .program import open_build
from .targets import ENGINES

F = TypeVar("F", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)


def engine_option(command: F) -> F:
    """What runs the build."""
    return click.option("--engine", type=click.Choice(list(ENGINES)), help="What runs it; default: the target's own.")(
        command
    )


@click.group("golden")
def golden_command() -> None:
    """Golden outputs: keep what a build gives and what was emitted, and compare later builds with it."""


@golden_command.command()
@click.argument("build", type=PATH)
@click.option("--input", "data", required=True, type=PATH, help=".npz, .npy, .csv or .h5.")
@engine_option
def record(build: Path, data: Path, engine: str | None) -> None:
    """Run BUILD and write BUILD/golden: input, outputs, every state, emitted text."""
    program = open_build(build)
    captured = golden.capture(program, read_data(data, program.graph), engine=engine)
    golden.write_golden(build / golden.FOLDER, captured)
    click.echo(f"{build / golden.FOLDER}: {len(captured.signals)} signals, {len(captured.texts)} emitted files")


@golden_command.command()
@click.argument("build", type=PATH)
@click.option("--against", type=PATH, help="Another build with a golden, or a golden directory; default: BUILD's own.")
@engine_option
def check(build: Path, against: Path | None, engine: str | None) -> None:
    """Run BUILD over the golden's input and compare everything; exit 1 and show what differs."""
    other = against or build
    nested = other / golden.FOLDER
    kept = golden.read_golden(nested if against is None or nested.is_dir() else other)
    found = golden.compare_with(open_build(build), kept, engine)
    for difference in found:
        if difference.detail:
            click.echo(difference.detail)
    golden.require_equal(found)
    click.echo(f"equal: {len(kept.signals)} signals, {len(kept.texts)} emitted files")


@click.command()
@click.argument("build", type=PATH)
@click.option("--input", "data", type=PATH, help="Run it over this: .npz, .npy, .csv or .h5.")
@click.option("--record", multiple=True, help="A state to draw (lif1:v); repeatable.")
@click.option("-o", "--output", type=PATH, default=Path("report.html"), show_default=True)
@engine_option
def report(build: Path, data: Path | None, record: tuple[str, ...], output: Path, engine: str | None) -> None:
    """Write one self-contained HTML page about BUILD: graph, memory, placement, traffic, cycles, rasters."""
    from .report import report_page

    program = open_build(build)
    x = None if data is None else read_data(data, program.graph)
    write_file(output, report_page(program, x, record, engine).encode())
    click.echo(str(output))
