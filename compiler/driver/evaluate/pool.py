"""What measures chunks: the base of all pools, and the chunks through one of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future
from dataclasses import dataclass

from axonc.ir import AxoncError, Diagnostic, ToolError

from .counts import ChunkCounts
from .measure import Task
from .subject import Parcel

ATTEMPTS = 3
"""Workers that a chunk may lose."""

POLL = 1.0
"""Seconds between looks at whether the workers are still there."""

TROUBLES = (
    (ModuleNotFoundError, "has another installation", "install the same axonc where the workers run"),
    (OSError, "cannot load the program", "a native program runs where it was compiled; compile it there"),
    (MemoryError, "has too little memory", "choose a smaller chunk"),
)
"""What a worker may raise that is no defect: kind, what it says, what to do."""

Lost = tuple[type[BaseException], ...]


class Pool:
    """Base of what runs tasks. ``workers`` of them at once; ``ahead``: tasks that are under way, so that memory stays
    bounded; ``lost``: what a task raises whose worker went away."""

    workers: int = 1
    lost: Lost = (BrokenExecutor, CancelledError)

    @property
    def ahead(self) -> int:
        """Every worker has a task, and one more waits for it."""
        return 2 * self.workers

    def expect(self, tasks: int) -> None:
        """Be told how many tasks follow."""

    def submit(self, parcel: Parcel, task: Task) -> Future[ChunkCounts]:
        """Start a task."""
        raise TypeError(f"{type(self).__name__} does not define submit")

    def renew(self) -> None:
        """Make the pool usable after a worker was lost."""

    def check(self) -> None:
        """Raise `ToolError` if no worker will ever come back."""

    def explained(self, error: Exception) -> ToolError | None:
        """What is wrong with a worker that raised ``error``; None if nothing is."""
        for kind, found, remedy in TROUBLES:
            if isinstance(error, kind):
                return ToolError(Diagnostic("AX903", "", f"a worker {found}: {error}", "", remedy))
        return None

    def close(self) -> None:
        """Drop what has not begun, and let the workers go."""


@dataclass(eq=False)
class _Sent:
    task: Task
    future: Future[ChunkCounts] | None = None
    attempts: int = 0


def measured(pool: Pool, parcel: Parcel, tasks: Iterable[Task]) -> Iterator[ChunkCounts]:
    """The counts of every task, in the order of the tasks.

    Where a worker is lost, its tasks run again; the first of them alone, so that one which ends every worker that
    runs it is known.
    """
    coming, sent = iter(tasks), deque[_Sent]()
    while True:
        alone = bool(sent) and sent[0].attempts > 0
        while len(sent) < pool.ahead and not alone and (task := next(coming, None)) is not None:
            sent.append(_Sent(task))
        if not sent:
            return
        for entry in [sent[0]] if alone else sent:
            entry.future = entry.future or pool.submit(parcel, entry.task)
        counts = _counts(pool, sent)
        if counts is not None:
            sent.popleft()
            yield counts


def _counts(pool: Pool, sent: deque[_Sent]) -> ChunkCounts | None:
    """What the first task gives; None if its worker was lost."""
    head = sent[0]
    assert head.future is not None
    try:
        return _waited(pool, head.future)
    except pool.lost as error:
        head.attempts += 1
        if head.attempts == ATTEMPTS:
            raise _given_up(head.task) from error
    except (ModuleNotFoundError, RuntimeError, OSError, MemoryError) as error:
        if not (told := pool.explained(error)):
            raise
        raise told from error
    pool.renew()
    for entry in sent:
        if entry.future is not None and _is_lost(pool, entry.future):
            entry.future = None
    return None


def _waited(pool: Pool, future: Future[ChunkCounts]) -> ChunkCounts:
    while True:
        try:
            return future.result(timeout=POLL)
        except TimeoutError:
            if future.done():
                raise
            pool.check()


def _is_lost(pool: Pool, future: Future[ChunkCounts]) -> bool:
    if not future.done():
        return False
    return future.cancelled() or isinstance(future.exception(), pool.lost)


def _given_up(task: Task) -> AxoncError:
    last = task.first + next(iter(task.x.values())).shape[0] - 1
    found = f"{ATTEMPTS} workers were lost while they ran the samples {task.first} to {last}"
    remedy = "look for what ends them, such as too little memory: a smaller chunk takes less"
    return ToolError(Diagnostic("AX903", "", found, "", remedy))
