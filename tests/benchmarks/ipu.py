"""The IPU simulator with a large graph: 1,472 tiles, 20,000 floats and six vertices on each.

    PYTHONPATH=src:tests python -m benchmarks.ipu [--tiny]

The program (``tests/backends/ipu/programs/large.cpp``) says when the graph, the engine and the data are there and when
ten rounds are done: a sum on every tile, two copies of the whole tensor, a reduction.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import ipu_programs


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the times, and the estimated cycles of the machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="16 tiles, to see that it runs")
    tiles = 16 if parser.parse_args(arguments).tiny else 1472
    finished = ipu_programs.run("large", ("sum_codelets.cpp",), (str(tiles),), optimised=True)
    assert finished.report is not None
    print(finished.output, end="")
    print(f"estimated cycles of the machine: {finished.report['cycles']}")


if __name__ == "__main__":
    main()
