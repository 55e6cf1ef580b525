"""Checkpoints: all that a training needs to go on exactly where it was, in one file that is whole or not there."""

from __future__ import annotations

import glob
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from axonc.ir import Diagnostic, ModelError
from axonc.ir.files import file_errors, write_file
from axonc.ir.ops import Array

VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training after ``step`` steps.

    ``arrays``: parameters and the optimiser's state by name; ``sums``: what the epoch in progress has added up;
    ``history``: the finished epochs; ``training``: a digest of graph, data and options.
    """

    training: str
    step: int
    arrays: Mapping[str, Array]
    sums: tuple[float, int, int] = (0.0, 0, 0)
    history: tuple[Mapping[str, float], ...] = field(default_factory=tuple)

    def save(self, path: Path) -> None:
        """Write it, whole or not at all, and remove what killed processes left beside it."""
        for partial in path.parent.glob(f".{glob.escape(path.name)}.partial-*"):
            partial.unlink(missing_ok=True)
        said = {"axonc_checkpoint": VERSION, "training": self.training, "step": self.step}
        said |= {"sums": list(self.sums), "history": [dict(epoch) for epoch in self.history]}
        buffer = io.BytesIO()
        described = np.frombuffer(json.dumps(said).encode(), np.uint8)
        np.savez(buffer, **{"": described, **{f"/{name}": array for name, array in self.arrays.items()}})  # type: ignore[arg-type]
        write_file(path, buffer.getvalue())


def load_checkpoint(path: Path, training: str) -> Checkpoint | None:
    """The checkpoint in a file, None if there is none; `ModelError` if it is damaged or of another training."""
    if not path.exists():
        return None
    try:
        with file_errors(path):
            data = path.read_bytes()
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            said: dict[str, Any] = json.loads(bytes(file[""]))
            arrays = {name[1:]: file[name] for name in file.files if name}
        if said["axonc_checkpoint"] != VERSION:
            raise ValueError(f"version {said['axonc_checkpoint']}")
        found = Checkpoint(said["training"], said["step"], arrays, tuple(said["sums"]), tuple(said["history"]))
    except (ValueError, LookupError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(Diagnostic("AX703", str(path), f"not a checkpoint: {error}", "", "remove it")) from error
    if found.training != training:
        said_so = "its graph, data or options are others"
        raise ModelError(Diagnostic("AX711", str(path), said_so, "one file a training", "choose another file"))
    return found
