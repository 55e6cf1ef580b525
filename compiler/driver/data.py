"""Input data files: ``.npz``, ``.npy``, ``.csv`` and NIRData."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from axonc.ir import Diagnostic, Graph, ModelError

from .nir_data import read_nir_data

Array = np.ndarray[Any, Any]

LABELS = ("y", "labels")
"""Arrays of a data file that hold the classes, unless an input has that name."""


def read_data(path: Path, graph: Graph) -> dict[str, Array]:
    """The arrays of a data file by input name.

    ``.npz``: one array an input by its name, or a single array of any name for a single input; ``.npy`` and ``.csv``
    (one row a step; a head line is skipped): the array of the only input. ``.h5`` and ``.hdf5``: a
    `nir.NIRGraphData` with a node for each input, on the graph's time step.
    """
    arrays = _read(path, graph)
    names = [node.name for node in graph.inputs]
    if len(arrays) == 1 and len(names) == 1:
        return {names[0]: next(iter(arrays.values()))}
    return arrays


def read_unlabelled(path: Path, graph: Graph) -> dict[str, Array]:
    """The same, of a file that may also hold labels."""
    names = [node.name for node in graph.inputs]
    arrays = {name: x for name, x in read_data(path, graph).items() if name not in LABELS or name in names}
    return {names[0]: next(iter(arrays.values()))} if len(arrays) == len(names) == 1 else arrays


def read_arrays(path: Path, remedy: str = "store inputs and labels in one file") -> dict[str, Array]:
    """The arrays of a ``.npz`` by name, inputs and targets alike."""
    if path.suffix != ".npz":
        raise ModelError(Diagnostic("AX703", str(path), f"a data file of type {path.suffix!r}", ".npz", remedy))
    with _readable(path), np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turns what reading a damaged file raises into a `ModelError`."""
    try:
        yield
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        found = error.strerror if isinstance(error, OSError) and error.strerror else f"not readable: {error}"
        raise ModelError(Diagnostic("AX703", str(path), found, "", "check the file")) from error


def _read(path: Path, graph: Graph) -> dict[str, Array]:
    if path.suffix == ".npz":
        return read_arrays(path)
    with _readable(path):
        if path.suffix == ".npy":
            return {"": np.load(path, allow_pickle=False)}
        if path.suffix == ".csv":
            return {"": _read_csv(path)}
        if path.suffix in (".h5", ".hdf5"):
            return read_nir_data(path, graph)
    limit = ".npz, .npy, .csv, .h5 or .hdf5"
    raise ModelError(Diagnostic("AX703", str(path), f"a data file of type {path.suffix!r}", limit, "convert it"))


def _read_csv(path: Path) -> Array:
    lines = path.read_text().splitlines()
    head = 0 if not lines or _is_numbers(lines[0]) else 1
    rows = [line.split(",") for line in lines[head:] if line.strip()]
    return np.array([[float(cell) for cell in row] for row in rows])


def _is_numbers(line: str) -> bool:
    try:
        return bool([float(cell) for cell in line.split(",")])
    except ValueError:
        return False
