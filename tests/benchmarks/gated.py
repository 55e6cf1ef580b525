"""Cycles and instructions of gated units and graded events on an emulated core, by differences of whole networks.

    PYTHONPATH=src:tests python -m benchmarks.gated [--tiny]

A unit: 96 against 32 of them. An event: 48 values of an input against 16, into one or two populations (a row each); a
weight: rows of 192 against 48.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import core_images
import numpy as np
from gated_graphs import ONE, Network
from handmade import compile_program, program_text

from axonc.backends.spinnaker2.backend import SpiNNaker2
from axonc.backends.spinnaker2.lower import plan_cores
from axonc.compiler.mapping import connected, schedule_network
from axonc.compiler.mapping.cut import cut
from axonc.ir import Fixed, Graph, Signal
from axonc.ir.mapping import Mapping
from axonc.ir.network import network
from axonc.ir.ops import FixedGRU, FixedLSTM, FixedResetGate, Input, Output, QuantLinear, ToFixed

Counts = np.ndarray[Any, Any]
STEPS = 3


def mapped(graph: Graph) -> Mapping:
    """All populations on one core, the input with the host."""
    net, target = network(graph), SpiNNaker2()
    machine = target.machine(None)
    parts = [replace(part, core=0) for p in net.populations if p.name != "in" for part in cut(p, (1,))]
    slices = [*cut(net.by_name["in"], (1,)), *parts]
    schedule, cost = schedule_network(net, ["out0"]), target.cost_model(machine)
    return connected(net, slices, schedule, ["out0"], machine, cost)[0]


def spent(graph: Graph, x: Counts) -> Counts:
    """[cycles, instructions] of the busiest slot."""
    stats = core_images.run(graph, mapped(graph), x[None], "emulated", ()).stats
    return np.array([stats["cycles"].max(), stats["instructions"].max()], np.float64)


def begun(shifts: tuple[int, int]) -> Network:
    """A network that has an input of 48 values yet."""
    made = Network(np.random.default_rng(0), shifts=shifts)
    made.add("in", Input(Signal((48,))))
    made.add("in.fixed", ToFixed(Fixed(16, 10)), "in")
    return made


def units(kind: str, count: int, fires: bool, shifts: tuple[int, int] = (34, 40), own: bool = False) -> Graph:
    """Gated units that get no input, and an integrator that hears all they give."""
    made = begun(shifts)
    made.own = own
    state = Fixed(16, 13)
    ops: dict[str, Callable[[], Any]] = {
        "gru_after": lambda: FixedGRU(count, made.lanes(6, count), state, np.asarray(-20000 if fires else 20000)),
        "gru_before": lambda: FixedGRU(
            count, made.lanes(2, count), state, np.asarray(-20000 if fires else 20000), "before"
        ),
        "lstm": lambda: FixedLSTM(count, made.lanes(4, count), state),
        "reset_gate": lambda: FixedResetGate(count, made.lanes(1, count), state),
    }
    op = ops[kind]()
    made.add("w", QuantLinear(np.ones((op.lanes * count, 48), np.int8), ONE), "in.fixed")
    made.add("pop", op, "w")
    made.neurons("out0", ("pop", count), 1, 38, False)
    made.add("out", Output(), "out0")
    return made.graph


def events(targets: int, density: float, populations: int) -> Graph:
    """Integrators that hear the input."""
    made = begun((34, 40))
    made.density = density
    for index in range(populations):
        made.neurons(f"out{index}", ("in.fixed", 48), targets, 38, False)
        made.add(f"shown{index}", Output(), f"out{index}")
    return made.graph


def some(count: int) -> Counts:
    """So many values other than 0 in every step."""
    x = np.zeros((STEPS, 48))
    x[:, :count] = 1.5
    return x


def report_units(small: int, large: int) -> None:
    """Prints what a unit takes, of each kind."""
    for kind in ("gru_after", "gru_before", "lstm", "reset_gate"):
        for name, shifts, own in (
            ("one scale a lane", (34, 40), False),
            ("shifts below 33", (28, 32), False),
            ("scales of their own", (34, 40), True),
        ):
            cost = [spent(units(kind, n, False, shifts, own), some(0)) for n in (small, large)]
            each = (cost[1] - cost[0]) / (large - small)
            print(f"{kind}, {name}: {each[0]:.1f} cycles, {each[1]:.1f} instructions a unit")
    quiet, busy = (
        (spent(units("gru_after", large, fires), some(0)) - spent(units("gru_after", small, fires), some(0)))
        for fires in (False, True)
    )
    each = (busy - quiet) / (large - small)
    print(
        f"an event that a unit gives (LSTM: all do) and an integrator hears: {each[0]:.1f} cycles, "
        f"{each[1]:.1f} instructions"
    )


def per_event(targets: int, density: float, populations: int) -> Counts:
    """[cycles, instructions] of an event."""
    graph = events(targets, density, populations)
    return (spent(graph, some(48)) - spent(graph, some(16))) / 32


def report_events() -> None:
    """Prints what an event takes, and its row, and each weight."""
    for name, density in (("dense", 1.0), ("sparse", 0.2)):
        few, many, twice = per_event(48, density, 1), per_event(192, density, 1), per_event(48, density, 2)
        stored = [
            int(plan_cores(network(g), mapped(g))[0].rows[0].synapses) / 48
            for g in (events(n, density, 1) for n in (48, 192))
        ]
        weight = (many - few) / (stored[1] - stored[0])
        row = twice - few - stored[0] * weight
        event = few - stored[0] * weight - row
        for what, figure in (("event", event), ("row", row), ("weight", weight)):
            print(f"{name}: {figure[0]:.2f} cycles, {figure[1]:.2f} instructions a graded {what}")


def report_code() -> None:
    """Prints the size of images."""
    for kernels in (["lif_q32"], ["gru_after_q16"], ["lstm_q16"], ["gru_after_q16", "lif_q32"]):
        body = "".join(f"    axonc_{name}(core, {i});\n" for i, name in enumerate(kernels))
        elf = compile_program(program_text(body), "emulated")
        print(f"code of {' and '.join(kernels)}: {code_bytes(elf)} bytes")


def code_bytes(elf: Path) -> int:
    """Bytes of code and constants."""
    from axonc.backends.spinnaker2.engine.code import read_code
    from axonc.backends.spinnaker2.memory import MemoryMap

    return len(read_code(elf.read_bytes(), MemoryMap()).image)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Gated units and graded events on an emulated core.")
    parser.add_argument("--tiny", action="store_true", help="units alone, of fewer sizes")
    tiny = parser.parse_args(arguments).tiny
    report_code()
    report_units(8, 16) if tiny else report_units(32, 96)
    if not tiny:
        report_events()


if __name__ == "__main__":
    main()
