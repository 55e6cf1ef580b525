"""The command line: ``axonc COMMAND``."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from axonc.ir import CODES, AxoncError, Diagnostic, MismatchError, ModelError
from axonc.ir.advice import ADVICE
from axonc.ir.version import __version__

from . import golden, show
from .cli_model import check, export_command
from .cli_options import compile_options, graph_after, loaded, model_options, plain_console, print_choices, told
from .cli_outputs import golden_command, report
from .cli_train import train_command
from .config import read_config
from .data import read_arrays, read_data
from .directory import MANIFEST, publish, require_replaceable
from .evaluate.command import evaluate_command
from .export import require_state_file, write_result, write_state
from .loading import chosen_semantics, read_model
from .pipeline import Compiled, compile_graph
from .planning.command import plan_command
from .program import fill, open_build
from .pruning.command import prune_command
from .reported import reported
from .search.command import search_command
from .semantics_table import run_presets, table_rows
from .stages import stages_shown
from .sweep.command import sweep_command
from .targets import ENGINES, TARGETS, backend

F = TypeVar("F", bound=Callable[..., Any])


def main() -> None:
    """Run a command: 0 on success; 1 mismatch, 2 model or options, 3 tools. A closed pipe ends quietly."""
    try:
        with reported("--debug" in sys.argv):
            cli(standalone_mode=False)
            sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="axonc")
@click.option("--debug", is_flag=True, help="Show a traceback with an error.")
def cli(debug: bool) -> None:
    """Compile spiking and event-based networks (NIR, ONNX) to C for many-core machines, equal to a reference."""


@cli.command("compile")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("build"), show_default=True)
@model_options
@compile_options
def compile_command(model: Path, output: Path, config: Path | None, **given: Any) -> None:
    """Compile MODEL into a build directory."""
    console = plain_console()
    require_replaceable(output)
    with stages_shown():
        graph, target, options = loaded(model, config, given)
        compiled = compile_graph(graph, target, options)
        publish(output, lambda partial: _fill(compiled, partial, output))
    console.print(f"{compiled.target}: {output}", markup=False, highlight=False)
    print_choices(console, compiled.graph, compiled.manifest["notes"])
    if compiled.mapping is not None:
        report = compiled.program.report
        cores = report["cores"]
        console.print(show.memory_table(cores, compiled.mapping, compiled.manifest["tick_cycles"]))
        lines = (*show.schedule_lines(compiled.mapping), *show.step_lines(report), *show.queue_lines(cores))
        for line in lines:
            console.print(line, markup=False, highlight=False)


def _fill(compiled: Compiled, partial: Path, earlier: Path) -> None:
    fill(compiled, partial)
    golden.keep(earlier, partial)


@cli.command()
@click.argument("build", type=click.Path(path_type=Path))
@click.option("--input", "data", required=True, type=click.Path(path_type=Path), help=".npz, .npy, .csv or .h5.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the result: .npz, .csv or .h5.")
@click.option("--record", multiple=True, help="A population (lif1) or a state (lif1:v); repeatable.")
@click.option("--engine", type=click.Choice(list(ENGINES)), help="What runs it; default: the target's own.")
@click.option("--seed", default=0, show_default=True, help="Of the order in which cores run.")
@click.option("--keep-going", is_flag=True, help="Count full queues and ticks over budget instead of stopping.")
@click.option("--back-to-back", is_flag=True, help="Run the samples one after the other, without a reset.")
@click.option("--threads", type=click.IntRange(1), help="That run cores side by side; default: one a processor.")
@click.option("--state", type=click.Path(path_type=Path), help="Go on from this state: .npz.")
@click.option("--save-state", type=click.Path(path_type=Path), help="Write the state that the run leaves: .npz.")
def run(
    build: Path,
    data: Path,
    output: Path | None,
    record: tuple[str, ...],
    state: Path | None,
    save_state: Path | None,
    **options: Any,
) -> None:
    """Run the program in BUILD over input data."""
    program = open_build(build)
    _require_state_file(save_state, options["back_to_back"])
    begins = None if state is None else read_arrays(state, "give a file that --save-state wrote")
    result = program.run(read_data(data, program.graph), record, state=begins, **options)
    if output is not None:
        write_result(output, result, program.graph)
    if save_state is not None:
        write_state(save_state, result.state)
    console = plain_console()
    console.print(result.summary(), markup=False, highlight=False)
    show.print_cycles(console, result)


def _require_state_file(path: Path | None, back_to_back: bool) -> None:
    """What is wrong with a state to be written, before anything runs."""
    if path is not None and back_to_back:
        found, limit = "--save-state with --back-to-back", "cores keep the state of the last sample alone"
        raise ModelError(Diagnostic("AX708", "", found, limit, "leave one of them out"))
    if path is not None:
        require_state_file(path)


@cli.command()
@click.argument("build", type=click.Path(path_type=Path))
@click.option("--input", "data", required=True, type=click.Path(path_type=Path), help=".npz, .npy, .csv or .h5.")
@click.option("--engine", type=click.Choice(list(ENGINES)), help="What runs it; default: the target's own.")
@click.option("--seed", default=0, show_default=True, help="Of the order in which cores run.")
@click.option("--state", type=click.Path(path_type=Path), help="Begin with this state: .npz.")
@click.option("--shuffle", is_flag=True, help="Also permute the events in every queue.")
def verify(build: Path, data: Path, engine: str | None, seed: int, state: Path | None, shuffle: bool) -> None:
    """Compare target and reference: every output and state at every step, and what they leave, bit for bit.

    Signals that the manifest calls inexact are compared within its tolerance; how many is said.
    """
    program = open_build(build)
    begins = None if state is None else read_arrays(state, "give a file that axonc run --save-state wrote")
    x = read_data(data, program.graph)
    checked = program.verify(x, engine=engine, seed=seed, shuffle=shuffle, state=begins)
    if checked.divergence is not None:
        remedy = "report this: it is a defect of the compiler"
        raise MismatchError(Diagnostic("AX801", "", f"first divergence: {checked.divergence}", "", remedy))
    console = plain_console()
    console.print(
        f"equal: {checked.values} values of {len(checked.names)} signals over {checked.steps} steps", highlight=False
    )
    if checked.inexact.operations:
        console.print(f"not bit for bit: {checked.inexact}", markup=False, highlight=False)


@cli.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--after", help="Show the graph after this pass; 'model': as imported.")
@click.option("--target", help="Whose passes to run; default: spinnaker2.")
@model_options
def inspect(model: Path, after: str | None, target: str | None, config: Path | None, **meaning: Any) -> None:
    """Print the graph of MODEL (a model file or a build directory) as text, at any stage."""
    if model.is_dir():
        _inspect_build(model)
        return
    click.echo(str(graph_after(model, after, target, config, meaning, {})), nl=False)


def _inspect_build(build: Path) -> None:
    from axonc.ir.mapping import Mapping

    program = open_build(build)
    click.echo((build / MANIFEST).read_text(), nl=False)
    click.echo(str(program.graph), nl=False)
    if (build / "mapping.json").is_file():
        mapping = Mapping.from_dict(json.loads((build / "mapping.json").read_text())["mapping"])
        report = json.loads((build / "report.json").read_text())
        console = plain_console()
        console.print(show.memory_table(report["cores"], mapping))
        for line in show.schedule_lines(mapping):
            console.print(line, markup=False, highlight=False)


@cli.command("semantics")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--input", "data", required=True, type=click.Path(path_type=Path), help="One sample, [T, ...].")
@model_options
def semantics_command(
    model: Path,
    data: Path,
    config: Path | None,
    dt: float | None,
    semantics: str | None,
    inputs: str | None,
    onnx: str | None,
) -> None:
    """Run MODEL under every preset and tabulate how their spikes differ from those of --semantics."""
    file = read_config(config)
    graph = told(read_model(model, inputs or file.inputs, onnx))
    file.require(graph)
    chosen = chosen_semantics(semantics, dt, file)
    runs = run_presets(graph, read_data(data, graph), chosen, file.nodes)
    title = f"spikes of every population; late: by so many steps; differs: from {chosen.preset}, lateness aside"
    columns = ("preset", "population", "spikes", "first step", "late", "differs")
    plain_console().print(show.table(title, columns, table_rows(runs, chosen.preset)))


@cli.command()
def targets() -> None:
    """List the targets and whether they are installed."""
    rows = []
    for name in TARGETS:
        try:
            rows.append((name, backend(name).summary))
        except AxoncError as error:
            rows.append((name, str(error.diagnostics[0])))
    plain_console().print(show.table("", ("target", "what it is"), rows))


@cli.command()
def passes() -> None:
    """List the passes, then those on request; what they require and what they ensure."""
    from ..passes import OPTIONAL, PASSES

    rows = [(step.name, step.requires, step.ensures) for step in (*PASSES, *OPTIONAL)]
    plain_console().print(show.table("", ("pass", "requires", "ensures"), rows))


@cli.command()
def ops() -> None:
    """List the ops of the intermediate representation and their equations."""
    from axonc.ir.ops import OPS

    rows = [(op.name, op.stage, (op.__doc__ or "").splitlines()[0]) for op in OPS]
    plain_console().print(show.table("", ("op", "stage", "meaning"), rows))


@cli.command()
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Say what a diagnostic CODE stands for and what to do; without one, list all."""
    if code is not None and code not in CODES:
        raise ModelError(Diagnostic("AX202", "", f"no diagnostic {code!r}", "axonc explain lists them"))
    for known, meaning in CODES.items():
        if code in (None, known):
            click.echo(f"{known}  {meaning}")
    if code is not None:
        click.echo(re.sub(r"\[([^]]*)\]\([^)]*\)|`", r"\1", ADVICE[code]))


cli.add_command(evaluate_command)
cli.add_command(golden_command)
cli.add_command(report)
cli.add_command(check)
cli.add_command(export_command)
cli.add_command(plan_command)
cli.add_command(prune_command)
cli.add_command(search_command)
cli.add_command(sweep_command)
cli.add_command(train_command)
