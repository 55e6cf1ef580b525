"""Planning from Python: `axonc.plan`."""

from __future__ import annotations

from collections.abc import Collection

from axonc.ir import Diagnostic, Graph, raise_if_any

from ...checkpoint import choose, plans
from ...training import LOSSES, Loss, network
from ...training.cells import BLOCK
from ...training.footprint import footprint
from ...training.texts import named
from .result import Planning


def plan(
    graph: Graph,
    steps: int,
    *,
    memory: int | None = None,
    batch: int = 1,
    block: int = BLOCK,
    bandwidth: float = 0.0,
    latency: float = 0.0,
    off_chip: int | None = None,
    forward: float | None = None,
    backward: float | None = None,
    loops: bool = False,
    packed: bool = False,
    loss: str | Loss = "cross_entropy,over=mean",
    output: str | None = None,
    kinds: Collection[str] = ("weights", "biases"),
    precision: str = "float32",
    input_type: str | None = None,
) -> Planning:
    """Where to keep checkpoints of a sequence, so that training goes back through it in a given memory.

    Bytes are those that `axonc.train` holds, found from the graph and its backward graph.

    Args:
        graph: a graph in steps, in float.
        steps: T, the steps of a sequence.
        memory: bytes on chip (of a computer: in memory); None: no limit.
        batch: sequences at once.
        block: steps that are kept or run again together.
        bandwidth: bytes off chip (to files) in a unit of time; 0: there is no such memory.
        latency: what a transfer costs beside its bytes.
        off_chip: bytes there; None: no limit.
        forward: seconds of a forward step; None: forward steps are the unit of time.
        backward: of a backward step; None: twice ``forward``.
        loops: prefer plans whose code is loops, as a compiler that unrolls others must.
        packed: whether spikes on tapes take a bit each.
        loss, output, kinds, precision: as in `axonc.train`.
        input_type: of the data (``uint8``); None: ``precision``.

    Raises:
        ModelError: no plan fits (AX820), a number is out of range (AX821), the graph cannot be differentiated (AX810,
            AX811).
    """
    raise_if_any(
        Diagnostic("AX821", "", f"{name}={value}", "at least 1", "correct it")
        for name, value in (("steps", steps), ("batch", batch), ("block", block))
        if value < 1
    )
    net = network(graph, named("loss", loss, LOSSES), output, kinds, dtype=precision, block=block)
    types = {} if input_type is None else {node.name: input_type for node in graph.inputs}
    sizes, length = footprint(net, steps, batch, packed, types), min(block, steps)
    one = 1.0 if forward is None else forward
    problem = sizes.problem(
        memory,
        forward=one * length,
        backward=(2 * one if backward is None else backward) * length,
        bandwidth=bandwidth,
        latency=latency,
        off_chip=off_chip,
    )
    found = plans(problem)
    unit = "forward steps" if forward is None else "s"
    return Planning(steps, block, batch, sizes, problem, found, choose(found, problem, loops), unit)
