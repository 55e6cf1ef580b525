"""From a file to a placed, routed and emitted program for a board, at several sizes: time by stage, and memory.

    PYTHONPATH=src:tests python -m benchmarks.scale [--tiny] [--kinds irregular dense] [--sizes 0.125 0.25 0.5 1]

Size 1 has 530,000 neurons and more than 50 million synapses. Each size runs in a process of its own, so that its peak
memory is its own. Times by stage are those of processors. There is no peer that does the same; what is printed beside
times and memory is the exponent of a power law fitted to them. ``--run N`` also runs the program of the last size for N
steps, on the native engine and in the interpreter, and compares outputs, packets and links with what they must be.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

import axonc
from axonc.compiler.driver.config import NOTHING
from axonc.compiler.driver.directory import publish
from axonc.compiler.driver.options import merged_options
from axonc.compiler.driver.pipeline import compile_graph
from axonc.compiler.driver.program import fill
from axonc.ir.json_text import json_text
from axonc.ir.progress import listening

from .scale_networks import KINDS
from .scale_run import Run, run

NEURONS = 530_000
"""Of size 1: so many that it has more than 50 million synapses after those are left out that become 0."""

SIZES = (0.125, 0.25, 0.5, 1.0)
MACHINE = "spinnaker2-board"
TINY = 1_000


class Stopwatch:
    """The seconds of processors that every stage takes without those within it, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._open: list[str] = ["other"]
        self._since = time.process_time()

    def _switch(self) -> None:
        now = time.process_time()
        self.seconds[self._open[-1]] = self.seconds.get(self._open[-1], 0.0) + now - self._since
        self._since = now

    def begin(self, stage: str, total: int | None) -> None:
        """See `Listener`."""
        self._switch()
        self._open.append(stage)

    def advance(self, units: int) -> None:
        """See `Listener`."""

    def end(self) -> None:
        """See `Listener`."""
        self._switch()
        self._open.pop()


@dataclass(frozen=True)
class Row:
    """What a size took: wall ``seconds``, those of processors (``cpu``, and by ``stages``), ``memory`` in bytes at its
    peak."""

    kind: str
    neurons: int
    synapses: int
    cores: int
    chips: int
    entries: int
    partitioner: str
    seconds: float
    cpu: float
    memory: int
    stages: dict[str, float]


def compiled(kind: str, path: Path, output: Path, strategy: str | None) -> Row:
    """The figures of one compilation, in this process."""
    watch, begin = Stopwatch(), time.perf_counter()
    with listening(watch):
        graph = axonc.load(path, dt=1e-3)
        options = merged_options(NOTHING, machine=Path(MACHINE), strategy=strategy)
        done = compile_graph(graph, "spinnaker2", options)
        publish(output, lambda partial: fill(done, partial))
    seconds = time.perf_counter() - begin
    memory = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mapping = done.mapping
    assert mapping is not None
    net = axonc.ir.network.network(done.graph)
    return Row(
        kind,
        sum(p.count for p in net.populations if p.peak),
        sum(int(j.weight.nnz) for j in net.projections),  # type: ignore[union-attr]
        mapping.cores,
        len({place.chip for place in mapping.places}),
        len(mapping.routes),
        mapping.partitioner,
        seconds,
        time.process_time(),
        memory,
        watch.seconds,
    )


def measured(kind: str, neurons: int, folder: Path, strategy: str | None, steps: int) -> tuple[Row, Run | None]:
    """The figures of one size, from processes of their own: one makes the network, one compiles it, one runs it."""
    make, suffix = KINDS[kind]
    path = folder / f"{kind}-{neurons}.{suffix}"
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as apart:
        apart.submit(make, neurons, path).result()
        row = apart.submit(compiled, kind, path, folder / "build", strategy).result()
        return row, apart.submit(run, folder / "build", steps, 2).result() if steps else None


def exponent(sizes: Sequence[int], values: Sequence[float]) -> float:
    """The power of the size that fits the values best, on logarithmic axes."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0]) if len(sizes) > 1 else float("nan")


def shown(row: Row, ran: Run | None) -> None:
    """A size, and what became of its program."""
    print(
        f"{row.kind}: {row.neurons} neurons, {row.synapses} synapses: {row.cores} cores ({row.partitioner}) on "
        f"{row.chips} chips, {row.entries} routing entries; {row.seconds:.1f} s, {row.cpu:.1f} s of processors, "
        f"{row.memory / 2**30:.2f} GiB"
    )
    print("   " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in row.stages.items()), flush=True)
    if ran is not None:
        words = {True: "equal", False: "DIFFERENT"}
        print(
            f"   {ran.steps} steps, {ran.spikes} spikes: outputs {words[ran.outputs_equal]}; {ran.received} packets "
            f"received by cores, {words[ran.received_equal]} to the tables'; {ran.crossed} over links, "
            f"{words[ran.crossed_equal]}; native {ran.native_seconds:.1f} s, interpreter {ran.reference_seconds:.1f} s",
            flush=True,
        )


def write(path: Path, kind: str, rows: Sequence[Row], ran: Run | None) -> None:
    """Put what was measured of a kind into a file, in place of what it says of it."""
    known = json.loads(path.read_text()) if path.exists() else {}
    known[kind] = {"sizes": [asdict(row) for row in rows], "run": None if ran is None else asdict(ran)}
    path.write_text(json_text({name: known[name] for name in KINDS if name in known}) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--sizes", type=float, nargs="*", default=list(SIZES))
    parser.add_argument("--strategy")
    parser.add_argument("--run", type=int, default=0, metavar="STEPS", help="run the last size's program, too")
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep the figures: docs/scale.json")
    parser.add_argument("--tiny", action="store_true", help="two small networks of each kind")
    given = parser.parse_args(arguments)
    sizes = [TINY, 2 * TINY] if given.tiny else [round(size * NEURONS) for size in given.sizes]
    for kind in given.kinds:
        with tempfile.TemporaryDirectory() as folder:
            rows = []
            for neurons in sizes:
                row, ran = measured(kind, neurons, Path(folder), given.strategy, given.run * (neurons == sizes[-1]))
                rows.append(row)
                shown(row, ran)
        if given.write is not None:
            write(given.write, kind, rows, ran)
        counts = [row.synapses for row in rows]
        print(
            f"{kind}: time grows as n^{exponent(counts, [row.cpu for row in rows]):.2f}, "
            f"memory as n^{exponent(counts, [row.memory for row in rows]):.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
