"""The Python API: load, compile, open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from axonc.ir import Graph
from axonc.ir.target import HostInterface

from .pipeline import Options, compile_graph
from .program import Program, build


def compile(
    graph: Graph,
    target: str = "spinnaker2",
    *,
    weights: str | None = None,
    state: str | None = None,
    slice_size: int | Mapping[str, int] | None = None,
    strategy: str = "fewest-cores",
    machine: str | Path | None = None,
    record: Sequence[str] = (),
    record_steps: int = 0,
    input_events: int = 0,
) -> Program:
    """Compile a graph in steps (from `load`) for a target.

    Args:
        graph: the model.
        target: ``spinnaker2``, ``native`` or ``reference``.
        weights: ``int8``; the reference also takes ``float32`` (its default).
        state: ``q16``, ``q32`` or ``float32``; None: what the semantics preset uses.
        slice_size: the most neurons of a population on one core, for all or by population.
        strategy: ``fewest-cores`` or ``spread`` (a core for every slice).
        machine: a TOML file that overrides the shipped machine description.
        record: populations (``"lif1"``) and states (``"lif1:v"``) that the cores record in their own memory.
        record_steps: the steps that they have room for.
        input_events: the events that the list of each slice of an input holds, which cores then send; 0: inputs
            enter as live packets.

    Returns:
        The built program, in a temporary directory until it is saved.

    Raises:
        ModelError: with every problem: unsupported nodes, formats, misfits.
        ToolError: the compiler is missing or failed.
    """
    host = HostInterface(tuple(record), record_steps, input_events)
    options = Options(weights, state, slice_size, strategy, Path(machine) if machine else None, host)
    return build(compile_graph(graph, target, options))
