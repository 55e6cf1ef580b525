"""Workers that are lost cost no result; those that cannot work are one line."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from types import SimpleNamespace
from typing import Any

import models
import numpy as np
import pytest

from axonc import Graph, Program, ToolError
from axonc.compiler.driver.evaluate import Evaluation, evaluate, pools
from axonc.compiler.driver.evaluate.measure import Plan, Task, measure
from axonc.compiler.driver.evaluate.pool import measured
from axonc.compiler.driver.evaluate.subject import packed_program

Array = np.ndarray[Any, Any]
POSIX = hasattr(signal, "SIGKILL")


@pytest.fixture(scope="module")
def data() -> tuple[Array, Array]:
    return models.events((24, 20, 3), seed=2), np.arange(24) % 2


@pytest.fixture(scope="module")
def whole(native: Program, graph: Graph, data: tuple[Array, Array]) -> Evaluation:
    return evaluate(native, *data, graph=graph, jobs=1)


def once(kill: Callable[[], None]) -> Callable[[int, int], None]:
    """A progress callback that kills after the first chunk."""
    killed: list[int] = []

    def progress(done: int, samples: int) -> None:
        if not killed:
            killed.append(done)
            kill()

    return progress


def kill_a_child() -> None:
    pid = multiprocessing.active_children()[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


@pytest.mark.skipif(not POSIX, reason="processes are killed by a signal")
def test_a_killed_process_costs_no_result(
    native: Program, graph: Graph, data: tuple[Array, Array], whole: Evaluation
) -> None:
    found = evaluate(native, *data, graph=graph, jobs=2, chunk=3, progress=once(kill_a_child))
    assert found.to_dict() == whole.to_dict()
    assert not multiprocessing.active_children()


@pytest.mark.skipif(not POSIX, reason="processes are killed by a signal")
def test_a_broken_executor_costs_no_result(
    native: Program, graph: Graph, data: tuple[Array, Array], whole: Evaluation
) -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        found = evaluate(native, *data, graph=graph, executor=executor, chunk=3, progress=once(kill_a_child))
    assert found.to_dict() == whole.to_dict()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None, protocol="tcp") as made:
        yield made


@pytest.mark.skipif(not POSIX, reason="processes are killed by a signal")
@pytest.mark.filterwarnings("ignore")
def test_a_killed_dask_worker_costs_no_result(
    native: Program, graph: Graph, data: tuple[Array, Array], whole: Evaluation, cluster: Any
) -> None:
    def kill() -> None:
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

    address = cluster.scheduler_address
    found = evaluate(native, *data, graph=graph, scheduler=address, chunk=2, progress=once(kill))
    assert found.to_dict() == whole.to_dict()
    assert evaluate(native, *data, graph=graph, scheduler=address).to_dict() == whole.to_dict()


@pytest.mark.filterwarnings("ignore")
def test_an_unreachable_scheduler_is_one_line(
    native: Program, data: tuple[Array, Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("axonc.compiler.driver.evaluate.dask_pool.CONNECT", 0.5)
    with pytest.raises(ToolError, match=r"^AX903 the scheduler tcp://127.0.0.1:1: nothing answers there"):
        evaluate(native, *data, scheduler="tcp://127.0.0.1:1")


def test_a_missing_extra_is_one_line(
    native: Program, data: tuple[Array, Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ToolError, match=r'AX901 .*pip install "axonc\[dask\]"'):
        evaluate(native, *data, scheduler="tcp://127.0.0.1:1")


class Losing(pools.Here):
    """Loses the worker of every task in ``lost``, as often as it says."""

    ahead = 3

    def __init__(self, losses: dict[int, int]) -> None:
        self.losses = losses
        self.together: list[int] = []

    def submit(self, parcel: Any, task: Any) -> Future[Any]:
        self.together.append(task.first)
        if self.losses.get(task.first, 0):
            self.losses[task.first] -= 1
            failed: Future[Any] = Future()
            failed.set_exception(pools.BrokenExecutor())
            return failed
        done: Future[Any] = Future()
        done.set_result(task.first)
        return done


def tasks(count: int) -> list[Any]:
    return [SimpleNamespace(first=first, x={"in": np.zeros((1, 1))}) for first in range(count)]


def test_results_keep_the_order_of_the_tasks() -> None:
    pool = Losing({0: 1, 2: 2, 4: 1})
    assert list(measured(pool, None, tasks(6))) == [*range(6)]  # type: ignore[arg-type,comparison-overlap]


def test_a_task_that_ends_every_worker_is_named() -> None:
    found: list[Any] = []
    with pytest.raises(ToolError, match="AX903 3 workers were lost while they ran the samples 2 to 2"):
        found.extend(measured(Losing({2: 9}), None, tasks(6)))  # type: ignore[arg-type]
    assert found == [0, 1]


class Troubled(pools.Here):
    """Every task raises."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def submit(self, parcel: Any, task: Any) -> Future[Any]:
        failed: Future[Any] = Future()
        failed.set_exception(self.error)
        return failed


@pytest.mark.parametrize("error", [ModuleNotFoundError("No module"), OSError("invalid ELF header"), MemoryError()])
def test_trouble_of_a_worker_is_one_line(error: Exception) -> None:
    with pytest.raises(ToolError, match=r"^AX903 a worker "):
        list(measured(Troubled(error), None, tasks(2)))  # type: ignore[arg-type]


def test_a_defect_is_none() -> None:
    with pytest.raises(RuntimeError, match="defect"):
        list(measured(Troubled(RuntimeError("defect")), None, tasks(2)))  # type: ignore[arg-type]


def test_another_version_is_refused(native: Program, x: Array) -> None:
    with packed_program(native, None, None) as parcel, pytest.raises(ToolError, match=r"AX903 a worker has axonc"):
        measure(parcel, Task(Plan(("mapped",), "output", "sum", version="0"), 0, {"input": x}))


def test_few_samples_need_no_process(native: Program, x: Array, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "ProcessPoolExecutor", None)
    evaluate(native, x)
