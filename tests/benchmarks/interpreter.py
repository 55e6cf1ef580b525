"""The reference interpreter against a plain numpy loop of the same model.

    PYTHONPATH=src:tests python -m benchmarks.interpreter [--tiny]

The quantised recurrent network 700-1024-20 with float32 states. The loop knows the model and does nothing else; the
interpreter runs any graph, checks its data and records by name. Both give the same output.
"""

from __future__ import annotations

import argparse

import numpy as np

import axonc

from .measure import interleaved, show
from .native import in_numpy
from .networks import events, recurrent, weights_of


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The interpreter against a numpy loop.")
    parser.add_argument("--tiny", action="store_true", help="a small network and a short sequence")
    tiny = parser.parse_args(arguments).tiny
    sizes, steps, rounds = ((20, 32, 4), 10, 1) if tiny else ((700, 1024, 20), 200, 5)
    program = axonc.compile(recurrent(*sizes), target="reference", weights="int8", state="float32")
    x = events(steps, sizes[0])
    ways = {
        "interpreter": lambda: axonc.interpret(program.graph, x).outputs["out"],
        "numpy loop, rows of events": in_numpy(weights_of(program.graph), x, True),
        "numpy loop, dense": in_numpy(weights_of(program.graph), x, False),
    }
    for way in ways.values():
        np.testing.assert_array_equal(way(), ways["interpreter"]())
    title = f"{'-'.join(map(str, sizes))}, {steps} steps; a step takes"
    show(title, interleaved(ways, rounds), "interpreter", "us", 1e6 / steps)


if __name__ == "__main__":
    main()
