"""The memory and the time of training on long sequences, with and without checkpoints.

    PYTHONPATH=src:tests python -m benchmarks.checkpoints [--tiny]

64-256-10 of LIF and LI with recurrent weights, 10,000 steps, one sample, one step of training, each way in a process
of its own: the peak of what numpy and Python allocate (tracemalloc, parameters and temporaries included), of the
resident memory above that before the training, the bytes that the plan said, and the time without tracing. All ways
give the same weights; their hash is compared.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import time
import tracemalloc

import numpy as np

import axonc
from axonc.ir.serialize import to_bytes

from .training import lif

WAYS = (("everything held", None), ("half", 0.5), ("a tenth", 0.1), ("a hundredth", 0.01))
"""What it is called, and how much it may hold of what lies between the least that is possible and everything."""


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Memory and time of training on a long sequence.")
    parser.add_argument("--tiny", action="store_true", help="a short sequence")
    parser.add_argument("--way", type=json.loads, help="one way, in this process: [steps, bytes or null, traced]")
    given = parser.parse_args(arguments)
    if given.way is not None:
        print(json.dumps(one(*given.way)))
        return
    steps = 200 if given.tiny else 10_000
    found = axonc.plan(lif(64, 256, 10, True), steps, input_type="uint8")
    every, least = found.plans[0].peak, found.problem.base + found.problem.state + found.problem.tape
    print(f"one step of training, 64-256-10 recurrent, {steps} steps; planned to hold everything: {every / 1e6:.1f} MB")
    print("                       planned  traced peak  resident peak      time  forward runs  less memory")
    hashes, most = set(), 0.0
    for name, share in WAYS:
        memory = None if share is None else int(least + share * (every - least))
        traced, plain = ([*apart(steps, memory, tracing)] for tracing in (True, False))
        planned = f"{traced[3] / 1e6:8.1f} MB" if traced[3] else "          -"
        peaks = f"{traced[0] / 1e6:9.1f} MB {plain[1] / 1e6:11.1f} MB"
        most = most or traced[0]
        print(f"  {name:16} {planned} {peaks} {plain[2]:7.2f} s {plain[4]:13.2f} {most / traced[0]:9.1f} x")
        hashes |= {traced[5], plain[5]}
    print(f"the same weights bit for bit: {len(hashes) == 1}")


def apart(steps: int, memory: int | None, traced: bool) -> list[float]:
    """One way in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.checkpoints", "--way", json.dumps([steps, memory, traced])]
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=here)
    found: list[float] = json.loads(done.stdout)
    return found


def one(steps: int, memory: int | None, traced: bool) -> list[object]:
    """Peaks traced and resident, seconds, the planned bytes, forward runs, a hash of the weights."""
    rng = np.random.default_rng(0)
    graph = lif(64, 256, 10, True)
    data = ((rng.random((1, steps, 64)) < 0.05).astype(np.uint8), np.array([3]))
    axonc.train(graph, (data[0][:, :40], data[1]), epochs=1)  # whatever is loaded once
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if traced:
        tracemalloc.start()
    start = time.perf_counter()
    done = axonc.train(graph, data, epochs=1, memory=memory)
    taken = time.perf_counter() - start
    peak = tracemalloc.get_traced_memory()[1] if traced else 0
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    plan = done.plan
    digest = hashlib.sha256(to_bytes(done.graph)).hexdigest()
    return [peak, resident, taken, plan.peak if plan else 0, plan.factor if plan else 1.0, digest]


if __name__ == "__main__":
    main()
