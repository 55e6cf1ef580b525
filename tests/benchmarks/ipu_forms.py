"""Where reading the rows of events stops being cheaper than reading all rows: in the accounts of the simulator, and by
the compiler's costs, which choose.

    PYTHONPATH=src:tests python -m benchmarks.ipu_forms [--tiny]

Neurons send exactly what an input sends; others read them. Both forms are compiled at each activity and run; cycles are
those of a step in the accounts (`docs/ipu-simulator.md`), of vertices, exchange and sync.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import ipu_networks
import numpy as np
from scipy import sparse

import axonc
from axonc.backends.ipu.layout import Layout
from axonc.backends.ipu.lower.forms import FORMS as ALL
from axonc.backends.ipu.lower.forms import Rows, Values, density
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import compile_graph


class FavouredRows(Rows):
    """Rows, for all that is dense."""

    def cycles(self, weight: sparse.csc_array, layout: Layout, lanes: int, events: int) -> int:
        return -FAVOUR if density(weight) > 0.5 else super().cycles(weight, layout, lanes, events)


class FavouredValues(Values):
    """Values, for all that is dense."""

    def cycles(self, weight: sparse.csc_array, layout: Layout, lanes: int, events: int) -> int:
        return -FAVOUR if density(weight) > 0.5 else super().cycles(weight, layout, lanes, events)


FAVOUR = 1 << 40
FORMS = (FavouredRows(), FavouredValues())
NARROW, WIDE = [0.25, 0.45], [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]


@dataclass(frozen=True)
class Point:
    """Cycles of a step with each form at an activity, and the form that the compiler takes."""

    activity: float
    cycles: tuple[float, ...]
    chosen: str

    @property
    def cheapest(self) -> str:
        """The form of the fewest cycles in the accounts."""
        return FORMS[int(np.argmin(self.cycles))].name


def relayed(sources: int, targets: int) -> axonc.Graph:
    """Neurons that spike whenever their input does, and integrators that hear all of them."""
    rng, builder = np.random.default_rng(0), axonc.Graph.builder()
    builder.input("in", sources)
    builder.population("relay", "if", sources)
    builder.population("out", "li", targets, tau=10e-3)
    builder.connect("in", "relay", 2000 * np.eye(sources))
    builder.connect("relay", "out", rng.normal(size=(targets, sources)), name="measured")
    builder.output("shown", "out")
    return axonc.load(builder.graph(), dt=1e-3)


def active(sources: int, activity: float, steps: int) -> np.ndarray:
    """Steps in each of which the same part of the inputs sends, another one each time."""
    ranks = np.random.default_rng(1).random((steps, sources)).argsort(axis=1).argsort(axis=1)
    return (ranks < round(activity * sources)).astype(np.int64)


def points(sources: int, targets: int, activities: Sequence[float], steps: int = 6) -> Iterator[Point]:
    """What the accounts say at each activity, and what the compiler chooses."""
    graph = relayed(sources, targets)
    data = [active(sources, activity, steps) for activity in activities]
    options = [Options(calibrate=x) for x in data]
    chosen = [compile_graph(graph, "ipu", one).program.report["forms"]["measured"] for one in options]
    both = [option for option in options for _ in FORMS]
    taken = [(form, *ALL) for form in FORMS] * len(data)
    with ipu_networks.programs([graph] * len(both), both, taken) as programs:
        cycles = [_cycles(program, data[index // len(FORMS)]) for index, program in enumerate(programs)]
    for index, activity in enumerate(activities):
        yield Point(activity, tuple(cycles[index * len(FORMS) : (index + 1) * len(FORMS)]), chosen[index])


def _cycles(program: axonc.Program, x: np.ndarray) -> float:
    """Cycles of a step: those of more steps, less those of fewer."""
    whole, half = (program.run(part).stats["accounts"]["cycles"] for part in (x, x[: len(x) // 2]))
    return (whole - half) / (len(x) - len(x) // 2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table, and where each says that the forms cross."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="two activities of 100 neurons")
    tiny = parser.parse_args(arguments).tiny
    found = list(points(*((100, 24, NARROW) if tiny else (1000, 240, WIDE))))
    print("activity  rows: cycles a step  values: cycles a step    ratio  fewer  chosen")
    for point in found:
        rows, values = point.cycles
        print(
            f"{point.activity:8.2f} {rows:20.0f} {values:22.0f} {rows / values:6.2f} x "
            f"{point.cheapest:>6} {point.chosen:>7}"
        )
    agreed = sum(point.cheapest == point.chosen for point in found)
    print(f"{agreed} of {len(found)} chosen as the accounts say")


if __name__ == "__main__":
    main()
