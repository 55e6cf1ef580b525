"""The text form of losses, optimisers and surrogates, ``NAME,field=value,...``: in Python and on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TypeVar, get_args, get_type_hints

from axonc.ir import Diagnostic, ModelError

T = TypeVar("T")


def named(what: str, given: str | T, table: Mapping[str, type[T]]) -> T:
    """The value that a text says; a value itself. ``what`` names the option in an error."""
    if not isinstance(given, str):
        return given
    name, *settings = (part.strip() for part in given.split(","))
    if name not in table:
        raise _unknown(what, name, ", ".join(table))
    hints = get_type_hints(table[name])
    known = {field.name for field in fields(table[name]) if _is_text(hints[field.name])}  # type: ignore[arg-type]
    return table[name](**{key: _value(what, text, hints, known) for text in settings for key in [text.split("=")[0]]})


def _is_text(hint: object) -> bool:
    """Whether a text can say a value of this type: a number, or a choice."""
    choices = get_args(hint)
    return hint in (int, float) or (bool(choices) and all(isinstance(choice, str) for choice in choices))


def _value(what: str, setting: str, hints: Mapping[str, object], known: set[str]) -> object:
    key, _, text = setting.partition("=")
    if key not in known:
        raise _unknown(what, setting, ", ".join(sorted(known)) or "no settings")
    choices = get_args(hints[key])
    if choices and text in choices:
        return text
    number = int if hints[key] is int else float
    try:
        if not choices:
            return number(text)
    except ValueError:
        pass
    raise _unknown(what, setting, ", ".join(map(str, choices)) or ("a whole number" if number is int else "a number"))


def _unknown(what: str, text: str, limit: str) -> ModelError:
    return ModelError(Diagnostic("AX403", "", f"{what} {text!r}", f"known: {limit}", "correct it"))
