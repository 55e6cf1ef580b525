"""Where chunks are measured: here, in processes of this computer, on any executor, on a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager

from axonc.ir import Diagnostic, ModelError

from .counts import ChunkCounts
from .dask_pool import DaskPool
from .measure import Task, measure
from .pool import Pool
from .subject import Parcel


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
        return DaskPool(scheduler)
    if executor is not None:
        return Given(executor)
    return Processes(jobs) if jobs > 1 else Here()
