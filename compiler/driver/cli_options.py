"""Options that several commands share, and what they give."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from axonc.ir import Diagnostic, Graph, ModelError

from ..node_semantics import node_texts
from .config import Config, read_config
from .loading import discretise, lines_of, load, read_model, remarks
from .options import Options, merged_options
from .pipeline import stages
from .pruning.methods import parse_pruning
from .quantisation import parse_quantisation
from .targets import TARGETS

F = TypeVar("F", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)
STATE_OPTION = click.option(
    "--state",
    multiple=True,
    help="Of states: q8 to q32, loihi, float32, uniform4, centred8, ...; NODE=FORMAT, op:KIND=FORMAT: of some.",
)
PRUNE_OPTION = click.option(
    "--prune", multiple=True, help="A share of the weights, or METHOD,field=value,...; repeatable, in order."
)
WEIGHTS_OPTION = click.option(
    "--weights",
    multiple=True,
    help="Of weights: int8, int16, int4, int2, ternary; NODE=FORMAT, op:KIND=FORMAT: of some.",
)


UNITS = {"": 1} | {
    f"{letter}{i}": base**n for n, letter in enumerate("kMGT", 1) for i, base in (("", 1000), ("i", 1024))
}


def byte_count(text: str) -> int:
    """A number of bytes, with k, M, G or T for powers of 1000, and ki, Mi, Gi, Ti for those of 1024."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([kMGT]?i?)B?", text)
    if found is None or found[2] not in UNITS:
        raise click.BadParameter(f"{text!r} is no number of bytes: 500000, 500k, 2.5G, 64Mi")
    return int(float(found[1]) * UNITS[found[2]])


def model_options(command: F) -> F:
    """Options that say what a model means."""
    for option in (
        click.option(
            "--onnx", help="What an ONNX model leaves open: time=, batch=, state=IN:OUT, dim=NAME:N, segment=N."
        ),
        click.option("--config", type=PATH, help="TOML file of options and nodes' semantics."),
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
        click.option("--on-host", multiple=True, help="Nodes that the host runs, or auto; repeatable."),
        click.option("--in-dram", multiple=True, help="Matrices whose rows lie in DRAM; repeatable."),
        click.option("--overflow", help="What events without room are: error (default) or drop."),
        click.option("--capacity", multiple=True, help="Events of a step that a list holds: N, or POPULATION=N."),
        click.option("--calibrate", type=PATH, help="Input data whose busiest steps fit a tick."),
        click.option("--machine", type=PATH, help="TOML file that overrides the machine, or spinnaker2-board."),
        click.option("--partitioner", help="auto (default), naive, hypergraph, metis or mt-kahypar."),
        click.option("--strategy", help="fewest-cores (default), spread, least-latency or least-traffic."),
        click.option("--slice", "slices", multiple=True, help="Most neurons a slice: N, or POPULATION=N; repeatable."),
        PRUNE_OPTION,
        click.option("--quantize", help="How numbers become integers: scales=mse,ranges=data,..."),
        STATE_OPTION,
        WEIGHTS_OPTION,
        click.option("--target", help=f"{', '.join(TARGETS)}."),
    ):
        command = option(command)
    return command


def given_options(config: Config, **given: Any) -> tuple[str, Options]:
    """The target and the options: what is given, else what the file says, else the defaults."""
    config.require()
    target = given.pop("target") or config.compilation.get("target")
    if target is None:
        raise click.UsageError("Missing option '--target'.", click.get_current_context())
    text = given.pop("quantize")
    quantize = None if text is None else parse_quantisation(text)
    given["prune"] = parse_pruning(given["prune"])
    given["capacity"] = sizes("--capacity", given.pop("capacity"))
    sliced = sizes("--slice", given.pop("slices"))
    return target, merged_options(config, slice_size=sliced, quantize=quantize, **given)


def sizes(option: str, texts: tuple[str, ...]) -> int | dict[str, int] | None:
    """One number for all, or numbers by name."""
    if not texts:
        return None
    named: dict[str, int] = {}
    for text in texts:
        name, _, size = text.rpartition("=")
        if not size.isdecimal() or (not name and len(texts) > 1):
            raise ModelError(Diagnostic("AX403", "", f"{option} {text!r}", "N, or POPULATION=N", "correct it"))
        named[name] = int(size)
    return named.get("", named)


def loaded(model: Path, config: Path | None, given: dict[str, Any]) -> tuple[Graph, str, Options]:
    """The graph in steps, the target and the options that a command is given."""
    file = read_config(config)
    meaning = {name: given.pop(name) for name in ("semantics", "dt", "inputs", "onnx")}
    target, options = given_options(file, **given)
    return told(load(model, **meaning, config=file)), target, options


def graph_after(
    model: Path,
    after: str | None,
    target: str | None,
    config: Path | None,
    meaning: dict[str, Any],
    options: dict[str, Any],
) -> Graph:
    """The graph of a model file after a pass; None or ``model``: as imported.

    ``meaning``: semantics, dt, inputs, onnx; ``options``: of a compilation for ``target``.
    """
    file = read_config(config)
    graph = told(read_model(model, meaning["inputs"] or file.inputs, meaning["onnx"]))
    if after in (None, "model"):
        return graph
    stepped = discretise(graph, meaning["semantics"], meaning["dt"], file) if graph.stage == "model" else graph
    for line in lines_of(stepped, "time_step"):
        click.echo(line, err=True)
    if after == "discretise":
        return stepped
    target = target or file.compilation.get("target", "spinnaker2")
    known = dict(stages(stepped, target, merged_options(file, **options)))
    if after not in known:
        limit = f"known: model, discretise, {', '.join(known)}"
        raise ModelError(Diagnostic("AX202", "", f"no pass {after!r} runs for {target}", limit, "choose one"))
    return known[after]


def told(graph: Graph) -> Graph:
    """The graph, after saying on standard error what loading it repaired or recovered."""
    for line in remarks(graph):
        click.echo(line, err=True)
    return graph


def plain_console() -> Console:
    """Output as wide as it needs where nobody watches, so that a pipe sees whole lines."""
    return Console(emoji=False, soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 200)


def print_choices(console: Console, graph: Graph, notes: list[str]) -> None:
    """The semantics of a graph, and notes."""
    lines = [f"semantics: {graph.properties.get('semantics', 'none are stated')}"]
    lines += [f"semantics of {name}: {text}" for name, text in node_texts(graph.properties).items()]
    for line in [*lines, *(f"note: {note}" for note in notes)]:
        console.print(line, markup=False, highlight=False)
