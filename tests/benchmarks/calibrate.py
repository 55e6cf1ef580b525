"""Fits the cost model to exact counts of emulated cores.

    PYTHONPATH=src:tests python -m benchmarks.calibrate [--write] [--tiny]

Every workload is mapped and run on emulated cores. What each core did in each slot is counted from the events
(`backends.spinnaker2.work`), what it took is measured; the costs are those of least squares, none below 0. ``--write``
puts them into ``backends/spinnaker2/costs.toml``, after a change of the runtime or of its compiler.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import core_images
import numpy as np
from scipy.optimize import nnls

import axonc
from axonc import Graph
from axonc.backends.spinnaker2.costs import COSTS, FILE, Costs
from axonc.backends.spinnaker2.graded_inputs import rounded
from axonc.backends.spinnaker2.lower import plan_cores
from axonc.backends.spinnaker2.predict import counted_work
from axonc.backends.spinnaker2.work import Work
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import prepare
from axonc.ir.network import Network, network

from .workloads import Workload, workloads

Array = np.ndarray[Any, Any]

HEAD = """\
# What the parts of the runtime take on a Cortex-M4F, once each: instructions, and cycles as the emulator estimates
# them. Made by `python -m benchmarks.calibrate --write` from exact counts; do not edit.

[error]                   # the largest relative error of the total of a workload
"""


@dataclass(frozen=True)
class Measured:
    """A run: what each core did in each slot, and what it took, [slots, cores]."""

    name: str
    work: Sequence[Work]
    instructions: Array
    cycles: Array


def measured(workload: Workload) -> Measured:
    """A workload on the cores that the compiler chooses. Formats of rows are those of the fewest bytes: what is fitted
    must not depend on what was fitted before. DRAM makes nobody wait: only what cores do is fitted."""
    options = Options(**workload.options)
    graph, mapping, chosen = prepare(workload.graph, "spinnaker2", options)
    assert mapping is not None
    assert chosen is not None
    chip = replace(chosen, synapses=replace(chosen.synapses, cycle_price=0.0, fetch_cycles=0.0, fetch_byte_cycles=0.0))
    run = core_images.run(
        graph, mapping, workload.x[None], "emulated", (), host=options.host, shuffle=False, keep_going=True, chip=chip
    )
    net = network(graph)
    plans = plan_cores(net, mapping, options.host, chip.synapses)
    work = counted_work(net, mapping, plans, events(graph, net, workload.x))
    return Measured(workload.name, work, run.stats["instructions"][0], run.stats["cycles"][0])


def events(graph: Graph, net: Network, x: Array) -> dict[str, Array]:
    """What every population and input sends in every step."""
    inputs = [node.name for node in graph.inputs]
    graded = {p.name for p in net.populations if p.graded}
    given = {name: rounded(graph, name, x) if name in graded else x for name in inputs}
    sending = [p.name for p in net.populations if p.peak and p.name not in inputs]
    return given | dict(axonc.interpret(graph, x, sending).recorded)


def fit(runs: Sequence[Measured]) -> dict[str, Costs]:
    """The costs of every part that the runs have, as the table states them: least squares over slots and cores, each
    weighted so that its error counts in proportion to the root of what it takes."""
    names = sorted({name for run in runs for work in run.work for name in work})
    done = np.concatenate([_table(work, names) for run in runs for work in run.work])
    columns = [
        _solved(done, np.concatenate([_taken(run, what) for run in runs])) for what in ("instructions", "cycles")
    ]
    return {name: Costs(*(round(float(c), 2) for c in pair)) for name, *pair in zip(names, *columns, strict=True)}


def _table(work: Work, names: Sequence[str]) -> Array:
    """What a core does, [slots, parts]."""
    slots = np.zeros(len(work["slot"]))
    return np.stack([work.get(name, slots) for name in names], axis=1)


def _taken(run: Measured, what: str) -> Array:
    """What all slots took, core by core."""
    return np.asarray(getattr(run, what), np.float64).T.reshape(-1)


def _solved(done: Array, taken: Array) -> Array:
    weight = 1 / np.sqrt(taken)
    return np.asarray(nnls(done * weight[:, None], taken * weight)[0])


def errors(runs: Sequence[Measured], costs: Mapping[str, Costs]) -> Iterator[tuple[str, Costs]]:
    """The relative error of each run's predicted total."""
    for run in runs:
        totals = [(costs[name], amount.sum()) for work in run.work for name, amount in work.items()]
        instructions = sum(cost.instructions * total for cost, total in totals) / run.instructions.sum() - 1
        cycles = sum(cost.cycles * total for cost, total in totals) / run.cycles.sum() - 1
        yield run.name, Costs(float(instructions), float(cycles))


def worst(found: Sequence[tuple[str, Costs]]) -> Costs:
    """The largest errors."""
    return Costs(max(abs(e.instructions) for _, e in found), max(abs(e.cycles) for _, e in found))


def text(costs: Mapping[str, Costs], error: Costs) -> str:
    """The file."""
    lines = [f"instructions = {error.instructions:.4f}", f"cycles = {error.cycles:.4f}", "", "[costs]"]
    lines += [f'"{name}" = [{cost.instructions:.2f}, {cost.cycles:.2f}]' for name, cost in costs.items()]
    return HEAD + "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Measure, fit and print."""
    parser = argparse.ArgumentParser(description="Fits the cost model to exact counts of emulated cores.")
    parser.add_argument("--write", action="store_true", help="put the costs into costs.toml")
    parser.add_argument("--tiny", action="store_true", help="few workloads, by the costs that there are")
    chosen = parser.parse_args(arguments)
    runs = [measured(workload) for workload in list(workloads())[:: 16 if chosen.tiny else 1]]
    costs = COSTS if chosen.tiny else fit(runs)
    found = list(errors(runs, costs))
    for name, cost in costs.items():
        print(f"{name:34} {cost.instructions:9.2f} instructions {cost.cycles:9.2f} cycles")
    for name, error in found:
        print(f"  {name:60} {error.instructions:+8.2%} instructions {error.cycles:+8.2%} cycles")
    if chosen.write:
        FILE.write_text(text(costs, worst(found)))


if __name__ == "__main__":
    main()
