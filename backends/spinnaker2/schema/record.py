"""Structs, for numpy and for C."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

C_TYPES = {
    "u32": "uint32_t",
    "i32": "int32_t",
    "f32": "float",
    "u16": "uint16_t",
    "u8": "uint8_t",
    "i8": "int8_t",
    "i16": "int16_t",
}

_NUMPY_TYPES = {"u32": "<u4", "i32": "<i4", "f32": "<f4", "u16": "<u2", "u8": "u1", "i8": "i1", "i16": "<i2"}


@dataclass(frozen=True)
class Field:
    """One member of a record: ``count`` > 1 makes it an array."""

    name: str
    type: str
    doc: str
    count: int = 1


@dataclass(frozen=True)
class Record:
    """A struct ``axonc_<name>_t``; members are ordered so that natural alignment leaves no gaps."""

    name: str
    doc: str
    fields: tuple[Field, ...]

    @cached_property
    def dtype(self) -> np.dtype[np.void]:
        members = [
            (f.name, _NUMPY_TYPES[f.type]) if f.count == 1 else (f.name, _NUMPY_TYPES[f.type], (f.count,))
            for f in self.fields
        ]
        return np.dtype(members)

    def offset(self, member: str) -> int:
        """The byte offset of a member."""
        fields = self.dtype.fields
        assert fields is not None
        return int(fields[member][1])


def u32(name: str, doc: str, count: int = 1) -> Field:
    return Field(name, "u32", doc, count)


def i32(name: str, doc: str) -> Field:
    return Field(name, "i32", doc)


def f32(name: str, doc: str) -> Field:
    return Field(name, "f32", doc)
