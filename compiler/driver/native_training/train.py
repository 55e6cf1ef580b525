"""The loop of a training by a C program: the batches of a training in numpy, one program for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from axonc.backends.native.training.emit import project
from axonc.backends.native.training.library import build, run_training
from axonc.backends.spinnaker2.toolchain import ToolchainError
from axonc.ir import Diagnostic, Graph, ToolError

from ...training import Options, Trained
from ..directory import write_files
from ..target_training.task import task_of
from ..target_training.turns import prepared, result, turns
from .planning import executable, planned

NONE: Mapping[str, bool] = MappingProxyType({})


def train_natively(
    graph: Graph,
    data: object,
    options: Options,
    others: Mapping[str, bool] = NONE,
    machine: Path | None = None,
    folder: Path | None = None,
) -> Trained:
    """Train ``graph`` by a C program for this computer; see `axonc.train`.

    ``others``: whether options were given that are not in ``options``, by name. ``folder``: where the program is left;
    None: nowhere.
    """
    how = options
    net, known = prepared(graph, data, options, {**others, "machine": machine is not None})
    steps = next(iter(known.x.values())).shape[1]
    task = task_of(net, how.optimiser, steps, min(how.batch, len(known)), ())
    found = planned(task, how.memory, how.checkpoints, how.packed)
    plan = executable(found.plan)
    with TemporaryDirectory() as made:
        built = Path(made) if folder is None else folder
        built.mkdir(parents=True, exist_ok=True)
        write_files(built, project(found.training))
        try:
            build(built)
        except ToolchainError as error:
            raise ToolError(Diagnostic("AX901", "", str(error))) from error
        learned = run_training(built, found.training, plan, turns(net, known, options))
    return result(net, known, options, found.plan, learned)
