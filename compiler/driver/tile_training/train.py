"""The loop of a training on tiles: the batches of a training in numpy, one program for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from axonc.backends.ipu.build import build
from axonc.backends.ipu.machine import load_machine
from axonc.backends.ipu.simulator import CodeletError, ProgramError
from axonc.backends.ipu.training.lowering import project
from axonc.backends.ipu.training.run import run_training
from axonc.backends.training.samples import Learned, Samples
from axonc.backends.training.task import Lists
from axonc.ir import Diagnostic, Graph, ToolError, raise_if_any

from ...training import Options, Trained
from ..target_training.folder import program_folder
from ..target_training.turns import NONE, prepared
from .lists import overflows
from .planning import Planned, planned


def train_on_tiles(
    graph: Graph,
    data: object,
    options: Options,
    others: Mapping[str, bool] = NONE,
    machine: Path | None = None,
    folder: Path | None = None,
    lists: Lists | None = None,
) -> Trained:
    """Train ``graph`` by a program for the tiles of a machine description; see `axonc.train`.

    ``others``: whether options were given that are not in ``options``, by name. ``folder``: where the program is left;
    None: nowhere. ``lists``: how events come to matrices.
    """
    begun = prepared(graph, data, options, {**others, "packed": options.packed})
    task = replace(begun.task, lists=lists or Lists())
    found = planned(task, load_machine(machine), options.memory, options.checkpoints)
    with program_folder(folder, project(found.training)) as built:
        learned = _learned(built, found, begun.turns())
    raise_if_any(overflows(found.training, learned))
    return begun.result(found.plan, learned)


def _learned(folder: Path, found: Planned, given: Iterable[Samples]) -> Learned:
    """What the program in a folder learns."""
    try:
        build(folder)
        return run_training(folder, found.training, given)
    except CodeletError as error:
        raise ToolError(Diagnostic("AX901", "", str(error))) from error
    except ProgramError as error:
        raise ToolError(Diagnostic("AX902", "", str(error))) from error
