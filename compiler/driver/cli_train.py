"""The command line, third part: ``axonc train``."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import Any

import click

from axonc.ir.serialize import save_graph

from ..training import Epoch
from ..training.cells import BLOCK
from .cli_options import byte_count, sizes
from .data import read_arrays
from .loading import load
from .planning.text import plan_line
from .train import train

PATH = click.Path(path_type=Path)


@click.command("train")
@click.argument("model", type=PATH)
@click.option("--data", required=True, type=PATH, help=".npz: one array an input [N, T, ...], and labels [N].")
@click.option("--validation", type=PATH, help=".npz, as --data: measured after every epoch.")
@click.option("-o", "--output", type=PATH, default=Path("trained.axg"), show_default=True)
@click.option("--semantics", help="PRESET,field=value,...; default: nir.")
@click.option("--dt", type=float, help="Time step, in the unit of the model's time constants.")
@click.option("--inputs", help="events (default), events:N (up to N a step), dense.")
@click.option("--loss", default="cross_entropy,over=mean", show_default=True, help="NAME,field=value,...")
@click.option("--optimiser", default="adam", show_default=True, help="NAME,field=value,...: adam,rate=2e-3.")
@click.option("--schedule", default="cosine", show_default=True, help="cosine, constant or step.")
@click.option("--surrogate", default="triangle,damping=1", show_default=True, help="NAME,field=value,...")
@click.option("--epochs", default=20, show_default=True)
@click.option("--batch", default=64, show_default=True, help="Samples a step.")
@click.option("--seed", default=0, show_default=True, help="Of the order of the samples.")
@click.option("--weights", multiple=True, help="Rounds weights: int8, int4, ...; NODE=FORMAT: of some; repeatable.")
@click.option("--state", multiple=True, help="Rounds states: q8, centred4, ...; NODE=FORMAT: of some; repeatable.")
@click.option("--quantize", help="How weights get their scales: scales=mse,scope=channel,...")
@click.option("--prune", help="The share of weights that stays 0; or cubic,share=0.9,... or rigl,share=0.9,...")
@click.option("--dropout", help="The share of signals left out while it learns; or 0.2,per=sequence.")
@click.option("--clip", type=float, help="The largest norm of the gradients.")
@click.option("--block", default=BLOCK, show_default=True, help="Steps of time that one matrix product takes.")
@click.option("--memory", type=byte_count, metavar="BYTES", help="The most that a step of training holds: 500M, 2G.")
@click.option("--checkpoints", default="auto", show_default=True, help="auto, none, or a kind of plan.")
@click.option("--packed", is_flag=True, help="Spikes that wait for the way back take a bit each.")
@click.option("--target", help="native: a C program trains; ipu: one for tiles, on the simulator; default: numpy.")
@click.option("--machine", type=PATH, help="TOML: what the target's machine has otherwise.")
@click.option("--folder", type=PATH, help="Where the target's program is left.")
@click.option("--lists", default="auto", show_default=True, help="On tiles: auto, dense, spikes or gradients.")
@click.option("--capacity", multiple=True, help="Neurons that a list has room for: N, or POPULATION=N.")
@click.option("--checkpoint", type=PATH, help="Keeps the training; a later one goes on from it.")
def train_command(
    model: Path,
    data: Path,
    validation: Path | None,
    output: Path,
    semantics: str | None,
    dt: float | None,
    inputs: str | None,
    capacity: tuple[str, ...],
    **options: Any,
) -> None:
    """Train MODEL and write it as a graph file."""
    graph = load(model, semantics, dt, inputs)
    known = None if validation is None else read_arrays(validation)
    trained = train(graph, read_arrays(data), validation=known, capacity=sizes("--capacity", capacity), **options)
    save_graph(trained.graph, output)
    if trained.plan is not None:
        click.echo(f"checkpoints: {plan_line(trained.plan)}")
    for number, epoch in enumerate(trained.history, 1):
        click.echo(f"epoch {number}: {_said(epoch)}")
    click.echo(str(output))


def _said(epoch: Epoch) -> str:
    parts = (("accuracy", epoch.accuracy), ("validation", epoch.validation))
    return ", ".join([f"loss {epoch.loss:.6f}", *(f"{name} {value:.4f}" for name, value in parts if not isnan(value))])
