"""What long work is doing: named stages, one after the other, and how far each is. Whoever wants to know listens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

T = TypeVar("T")


class Listener(Protocol):
    """Is told of every stage: when it begins, with the number of its units (None: it has none), of units that are
    done, and when it ends. A stage may begin within another."""

    def begin(self, stage: str, total: int | None) -> None:
        """A stage begins."""
        ...

    def advance(self, units: int) -> None:
        """More units of the innermost stage are done."""
        ...

    def end(self) -> None:
        """The innermost stage ends."""
        ...


_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell ``listener`` of all stages that begin within."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


@contextmanager
def stage(name: str, total: int | None = None) -> Iterator[None]:
    """A stage of ``total`` units."""
    listener = _LISTENER.get()
    if listener is None:
        yield
        return
    listener.begin(name, total)
    try:
        yield
    finally:
        listener.end()


def advance(units: int = 1) -> None:
    """More units of the present stage are done."""
    listener = _LISTENER.get()
    if listener is not None:
        listener.advance(units)


def counted(items: Iterable[T]) -> Iterator[T]:
    """Items, each a unit of the present stage."""
    for item in items:
        yield item
        advance()
