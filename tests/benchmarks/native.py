"""The native target against hand-written C, numpy and, where they are installed, other frameworks.

    PYTHONPATH=src:tests python -m benchmarks.native [--tiny]

A recurrent network 700-1024-20 (LIF, LI) with dense int8 weights and float32 states, 5 % of the inputs active.
"native engine" is what the compiled program takes for a sequence; "native run" adds what Python does around it:
encoding the events, reading the result. All must give the same output, the frameworks excepted, which run a network
of the same sizes in their own way, step by step.
"""

from __future__ import annotations

import argparse
import ctypes
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import axonc
from axonc.backends.spinnaker2.toolchain import build_shared

from . import frameworks
from .measure import interleaved, show
from .networks import Array, Weights, events, recurrent, weights_of
from .sessions import engine_run

HERE = Path(__file__).parent


def build_peer(folder: Path) -> Any:
    """The hand-written C, compiled for this very processor."""
    (folder / "peer.c").write_text((HERE / "peer.c").read_text())
    build_shared(folder, ["peer.c"], "peer.so", (), ("-O3", "-mcpu=native"))
    function = ctypes.CDLL(str(folder / "peer.so")).peer_run
    function.restype = ctypes.c_uint64
    return function


def peer(function: Any, weights: Weights, x: Array) -> Callable[[], Array]:
    """A run of the hand-written C over all steps; the events are listed beforehand."""
    steps, hidden = len(x), weights.back.shape[1]
    starts = np.concatenate([[0], np.cumsum(x.sum(1))]).astype(np.uint32)
    listed = np.nonzero(x)[1].astype(np.uint32)
    trace = np.zeros((steps, weights.out.shape[1]), np.float32)
    arrays = (weights.into, weights.back, weights.out, weights.hidden, weights.outputs, trace)
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (starts, listed, *arrays)]

    def run() -> Array:
        function(steps, *pointers[:2], hidden, trace.shape[1], *pointers[2:])
        return trace

    return run


def in_numpy(weights: Weights, x: Array, by_events: bool) -> Callable[[], Array]:
    """The same network in numpy: rows of the events summed, or dense products in float32."""
    tables = [table if by_events else table.astype(np.float32) for table in (weights.into, weights.back, weights.out)]

    def drive(table: Array, spikes: Array) -> Array:
        if by_events:
            return table[np.flatnonzero(spikes)].sum(0, dtype=np.int32).astype(np.float32)
        return spikes.astype(np.float32) @ table

    def run() -> Array:
        decay, gain, constant, threshold = weights.hidden
        v, spikes = np.zeros(tables[1].shape[1], np.float32), np.zeros(tables[1].shape[1], np.int64)
        o, trace = np.zeros(tables[2].shape[1], np.float32), []
        for row in x:
            v = (decay * v + gain * (drive(tables[0], row) + drive(tables[1], spikes))) + constant
            spikes = (v > threshold).astype(np.int64)
            v = np.where(spikes, np.float32(0), v)
            o = (weights.outputs[0] * o + weights.outputs[1] * drive(tables[2], spikes)) + weights.outputs[2]
            trace.append(o)
        return np.stack(trace)

    return run


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--tiny", action="store_true", help="a small network and a short sequence")
    tiny = parser.parse_args(arguments).tiny
    sizes, steps, rounds = ((20, 32, 4), 10, 1) if tiny else ((700, 1024, 20), 2000, 7)
    program = axonc.compile(recurrent(*sizes), target="native", state="float32")
    weights, x = weights_of(program.graph), events(steps, sizes[0])
    result = program.run(x)
    with tempfile.TemporaryDirectory() as folder:
        hand = peer(build_peer(Path(folder)), weights, x)
        ways: dict[str, Callable[[], object]] = {
            "native engine": engine_run(program, x),
            "native run": lambda: program.run(x),
            "C by hand, -O3 for this processor": hand,
            "numpy, rows of events": in_numpy(weights, x, True),
            "numpy, dense": in_numpy(weights, x, False),
            **frameworks.available(sizes, x),
        }
        for way in (hand, ways["numpy, rows of events"], ways["numpy, dense"]):
            np.testing.assert_array_equal(way(), result.outputs["out"])
        times = interleaved(ways, rounds)
    activity = float(result.stats["events_sent"].sum()) / steps / sizes[1]
    title = f"{'-'.join(map(str, sizes))}, {steps} steps, {activity:.1%} of the neurons active; a step takes"
    show(title, times, "native engine", "us", 1e6 / steps)


if __name__ == "__main__":
    main()
