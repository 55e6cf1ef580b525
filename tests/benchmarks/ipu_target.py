"""A recurrent network that fills the 1,472 tiles of a GC200: compiling it, its bytes, and steps on the simulator.

    PYTHONPATH=src:tests python -m benchmarks.ipu_target [--tiny]

35,256 LIF neurons with random synapses, 24 on each tile, in int8 with states of 16 bits. The interpreter runs the same
steps in the same process. The cycles are the accounts' estimate for the machine (`docs/ipu-simulator.md`).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import axonc

from .measure import show
from .networks import events, recurrent

INPUTS, OUTPUTS = 700, 20


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints what compiling took, the fullest tile, and the rates of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="240 neurons, to see that it runs")
    tiny = parser.parse_args(arguments).tiny
    hidden, density, steps = (240, 0.2, 200) if tiny else (35_256, 0.01, 20)
    graph = recurrent(INPUTS, hidden, OUTPUTS, density)
    start = time.perf_counter()
    program = axonc.compile(graph, target="ipu")
    print(f"{hidden} neurons compiled in {time.perf_counter() - start:.1f} s")
    x = events(steps, INPUTS)
    times = {}
    for engine, name in ((None, "ipu program, simulated"), ("reference", "interpreter")):
        short = x[:1]
        once = _seconds(program, short, engine)
        times[name] = (_seconds(program, x, engine) - once) / (steps - 1)
    accounts = program.run(x).stats["accounts"]
    totals = accounts["memory"]["tiles"]["total"]
    used = sum(size > 0 for size in totals)
    print(f"{used} tiles in use, {max(totals)} bytes on the fullest, {sum(totals) / 1e6:.0f} MB in all")
    print(f"estimated cycles of the machine: {accounts['cycles'] / steps:.0f} a step")
    show("Seconds a step", times, "ipu program, simulated")


def _seconds(program: axonc.Program, x: object, engine: str | None) -> float:
    start = time.perf_counter()
    program.run(x, engine=engine)  # type: ignore[arg-type]
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
