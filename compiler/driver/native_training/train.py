"""The loop of a training by a C program: the batches of a training in numpy, one program for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from axonc.backends.native.training.emit import project
from axonc.backends.native.training.library import build, run_training
from axonc.ir import Graph

from ...training import Options, Trained
from ..target_training.folder import program_folder
from ..target_training.turns import NONE, prepared
from .planning import executable, planned


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
    begun = prepared(graph, data, options, {**others, "machine": machine is not None})
    found = planned(begun.task, options.memory, options.checkpoints, options.packed)
    plan = executable(found.plan)
    with program_folder(folder, project(found.training)) as built:
        build(built)
        learned = run_training(built, found.training, plan, begun.turns())
    return begun.result(found.plan, learned)
