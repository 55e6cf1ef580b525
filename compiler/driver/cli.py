"""The command line: ``axonc COMMAND``."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from axonc.ir import CODES, AxoncError, Diagnostic, Graph, MismatchError, ModelError
from axonc.ir.version import __version__

from ..node_semantics import node_texts
from . import golden, show
from .cli_outputs import golden_command, report
from .config import Config, read_config
from .data import read_data
from .directory import MANIFEST, publish, require_replaceable
from .export import write_result
from .pipeline import (
    Compiled,
    Options,
    chosen_semantics,
    compile_graph,
    discretise,
    load,
    merged_options,
    prepare,
    read_model,
    remarks,
    stages,
)
from .program import fill, open_build
from .semantics_table import run_presets, table_rows
from .targets import ENGINES, TARGETS, backend

F = TypeVar("F", bound=Callable[..., Any])


def main() -> None:
    """Run a command: 0 on success; 1 mismatch, 2 model or options, 3 tools. A closed pipe ends quietly."""
    debug = "--debug" in sys.argv
    try:
        cli(standalone_mode=False)
        sys.stdout.flush()
    except AxoncError as error:
        _fail(error.exit_code, "\n".join(map(str, error.diagnostics)), debug)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        _fail(130, "interrupted", False)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _fail(code: int, message: str, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    click.echo(message, err=True)
    sys.exit(code)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="axonc")
@click.option("--debug", is_flag=True, help="Show a traceback with an error.")
def cli(debug: bool) -> None:
    """Compile spiking neural networks (NIR) to C for many-core machines, equal to a reference bit for bit."""


def model_options(command: F) -> F:
    """Options that say what a model means."""
    for option in (
        click.option("--onnx", help="What an ONNX model leaves open: time=, batch=, state=IN:OUT, dim=NAME:N."),
        click.option("--config", type=click.Path(path_type=Path), help="TOML file of options and nodes' semantics."),
        click.option("--inputs", help="events (default), events:N (up to N a step), dense."),
        click.option("--semantics", help="PRESET,field=value,...; default: nir."),
        click.option("--dt", type=float, help="Time step, in the unit of the model's time constants."),
    ):
        command = option(command)
    return command


def compile_options(command: F) -> F:
    """Options of a compilation."""
    for option in (
        click.option("--input-lists", "input_events", type=int, help="Cores send the inputs: N events a slice."),
        click.option("--record-steps", type=int, help="Steps that the recording buffers hold."),
        click.option("--record", multiple=True, help="What cores record in their memory: lif1, lif1:v; repeatable."),
        click.option("--calibrate", type=click.Path(path_type=Path), help="Input data whose busiest steps fit a tick."),
        click.option("--machine", type=click.Path(path_type=Path), help="TOML file that overrides the machine."),
        click.option("--strategy", help="fewest-cores (default) or spread."),
        click.option("--slice", "slices", multiple=True, help="Most neurons a slice: N, or POPULATION=N; repeatable."),
        click.option("--state", help="Number format of states: q16, q32, loihi or float32."),
        click.option("--weights", help="Number format of weights: int8; the reference also takes float32."),
        click.option("--target", help=f"{', '.join(TARGETS)}."),
    ):
        command = option(command)
    return command


def _options(config: Config, **given: Any) -> tuple[str, Options]:
    """The target and the options: what is given, else what the file says, else the defaults."""
    config.require()
    target = given.pop("target") or config.compilation.get("target")
    if target is None:
        raise click.UsageError("Missing option '--target'.", click.get_current_context())
    return target, merged_options(config, slice_size=_slice_sizes(given.pop("slices")), **given)


def _slice_sizes(texts: tuple[str, ...]) -> int | dict[str, int] | None:
    if not texts:
        return None
    named: dict[str, int] = {}
    for text in texts:
        name, _, size = text.rpartition("=")
        if not size.isdecimal() or (not name and len(texts) > 1):
            raise ModelError(Diagnostic("AX403", "", f"--slice {text!r}", "N, or POPULATION=N", "correct it"))
        named[name] = int(size)
    return named.get("", named)


def _loaded(model: Path, config: Path | None, given: dict[str, Any]) -> tuple[Graph, str, Options]:
    """The graph in steps, the target and the options that a command is given."""
    file = read_config(config)
    meaning = {name: given.pop(name) for name in ("semantics", "dt", "inputs", "onnx")}
    target, options = _options(file, **given)
    return load(model, **meaning, config=file), target, options


@cli.command("compile")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("build"), show_default=True)
@model_options
@compile_options
def compile_command(model: Path, output: Path, config: Path | None, **given: Any) -> None:
    """Compile MODEL into a build directory."""
    console = _console()
    require_replaceable(output)
    graph, target, options = _loaded(model, config, given)
    compiled = compile_graph(_told(graph), target, options)
    with console.status("compiling the emitted C") if console.is_terminal else _quiet():
        publish(output, lambda partial: _fill(compiled, partial, output))
    console.print(f"{compiled.target}: {output}", markup=False, highlight=False)
    _print_choices(console, compiled.graph, compiled.manifest["notes"])
    if compiled.mapping is not None:
        cores = compiled.program.report["cores"]
        console.print(show.memory_table(cores, compiled.mapping))
        for line in (*show.schedule_lines(compiled.mapping), *show.queue_lines(cores)):
            console.print(line, markup=False, highlight=False)


def _fill(compiled: Compiled, partial: Path, earlier: Path) -> None:
    fill(compiled, partial)
    golden.keep(earlier, partial)


@cli.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result.")
@model_options
@compile_options
def check(model: Path, as_json: bool, config: Path | None, **given: Any) -> None:
    """Say whether MODEL compiles for a target, with every problem and the fit, without compiling."""
    try:
        graph, target, options = _loaded(model, config, given)
        graph = graph if as_json else _told(graph)
        final, mapping, machine = prepare(graph, target, options)
        report = backend(target).lower(final, mapping, machine, options.host).report
    except AxoncError as error:
        if as_json:
            problems = [problem.to_dict() for problem in error.diagnostics]
            click.echo(json.dumps({"ok": False, "problems": problems}, indent=1))
            sys.exit(error.exit_code)
        raise
    if as_json:
        chosen = final.properties.get("semantics")
        shown = {"ok": True, "problems": [], "repairs": remarks(final), "semantics": chosen, "fit": dict(report)}
        shown |= {"node_semantics": texts} if (texts := node_texts(final.properties)) else {}
        click.echo(json.dumps(shown, indent=1))
        return
    console = _console()
    console.print(f"{target}: no problems", markup=False, highlight=False)
    _print_choices(console, final, final.properties.get("notes", "").splitlines())
    if mapping is not None:
        console.print(show.memory_table(report["cores"], mapping))
        for line in show.queue_lines(report["cores"]):
            console.print(line, markup=False, highlight=False)


@cli.command()
@click.argument("build", type=click.Path(path_type=Path))
@click.option("--input", "data", required=True, type=click.Path(path_type=Path), help=".npz, .npy, .csv or .h5.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the result: .npz, .csv or .h5.")
@click.option("--record", multiple=True, help="A population (lif1) or a state (lif1:v); repeatable.")
@click.option("--engine", type=click.Choice(list(ENGINES)), help="What runs it; default: the target's own.")
@click.option("--seed", default=0, show_default=True, help="Of the order in which cores run.")
@click.option("--keep-going", is_flag=True, help="Count full queues and ticks over budget instead of stopping.")
@click.option("--back-to-back", is_flag=True, help="Run the samples one after the other, without a reset.")
def run(build: Path, data: Path, output: Path | None, record: tuple[str, ...], **options: Any) -> None:
    """Run the program in BUILD over input data."""
    program = open_build(build)
    result = program.run(read_data(data, program.graph), record, **options)
    if output is not None:
        write_result(output, result, program.graph)
    console = _console()
    console.print(result.summary(), markup=False, highlight=False)
    show.print_cycles(console, result)


@cli.command()
@click.argument("build", type=click.Path(path_type=Path))
@click.option("--input", "data", required=True, type=click.Path(path_type=Path), help=".npz, .npy, .csv or .h5.")
@click.option("--engine", type=click.Choice(list(ENGINES)), help="What runs it; default: the target's own.")
@click.option("--seed", default=0, show_default=True, help="Of the order in which cores run.")
@click.option("--shuffle", is_flag=True, help="Also permute the events in every queue.")
def verify(build: Path, data: Path, engine: str | None, seed: int, shuffle: bool) -> None:
    """Compare target and reference: every output and state at every step, bit for bit."""
    program = open_build(build)
    checked = program.verify(read_data(data, program.graph), engine=engine, seed=seed, shuffle=shuffle)
    if checked.divergence is not None:
        remedy = "report this: it is a defect of the compiler"
        raise MismatchError(Diagnostic("AX801", "", f"first divergence: {checked.divergence}", "", remedy))
    console = _console()
    console.print(
        f"equal: {checked.values} values of {len(checked.names)} signals over {checked.steps} steps", highlight=False
    )


@cli.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--after", help="Show the graph after this pass; 'model': as imported.")
@click.option("--target", help="Whose passes to run; default: spinnaker2.")
@model_options
def inspect(
    model: Path,
    after: str | None,
    target: str | None,
    config: Path | None,
    dt: float | None,
    semantics: str | None,
    inputs: str | None,
    onnx: str | None,
) -> None:
    """Print the graph of MODEL (a model file or a build directory) as text, at any stage."""
    if model.is_dir():
        _inspect_build(model)
        return
    file = read_config(config)
    graph = _told(read_model(model, inputs or file.inputs, onnx))
    if after is None or after == "model":
        click.echo(str(graph), nl=False)
        return
    stepped = discretise(graph, semantics, dt, file) if graph.stage == "model" else graph
    target = target or file.compilation.get("target", "spinnaker2")
    known = {"discretise": stepped} if after == "discretise" else dict(stages(stepped, target, merged_options(file)))
    if after not in known:
        limit = f"known: model, discretise, {', '.join(known)}"
        raise ModelError(Diagnostic("AX202", "", f"no pass {after!r} runs for {target}", limit, "choose one"))
    click.echo(str(known[after]), nl=False)


def _inspect_build(build: Path) -> None:
    from axonc.ir.mapping import Mapping

    program = open_build(build)
    click.echo((build / MANIFEST).read_text(), nl=False)
    click.echo(str(program.graph), nl=False)
    if (build / "mapping.json").is_file():
        mapping = Mapping.from_dict(json.loads((build / "mapping.json").read_text())["mapping"])
        report = json.loads((build / "report.json").read_text())
        console = _console()
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
    graph = _told(read_model(model, inputs or file.inputs, onnx))
    file.require(graph)
    chosen = chosen_semantics(semantics, dt, file)
    runs = run_presets(graph, read_data(data, graph), chosen, file.nodes)
    title = f"spikes of every population; late: by so many steps; differs: from {chosen.preset}, lateness aside"
    columns = ("preset", "population", "spikes", "first step", "late", "differs")
    _console().print(show.table(title, columns, table_rows(runs, chosen.preset)))


@cli.command()
def targets() -> None:
    """List the targets and whether they are installed."""
    rows = []
    for name in TARGETS:
        try:
            rows.append((name, backend(name).summary))
        except AxoncError as error:
            rows.append((name, str(error.diagnostics[0])))
    _console().print(show.table("", ("target", "what it is"), rows))


@cli.command()
def passes() -> None:
    """List the passes, what they require and what they ensure."""
    from ..passes import PASSES

    rows = [(step.name, step.requires, step.ensures) for step in PASSES]
    _console().print(show.table("", ("pass", "requires", "ensures"), rows))


@cli.command()
def ops() -> None:
    """List the ops of the intermediate representation and their equations."""
    from axonc.ir.ops import OPS

    rows = [(op.name, op.stage, (op.__doc__ or "").splitlines()[0]) for op in OPS]
    _console().print(show.table("", ("op", "stage", "meaning"), rows))


@cli.command()
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Say what a diagnostic CODE stands for; without one, list all."""
    if code is not None and code not in CODES:
        raise ModelError(Diagnostic("AX202", "", f"no diagnostic {code!r}", "axonc explain lists them"))
    for known, meaning in CODES.items():
        if code in (None, known):
            click.echo(f"{known}  {meaning}")


cli.add_command(golden_command)
cli.add_command(report)


def _told(graph: Graph) -> Graph:
    """The graph, after saying on standard error what loading it repaired or recovered."""
    for line in remarks(graph):
        click.echo(line, err=True)
    return graph


def _print_choices(console: Console, graph: Graph, notes: list[str]) -> None:
    if "semantics" in graph.properties:
        console.print(f"semantics: {graph.properties['semantics']}", markup=False, highlight=False)
    for name, text in node_texts(graph.properties).items():
        console.print(f"semantics of {name}: {text}", markup=False, highlight=False)
    for note in notes:
        console.print(f"note: {note}", markup=False, highlight=False)


def _console() -> Console:
    """Output as wide as it needs where nobody watches, so that a pipe sees whole lines."""
    return Console(emoji=False, soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 200)


class _quiet:  # noqa: N801 - used as a function
    def __enter__(self) -> None:
        pass

    def __exit__(self, *args: object) -> None:
        pass
