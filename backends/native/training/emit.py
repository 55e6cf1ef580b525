"""Emitting the project of a training: the parts that all have, one program, and the numbers that it begins with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from axonc.ir.version import __version__

from ...templates import environment
from ..tensor.emit import RUNTIME as OF_TENSORS
from ..tensor.names import comment_text
from .draft import C_TYPES
from .memory import GROUPS, SHARED, Group
from .program import Training

RUNTIME = Path(__file__).parent / "runtime"
SHARED_FILES = ("functions.h",)
"""What it has in common with programs that do not train."""

NAME = "training"


def project(training: Training) -> Mapping[str, bytes]:
    """All files of the project by relative path."""
    numbers = b"".join(np.ascontiguousarray(array).tobytes() for array in training.begun)
    text = environment("axonc.backends.native.training").get_template("training.c.j2").render(**_said(training))
    files = {f"src/{name}": content for name, content in runtime_files().items()}
    return {**files, f"src/{NAME}.c": text.encode(), "data/numbers.bin": numbers}


def runtime_files() -> dict[str, bytes]:
    """What every project of a training has, by name."""
    shared = {name: (OF_TENSORS / name).read_bytes() for name in SHARED_FILES}
    return {**shared, **{path.name: path.read_bytes() for path in sorted(RUNTIME.glob("*.h"))}}


def _said(training: Training) -> dict[str, Any]:
    task, draft = training.task, training.draft
    return {
        "title": comment_text(task.forward.name or "A network"),
        "version": __version__,
        "digest": comment_text(task.forward.properties.get("source_sha256", "unknown"), 64),
        "steps": task.steps,
        "batch": task.batch,
        "groups": [_group(training, group) for group in GROUPS],
        "shared": SHARED,
        "bytes": training.memory.bytes,
        "tape_bytes": training.tape_bytes,
        "target": "float" if task.goal.name == "mean_squared" else "uint32_t",
        "inputs": [
            {"name": f"x{place}", "type": C_TYPES[dtype], "size": task.batch * width}
            for place, (dtype, width) in enumerate(training.inputs.values())
        ],
        "reset": draft.reset,
        "starts": draft.starts,
        "forward": [*draft.forward.blocks, *draft.forward.ends],
        "backward": [*draft.backward.blocks, *draft.backward.ends],
        "pool": training.pool,
        "loss": training.loss,
        "after": training.after,
        "update": training.update,
        "keep": training.tape.keep,
        "take": training.tape.take,
        "pooled": training.pooled.text,
    }


def _group(training: Training, group: Group) -> dict[str, Any]:
    members = training.memory.groups[group]
    lines = [f"{C_TYPES[member.dtype]} {member.name}[{member.count}];" for member in members]
    return {"name": group, "said": GROUPS[group], "members": lines, "bytes": training.memory.size(group)}
