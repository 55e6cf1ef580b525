"""The loop of a training on tiles: the batches of a training in numpy, one program for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from axonc.backends.ipu.build import build
from axonc.backends.ipu.machine import load_machine
from axonc.backends.ipu.simulator import CodeletError, ProgramError
from axonc.backends.ipu.training.lowering import project
from axonc.backends.ipu.training.run import run_training
from axonc.backends.spinnaker2.toolchain import ToolchainError
from axonc.backends.training.samples import Learned, Samples
from axonc.backends.training.task import Lists
from axonc.ir import Diagnostic, Graph, ToolError, raise_if_any

from ...training import Options, Trained
from ..directory import write_files
from ..target_training.task import task_of
from ..target_training.turns import prepared, result, turns
from .lists import overflows
from .planning import Planned, planned

NONE: Mapping[str, bool] = MappingProxyType({})


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
    how = options
    net, known = prepared(graph, data, options, {**others, "packed": options.packed})
    steps = next(iter(known.x.values())).shape[1]
    task = task_of(net, how.optimiser, steps, min(how.batch, len(known)), ())
    task = replace(task, lists=lists or Lists())
    found = planned(task, load_machine(machine), how.memory, how.checkpoints)
    with TemporaryDirectory() as made:
        learned = _learned(Path(made) if folder is None else folder, found, turns(net, known, options))
    raise_if_any(overflows(found.training, learned))
    return result(net, known, options, found.plan, learned)


def _learned(folder: Path, found: Planned, given: Iterable[Samples]) -> Learned:
    """What the program learns, built and run in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_files(folder, project(found.training))
    try:
        build(folder)
        return run_training(folder, found.training, given)
    except (ToolchainError, CodeletError) as error:
        raise ToolError(Diagnostic("AX901", "", str(error))) from error
    except ProgramError as error:
        raise ToolError(Diagnostic("AX902", "", str(error))) from error
