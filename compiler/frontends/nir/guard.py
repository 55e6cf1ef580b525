"""What is checked of an HDF5 file before anything in it is read: it stays inside itself, and it is not too large."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from math import prod
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5f, h5l, h5o, h5p, h5s

from axonc.ir import Diagnostic, ModelError

MAX_BYTES = 2 << 30
"""The most that all arrays of a file may take in memory: a compressed file can claim any size."""

MAX_DEPTH = 64
"""The deepest nesting of groups; a graph in a graph takes two."""


def open_checked(content: bytes, name: str) -> h5py.File:
    """The HDF5 file with these bytes; `ModelError` if it has links or data elsewhere, or is too deep or too large."""
    file = open_bytes(content)
    try:
        for _ in items(file, name):
            pass
    except BaseException:
        file.close()
        raise
    return file


def open_bytes(content: bytes) -> h5py.File:
    """The HDF5 file with these bytes, unchecked. HDF5 reads its own copy, without a call of ours for each access."""
    access = h5p.create(h5p.FILE_ACCESS)
    access.set_fclose_degree(h5f.CLOSE_STRONG)
    access.set_fapl_core(backing_store=False)
    access.set_file_image(content)
    return h5py.File(h5f.open(f"axonc-{uuid.uuid4()}".encode(), h5f.ACC_RDONLY, access))


def items(file: h5py.File, name: str) -> Iterator[tuple[str, Any]]:
    """Every object with its path, by its low-level identifier, a group before what is in it.

    Each is checked before it is given: what came before may be read while going on.
    """
    seen, size = {hash(file["/"].id)}, 0
    for path in _paths(file, name):
        item = h5o.open(file.id, path.encode())
        if isinstance(item, h5d.DatasetID):
            size += _size(path, item, name)
            _check_size(size, name)
        elif hash(item) in seen:
            raise _refused(name, f"/{path} is linked twice", "links are refused")
        else:
            seen.add(hash(item))
        yield path, item


def value(dataset: h5d.DatasetID) -> Any:
    """What a dataset holds; numbers without the detours of h5py's high level, which take most of the time."""
    if not dataset.shape or dataset.dtype.kind not in "fiu":
        return h5py.Dataset(dataset)[()]
    array = np.empty(dataset.shape, dataset.dtype)
    if array.size:
        dataset.read(h5s.ALL, h5s.ALL, array)
    return array


def _paths(file: h5py.File, name: str) -> list[str]:
    """The paths of all objects. The search stops at the first link that is refused: HDF5 goes deep by recursion."""
    paths: list[str] = []
    problems: list[ModelError] = []

    def look(path: bytes, info: Any) -> bool | None:
        problem = _link_problem(path, info, name)
        if problem is not None:
            problems.append(problem)
            return True
        paths.append(path.decode())
        return None

    file.id.links.visit(look, info=True)
    for problem in problems:
        raise problem
    return paths


def _link_problem(path: bytes, info: Any, name: str) -> ModelError | None:
    shown = path.decode("utf8", "replace")
    if "\ufffd" in shown or not shown.isprintable():
        key = path.split(b"/")[-1]
        return ModelError(Diagnostic("AX108", name, f"the name {key!a} has characters that cannot be shown"))
    if shown.count("/") >= MAX_DEPTH:
        return _refused(name, "its groups are nested too deep", f"at most {MAX_DEPTH} deep")
    if info.type != h5l.TYPE_HARD:
        return _refused(name, f"/{shown} is a link", "links are refused")
    return None


def _check_size(size: int, name: str) -> None:
    if size > MAX_BYTES:
        found, limit = f"its arrays take {size / 1e9:.1f} GB", f"at most {MAX_BYTES / 1e9:.1f} GB"
        raise ModelError(Diagnostic("AX105", name, found, limit))


def _size(path: str, dataset: h5d.DatasetID, name: str) -> int:
    made = dataset.get_create_plist()
    if made.get_layout() == h5d.VIRTUAL or made.get_external_count():
        raise _refused(name, f"the values of /{path} lie in another file", "this is refused")
    return int(prod(dataset.shape or ()) * dataset.dtype.itemsize)


def _refused(name: str, found: str, limit: str) -> ModelError:
    return ModelError(Diagnostic("AX105", name, found, limit, "write the file with nir.write"))
