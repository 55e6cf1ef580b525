"""Where chunks are measured: here, in processes of this computer, on any executor, on a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from axonc.ir import AxoncError, Diagnostic, ModelError, ToolError

from .counts import ChunkCounts
from .measure import Task, measure
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


class Here(Pool):
    """In this process, one task after the other."""

    ahead = 1

    def submit(self, parcel: Parcel, task: Task) -> Future[ChunkCounts]:
        done: Future[ChunkCounts] = Future()
        done.set_result(measure(parcel, task))
        return done


class Processes(Pool):
    """Processes of this computer, started anew where one was lost; none for a single task."""

    def __init__(self, jobs: int) -> None:
        self.workers = self._wanted = jobs
        self._executor: Executor | None = None

    def expect(self, tasks: int) -> None:
        self._wanted = min(self.workers, tasks)

    def submit(self, parcel: Parcel, task: Task) -> Future[ChunkCounts]:
        if self._executor is not None:
            return _submitted(self._executor, parcel, task)
        if self._wanted == 1:
            return Here().submit(parcel, task)
        context = multiprocessing.get_context("spawn")  # a fork of a process with threads may never finish
        self._executor = ProcessPoolExecutor(self._wanted, context)
        with _one_thread_each():
            return _submitted(self._executor, parcel, task)

    def renew(self) -> None:
        self.close()

    def close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
            self._executor = None


THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes that start now use one thread for numpy's products, since every core has a process already."""
    added = [name for name in THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


class Given(Pool):
    """An executor of the caller's, which stays open. If it breaks, processes of this computer do the rest."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._instead: Processes | None = None
        self.workers = int(getattr(executor, "_max_workers", None) or cores())

    def submit(self, parcel: Parcel, task: Task) -> Future[ChunkCounts]:
        if self._instead is not None:
            return self._instead.submit(parcel, task)
        return _submitted(self._executor, parcel.packed, task)

    def renew(self) -> None:
        if self._instead is None:
            self._instead = Processes(cores())
        else:
            self._instead.renew()

    def close(self) -> None:
        if self._instead is not None:
            self._instead.close()


def _submitted(executor: Executor, parcel: Parcel, task: Task) -> Future[ChunkCounts]:
    """The task's future; a broken executor says so in it."""
    try:
        return executor.submit(measure, parcel, task)
    except BrokenExecutor as error:
        failed: Future[ChunkCounts] = Future()
        failed.set_exception(error)
        return failed


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def opened_pool(jobs: int | None, executor: Executor | None, scheduler: str | None) -> Iterator[Pool]:
    """The pool that the options ask for; None: a process for each core."""
    asked = {"jobs": jobs, "executor": executor, "scheduler": scheduler}
    given = [name for name, value in asked.items() if value is not None]
    if len(given) > 1:
        raise ModelError(Diagnostic("AX403", "", " and ".join(given), "only one says where to run", "drop the other"))
    if jobs is not None and jobs < 1:
        raise ModelError(Diagnostic("AX403", "", f"{jobs} jobs", "at least 1", "correct it"))
    pool = _pool(jobs or cores(), executor, scheduler)
    try:
        yield pool
    finally:
        pool.close()


def _pool(jobs: int, executor: Executor | None, scheduler: str | None) -> Pool:
    if scheduler is not None:
        from .dask_pool import DaskPool

        return DaskPool(scheduler)
    if executor is not None:
        return Given(executor)
    return Processes(jobs) if jobs > 1 else Here()


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
