"""An EGRU language model of 750-1350-1350-750 units, 95 % of its weights pruned, on one chip.

    PYTHONPATH=src:tests python -m benchmarks.language_model [--tokens 20] [--tiny]

The network has the sizes of Nazeer et al. (AICAS 2024): three EGRU layers between dense embeddings of 750 values and
a decoder, both with the host. Weights are random, 5 % of them kept, so that what is measured is the machine, not the
language; thresholds make some 10 % of the units send in a step. For two mappings, that of the fewest cores and that
of the least estimated latency, it prints the time of the compilation, cores, bytes by kind (predicted and in the
built files), bytes a weight, events, multiply-accumulates (predicted from the events, and as counted by the cores),
estimated cycles, and an estimate of the energy of a token.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

import axonc
from axonc import Graph, Program
from axonc.backends.spinnaker2.counts import predicted_macs, received_events
from axonc.backends.spinnaker2.description import load_machine
from axonc.backends.spinnaker2.lower import plan_cores
from axonc.ir import Kind, Node, Result, Signal
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.network import network
from axonc.ir.ops import EGRU, Delay, FixedGRU, Input, Linear, Output

Array = np.ndarray[Any, Any]
SIZES = (750, 1350, 1350, 750)
DENSITY = 0.05
"""The part of the weights that is kept."""

THRESHOLDS = (6.0, 5.0)
"""Parameters of the beta distribution of thresholds."""

GAIN = 3.0
"""What weights of events have over those of embeddings, whose values are larger."""

CYCLE_PJ, SLEEP_MW, BASE_MW = 8.3, 1.55, 75.2
"""At 150 MHz and 0.5 V: energy of a core's cycle above sleep, power of a sleeping core, power of the chip without its
cores; derived from the figures of the chip's paper."""


def language_model(sizes: Sequence[int] = SIZES, density: float = DENSITY, seed: int = 0) -> Graph:
    """Layers of EGRUs with random sparse weights; input ``embedding``, output ``output``."""
    random = np.random.default_rng(seed)
    nodes = [Node("embedding", Input(Signal((sizes[0],), Kind.DENSE)))]
    for index, (inputs, units) in enumerate(pairwise(sizes), 1):
        name, source = f"egru{index}", nodes[-1].name
        into, back = (_weight(random, 3 * units, columns, density) for columns in (inputs, units))
        into, back = into * (1.0 if index == 1 else GAIN), back * GAIN
        bias = random.normal(size=3 * units) * 0.1
        nodes += [
            Node(f"{name}.w", Linear(into, bias), (source,)),
            Node(f"{name}.late", Delay(1), (name,)),
            Node(f"{name}.r", Linear(back, np.zeros(3 * units)), (f"{name}.late",)),
            Node(name, EGRU(units, random.beta(*THRESHOLDS, size=units)), (f"{name}.w",), "", (f"{name}.r",)),
        ]
    return Graph("language model", (*nodes, Node("output", Output(), (nodes[-1].name,))), "steps")


def _weight(random: np.random.Generator, rows: int, columns: int, density: float) -> Any:
    made = sparse.random_array(
        (rows, columns), density=density, rng=random, data_sampler=random.standard_normal, format="csr"
    )
    return made * np.sqrt(2 / (columns * density))


@dataclass(frozen=True)
class Mapped:
    """A compiled model, and how long that took."""

    program: Program
    seconds: float

    @property
    def cores(self) -> list[dict[str, Any]]:
        """What the compiler reports of each core."""
        return list(json.loads((self.program.directory / "report.json").read_text())["cores"])

    @property
    def described(self) -> dict[str, Any]:
        """``mapping.json``."""
        return dict(json.loads((self.program.directory / "mapping.json").read_text()))

    @property
    def bytes(self) -> Counter[str]:
        """Bytes by kind, of all cores."""
        return sum((Counter(core["bytes"]) for core in self.cores), Counter[str]())

    def built_bytes(self) -> tuple[int, int]:
        """Constant data and work area of all cores, in the files that are loaded."""
        cores = self.described["cores"]
        data = sum((self.program.directory / core["data"]).stat().st_size for core in cores)
        return data, sum(core["work_bytes"] for core in cores)


def compiled(graph: Graph, strategy: str, calibrate: Array) -> Mapped:
    """The model for the chip."""
    start = time.perf_counter()
    program = axonc.compile(graph, "spinnaker2", weights="int8", strategy=strategy, calibrate=calibrate)
    return Mapped(program, time.perf_counter() - start)


def describe(made: Mapped) -> None:
    """What is known before anything runs."""
    sizes, (data, work) = made.bytes, made.built_bytes()
    weights = sum(sum(core["synapses"].values()) for core in made.cores)
    constant = sizes["tables"] + sizes["weights"]
    changing = sizes["state"] + sizes["queues"]
    held = min(core["safe_activity"] for core in made.cores)
    print(f"  compiled in {made.seconds:.1f} s: {len(made.cores)} cores, {weights} weights")
    print("  bytes predicted: " + ", ".join(f"{kind} {size}" for kind, size in sizes.items() if size))
    print(f"  in the built files: constant data {data} (predicted {constant}), work area {work} (predicted {changing})")
    print(f"  {sizes['weights'] / weights:.2f} bytes a weight; queues hold {held:.0%} of the worst case")


