"""Loops over values of one shape, written out with as few axes as they need."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .values import Shape, Value

Body = Callable[..., Sequence[str]]
"""(the element of each value, ...) -> lines."""


def nest(shape: Shape, values: Sequence[Value], body: Body) -> list[str]:
    """Loops over ``shape``, the last axis inside; ``values`` are broadcast to it."""
    if 0 in shape:
        return []
    extents, steps = collapsed(shape, [value.spread(shape).strides for value in values])
    index = [flat_index(value.offset, own) for value, own in zip(values, steps, strict=True)]
    lines = list(body(*(value.at(at) for value, at in zip(values, index, strict=True))))
    return looped(extents, lines)


def looped(extents: Sequence[int], lines: Sequence[str]) -> list[str]:
    """``lines`` inside loops of i0, i1, ...; in a block of their own where there is nothing to loop over."""
    if not extents:
        return list(lines) if len(lines) == 1 else ["{", *indented(lines), "}"]
    opened = [
        f"{'    ' * axis}for (size_t i{axis} = 0; i{axis} < {count}; i{axis}++) {{"
        for axis, count in enumerate(extents)
    ]
    closed = [f"{'    ' * axis}}}" for axis in reversed(range(len(extents)))]
    inner = indented(lines, len(extents))
    return [*opened, *inner, *closed]


def indented(lines: Sequence[str], depth: int = 1) -> list[str]:
    """Lines further inside."""
    return ["    " * depth + line for line in lines]


def flat_index(offset: int, strides: Sequence[int]) -> str:
    """``offset + 12 * i0 + i1``."""
    terms = [(step, f"i{axis}") for axis, step in enumerate(strides) if step]
    text = str(offset) if offset or not terms else ""
    for step, name in terms:
        product = name if abs(step) == 1 else f"{abs(step)} * {name}"
        joint = " - " if step < 0 else " + "
        text = f"{text}{joint}{product}" if text else (f"0 - {product}" if step < 0 else product)
    return text


def collapsed(shape: Shape, strides: Sequence[Sequence[int]]) -> tuple[list[int], list[list[int]]]:
    """The same loops with fewer axes: axes of extent 1 are left out, neighbours that run on become one."""
    extents: list[int] = []
    columns: list[list[int]] = []
    for axis, count in enumerate(shape):
        own = [steps[axis] for steps in strides]
        if count == 1:
            continue
        if extents and all(last == step * count for last, step in zip(columns[-1], own, strict=True)):
            extents[-1], columns[-1] = extents[-1] * count, own
        else:
            extents.append(count)
            columns.append(own)
    return extents, [[column[index] for column in columns] for index in range(len(strides))]
