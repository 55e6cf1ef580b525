"""Chunks on a Dask cluster, through the executor of its client."""

from __future__ import annotations

import asyncio
import logging
import warnings
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from time import monotonic
from types import ModuleType
from typing import Any

from axonc.ir import Diagnostic, ToolError

from .counts import ChunkCounts
from .measure import Task, measure
from .pool import Pool
from .subject import Parcel

CONNECT = 10
"""Seconds to wait for the scheduler, and for a first worker."""

PATIENCE = 60
"""Seconds without any worker after which nothing more is expected."""


class DaskPool(Pool):
    """The workers of a scheduler. Dask itself runs the tasks of a lost worker again; those that it gives up are sent
    anew."""

    def __init__(self, address: str) -> None:
        distributed = _distributed()
        self.lost = (CancelledError, distributed.CancelledError, distributed.KilledWorker)
        self._address = address
        self._seen = monotonic()
        self._parcels: dict[str, Any] = {}
        self._client = _connected(distributed, address)
        self._executor = self._client.get_executor(pure=False)  # a task that is sent again is another one
        self._count_threads()

    def submit(self, parcel: Parcel, task: Task) -> Future[ChunkCounts]:
        if parcel.digest not in self._parcels:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it is large: every worker needs it
                self._parcels = {parcel.digest: self._client.submit(_itself, parcel.packed, pure=False)}
        future: Future[ChunkCounts] = self._executor.submit(measure, self._parcels[parcel.digest], task)
        return future

    def renew(self) -> None:
        self._parcels = {}

    def check(self) -> None:
        try:
            self._count_threads()
        except (OSError, ValueError) as error:
            raise _unreachable(self._address, "it was lost") from error
        if monotonic() - self._seen > PATIENCE:
            raise _unreachable(self._address, f"it has had no worker for {PATIENCE} seconds")

    def explained(self, error: Exception) -> ToolError | None:
        if "deserialization" not in str(error):
            return super().explained(error)
        found, remedy = "the scheduler or a worker cannot import axonc", "install the same version in all of them"
        return ToolError(Diagnostic("AX903", "", found, "", remedy))

    def close(self) -> None:
        self._parcels = {}
        with suppress(Exception):  # a scheduler that is gone cannot be told anything
            self._executor.shutdown(wait=False)
        with suppress(Exception):
            self._client.close(timeout=CONNECT)

    def _count_threads(self) -> None:
        threads = sum(self._client.nthreads().values())
        self.workers = max(threads, 1)
        if threads:
            self._seen = monotonic()


def _itself(parcel: Parcel) -> Parcel:
    """A parcel as the result of a task: should the workers that hold it be lost, it is made again."""
    return parcel


def _distributed() -> ModuleType:
    try:
        import distributed
    except ModuleNotFoundError as error:
        found, remedy = f"a scheduler needs the package {error.name}", 'pip install "axonc[dask]"'
        raise ToolError(Diagnostic("AX901", "", found, "", remedy)) from error
    for name in ("distributed", "distributed.client"):  # what goes wrong is said in one line, by us
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return distributed


def _connected(distributed: ModuleType, address: str) -> Any:
    try:
        with ThreadPoolExecutor(1) as thread:  # the caller's may have an event loop already
            thread.submit(asyncio.run, _answers(distributed, address)).result()
        client = distributed.Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise _unreachable(address, "nothing answers there") from error
    try:
        client.wait_for_workers(1, timeout=CONNECT)
    except (OSError, TimeoutError) as error:
        client.close()
        raise _unreachable(address, "it has no workers") from error
    return client


async def _answers(distributed: ModuleType, address: str) -> None:
    """Raises `OSError` if nothing does; a client that cannot connect would go on trying, and talk about it."""
    comm = await distributed.comm.connect(address, timeout=CONNECT)
    await comm.close()


def _unreachable(address: str, why: str) -> ToolError:
    remedy = "start it, or correct the address: tcp://HOST:PORT"
    return ToolError(Diagnostic("AX903", "", f"the scheduler {address}: {why}", "", remedy))