def column(made: Mapped, result: Result, tokens: int) -> dict[str, str]:
    """What the table in docs/recurrent.md says of a mapping after a run of one sample that records the layers."""
    stats, weights = result.stats, sum(sum(core["synapses"].values()) for core in made.cores)
    rates = (float(np.mean(trace != 0)) for trace in result.recorded.values())
    return {
        "cores": str(len(made.cores)),
        "bytes of rows a weight": f"{made.bytes['weights'] / weights:.2f}",
        "units that send in a step, by layer": ", ".join(f"{100 * rate:.1f} %" for rate in rates),
        "multiply-accumulates a token": f"{int(stats['macs'].sum(dtype=np.int64)) / tokens:.0f}",
        "packets that cores send, a token": f"{int(stats['events_sent'].sum()) / tokens:.0f}",
        "cycles of the busiest core in a slot": f"{int(stats['cycles'].max()) / 1000:.0f}000",
    }


def measure(made: Mapped, graph: Graph, x: Array) -> dict[str, str]:
    """A run, compared with the interpreter, and what it cost; its column of the table."""
    names = [node.name for node in made.program.graph if isinstance(node.op, FixedGRU)]
    start = time.perf_counter()
    result = made.program.run(x, record=names)
    took = time.perf_counter() - start
    expected = made.program.run(x, record=[*names, "embedding.fixed"], engine="reference")
    equal = all(np.array_equal(result[name], expected[name]) for name in names)
    rates = ", ".join(f"{float(np.mean(expected[name] != 0)):.1%}" for name in names)
    print(f"  {len(x)} tokens emulated in {took:.1f} s, {'equal to' if equal else 'DIFFERENT FROM'} the interpreter")
    print(f"  units that send in a step: {rates}")
    _costs(made, result, {"embedding": expected["embedding.fixed"], **{name: expected[name] for name in names}}, len(x))
    return column(made, result, len(x))


def _costs(made: Mapped, result: Result, traces: Mapping[str, Array], tokens: int) -> None:
    stats, clock = result.stats, load_machine().clock_hz
    net = network(made.program.graph)
    mapping = CoreMapping.from_dict(made.described["mapping"])
    graded = frozenset(p.name for p in net.populations if p.graded)
    predicted = predicted_macs(plan_cores(net, mapping), received_events(mapping, traces, graded), mapping)
    counted = int(stats["macs"].sum(dtype=np.int64))
    print(
        f"  multiply-accumulates: {counted} counted, {int(predicted.sum())} predicted, {counted / tokens:.0f} a token"
    )
    cycles, instructions = stats["cycles"][0].astype(np.int64), stats["instructions"][0].astype(np.int64)
    slot = int(cycles.max())
    estimate = max(core["cycles"] for core in made.cores)
    print(f"  cycles of the busiest core in a slot: {slot} (estimated before: {estimate})")
    latency = (int(stats["latency"]) + 1) * slot / clock
    print(
        f"  a token every {slot / clock * 1e3:.2f} ms where they follow each other, {latency * 1e3:.2f} ms end to end"
    )
    print(
        f"  a token: {instructions.sum() / tokens:.0f} instructions, {stats['events_sent'].sum() / tokens:.0f} packets"
    )
    busy = float(cycles.sum()) / tokens * CYCLE_PJ * 1e-12
    base = (BASE_MW + SLEEP_MW * len(made.cores)) * 1e-3 * slot / clock
    print(f"  energy of a token: {busy * 1e3:.3f} mJ of cycles, {base * 1e3:.3f} mJ of the chip and sleeping cores")


ASSUMPTIONS = f"""Assumed: {CYCLE_PJ} pJ a cycle above sleep, {SLEEP_MW} mW a core, {BASE_MW} mW for the rest of
the chip (150 MHz, 0.5 V), unused cores off, no energy for packets; a slot lasts as long as its busiest core."""


STRATEGIES = ("fewest-cores", "least-latency")


def table(columns: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Lines of the table in docs/recurrent.md."""
    yield f"| | {' | '.join(columns)} |"
    yield f"| --- |{' --- |' * len(columns)}"
    for row in next(iter(columns.values())):
        yield f"| {row} | {' | '.join(column[row] for column in columns.values())} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print all of it for both mappings."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tokens", type=int, default=20)
    parser.add_argument("--tiny", action="store_true", help="a model of a few units")
    given = parser.parse_args(arguments)
    sizes = (12, 24, 24, 12) if given.tiny else SIZES
    graph = language_model(sizes)
    x = np.random.default_rng(5).normal(size=(3 * given.tokens, sizes[0]))
    columns = {}
    for strategy in STRATEGIES:
        print(f"{'-'.join(map(str, sizes))}, {1 - DENSITY:.0%} of the weights pruned, strategy {strategy}:")
        made = compiled(graph, strategy, x)
        describe(made)
        columns[f"`{strategy}`"] = measure(made, graph, x[: given.tokens])
    print(ASSUMPTIONS)
    print("\n".join(table(columns)))


if __name__ == "__main__":
    main()
