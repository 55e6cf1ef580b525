"""What is checked of an HDF5 file before anything in it is read: it stays inside itself, and it is not too large."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import h5py

from axonc.ir import Diagnostic, ModelError

MAX_BYTES = 2 << 30
"""The most that all arrays of a file may take in memory: a compressed file can claim any size."""

MAX_DEPTH = 64
"""The deepest nesting of groups; a graph in a graph takes two."""


def open_checked(content: bytes, name: str) -> h5py.File:
    """The HDF5 file with these bytes; `ModelError` if it has links or data elsewhere, or is too deep or too large."""
    file = h5py.File(io.BytesIO(content), "r")
    try:
        _check(file, name)
    except BaseException:
        file.close()
        raise
    return file


def _check(file: h5py.File, name: str) -> None:
    size = sum(_size(path, item, name) for path, item in _items(file, name))
    if size > MAX_BYTES:
        found, limit = f"its arrays take {size / 1e9:.1f} GB", f"at most {MAX_BYTES / 1e9:.1f} GB"
        raise ModelError(Diagnostic("AX105", name, found, limit))


def _items(file: h5py.File, name: str) -> Iterator[tuple[str, Any]]:
    """Every group and array with its path, groups in order of depth. The paths are our own: HDF5 takes long to tell
    the name of a deep group."""
    pending: list[tuple[str, Any]] = [("", file["/"])]
    seen = {hash(file["/"].id)}
    for path, group in pending:
        for key in group:
            place = f"{path}/{key}"
            child = _child(group, key, place, name)
            yield place, child
            if isinstance(child, h5py.Group):
                if hash(child.id) in seen:
                    raise _refused(name, f"{place} is linked twice", "links are refused")
                seen.add(hash(child.id))
                pending.append((place, child))


def _child(group: Any, key: str | bytes, place: str, name: str) -> Any:
    if not isinstance(key, str) or not key.isprintable():
        raise ModelError(Diagnostic("AX108", name, f"the name {key!a} has characters that cannot be shown"))
    if place.count("/") > MAX_DEPTH:
        raise _refused(name, "its groups are nested too deep", f"at most {MAX_DEPTH} deep")
    if not isinstance(group.get(key, getlink=True), h5py.HardLink):
        raise _refused(name, f"{place} is a link", "links are refused")
    return group[key]


def _size(path: str, item: Any, name: str) -> int:
    if not isinstance(item, h5py.Dataset):
        return 0
    if item.external is not None or item.is_virtual:
        raise _refused(name, f"the values of {path} lie in another file", "this is refused")
    return int(item.nbytes)


def _refused(name: str, found: str, limit: str) -> ModelError:
    return ModelError(Diagnostic("AX105", name, found, limit, "write the file with nir.write"))
