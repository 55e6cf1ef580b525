"""``axonc plan``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from axonc.ir.files import write_file

from ...training.cells import BLOCK
from ..cli_options import PATH, byte_count, model_options, plain_console, told
from ..evaluate.command import require_writable
from ..loading import load
from ..show import print_parts
from .page import planning_page
from .run import plan


@click.command("plan")
@click.argument("model", type=PATH)
@click.option("--steps", type=int, required=True, help="The steps of a sequence.")
@click.option("--memory", type=byte_count, metavar="BYTES", help="The most on chip, or in memory: 500k, 2G, 64Mi.")
@click.option("--batch", default=1, show_default=True, help="Sequences at once.")
@click.option("--block", default=BLOCK, show_default=True, help="Steps that are kept or run again together.")
@click.option("--bandwidth", default=0.0, help="Bytes off chip in a unit of time; default: no such memory.")
@click.option("--latency", default=0.0, help="Time of a transfer beside its bytes.")
@click.option("--off-chip", type=byte_count, metavar="BYTES", help="The most bytes there.")
@click.option("--forward", type=float, help="Seconds of a forward step; default: they are the unit of time.")
@click.option("--backward", type=float, help="Of a backward step; default: twice as long.")
@click.option("--loops", is_flag=True, help="Prefer plans whose code is loops.")
@click.option("--packed", is_flag=True, help="Spikes on tapes take a bit each.")
@click.option("--input-type", help="Of the data, as numpy calls it: uint8; default: the type of the training.")
@click.option("--loss", default="cross_entropy,over=mean", show_default=True, help="NAME,field=value,...")
@click.option("--output", help="The output that is trained, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result.")
@click.option("--plot", type=PATH, help="Also write a page of HTML: what is held over the run.")
@model_options
def plan_command(
    model: Path,
    as_json: bool,
    plot: Path | None,
    semantics: str | None,
    dt: float | None,
    inputs: str | None,
    config: Path | None,
    onnx: str | None,
    **how: Any,
) -> None:
    """Where to keep checkpoints when MODEL is trained on long sequences: every plan, its bytes, traffic and time."""
    require_writable(plot)
    found = plan(told(load(model, semantics, dt, inputs, config, onnx)), **how)
    if plot is not None:
        write_file(plot, planning_page(found, f"checkpoints of {model.name}").encode())
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=1))
    else:
        print_parts(plain_console(), found.parts())
