"""JSON for people and for large programs: a line a row."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


def json_text(value: Any, indent: str = "") -> str:
    """Like `json.dumps` with an indent of 1, but what holds only numbers and texts, or by name lists of such, takes one
    line: a routing entry, a slice. That is what makes it fast, too."""
    if not isinstance(value, (dict, list, tuple)) or _is_row(value):
        return json.dumps(value)
    inner = indent + " "
    if isinstance(value, dict):
        return _lines("{", (f"{json.dumps(key)}: {json_text(item, inner)}" for key, item in value.items()), "}", indent)
    return _lines("[", (json_text(item, inner) for item in value), "]", indent)


def _is_row(value: dict[str, Any] | list[Any] | tuple[Any, ...]) -> bool:
    if isinstance(value, dict):
        return all(not isinstance(item, dict) and _is_plain(item) for item in value.values())
    return _is_plain(value)


def _is_plain(value: Any) -> bool:
    return not isinstance(value, (list, tuple)) or not any(isinstance(item, (dict, list, tuple)) for item in value)


def _lines(opening: str, items: Iterable[str], closing: str, indent: str) -> str:
    between = f"\n{indent} "
    return opening + between + f",{between}".join(items) + f"\n{indent}{closing}"
