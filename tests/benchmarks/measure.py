"""Timing several ways of one thing in turn, so that all of them meet the same noise."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Times = dict[str, float]


def interleaved(
    ways: Mapping[str, Callable[[], object]],
    rounds: int,
    typical: Callable[[Sequence[float]], float] = statistics.median,
) -> Times:
    """The ``typical`` seconds of every way; each runs once to warm up, then once in every round."""
    for run in ways.values():
        run()
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            start = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - start)
    return {name: typical(times) for name, times in taken.items()}


def show(title: str, times: Times, ours: str, unit: str = "s", scale: float = 1.0) -> None:
    """A table of times; a ratio above 1 says how many times as long as ours a peer takes."""
    print(title)
    for name, seconds in times.items():
        ratio = "" if name == ours else f"   {seconds / times[ours]:8.2f} x"
        print(f"  {name:44} {seconds * scale:10.3f} {unit}{ratio}")
