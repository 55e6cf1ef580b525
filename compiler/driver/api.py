"""The Python API: load, compile, open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from axonc.ir import Graph
from axonc.ir.interpret.run import Data

from .config import Config, read_config
from .options import merged_options
from .pipeline import compile_graph
from .program import Program, build
from .pruning.methods import Given, parse_pruning
from .quantisation import Quantisation, parse_quantisation


def compile(
    graph: Graph,
    target: str | None = None,
    *,
    weights: str | Mapping[str, str] | None = None,
    state: str | Mapping[str, str] | None = None,
    quantize: str | Quantisation | None = None,
    prune: Given | Sequence[Given] | None = None,
    slice_size: int | Mapping[str, int] | None = None,
    strategy: str | None = None,
    partitioner: str | None = None,
    machine: str | Path | None = None,
    record: Sequence[str] = (),
    record_steps: int | None = None,
    input_events: int | None = None,
    calibrate: Data | str | Path | None = None,
    on_host: Sequence[str] = (),
    in_dram: Sequence[str] = (),
    capacity: int | Mapping[str, int] | None = None,
    overflow: str | None = None,
    config: str | Path | Config | None = None,
) -> Program:
    """Compile a graph in steps (from `load`) for a target.

    Args:
        graph: the model.
        target: ``spinnaker2`` (the default), ``native`` or ``reference``.
        weights: ``int8``, ``int16``, ``int4``, ``int2`` or ``ternary``; native and the reference also take ``float32``
            (the reference's default). A mapping gives nodes their own, by name or pattern;
            ``op:conv`` is a kind of op, ``*`` all others.
        state: ``q8`` to ``q32``, ``float32``, or a table of levels (``uniform4``, ``centred8``, ...); None: what the
            semantics preset uses. A mapping as for ``weights``.
        quantize: how numbers become integers, as text ``scales=mse,ranges=data,...`` or `Quantisation`.
        prune: which weights become 0 before anything else, as `axonc.prune` takes it; scores by activity are those of
            the data in ``calibrate``.
        slice_size: the most neurons of a population on one core, for all or by population.
        strategy: ``fewest-cores`` (the default), ``spread`` (a core for every slice), ``least-latency`` (as many
            cores as make the busiest one less busy) or ``least-traffic`` (the fewest packets between cores).
        partitioner: who may put any neurons together on a core: ``auto`` (the default: the built-in one where sparse
            matrices join populations), ``naive`` (nobody: slices of neighbours), ``hypergraph`` (the built-in one),
            ``metis`` or ``mt-kahypar``. The naive slices are taken where they are better by the strategy.
        machine: a TOML file that overrides the shipped machine description, or the name of a shipped one
            (``spinnaker2-chip``, ``spinnaker2-board``).
        record: populations (``"lif1"``) and states (``"lif1:v"``) that the cores record in their own memory.
        record_steps: the steps that they have room for.
        input_events: the events that the list of each slice of an input holds, which cores then send; 0: inputs
            enter as live packets.
        calibrate: input data as `Program.run` takes them, or a file of them: cores are filled so that the busiest
            step of each population in them fits a tick, and dense inputs get formats that hold their values. None:
            5 % of all sources are taken to be active. Ranges and means that ``quantize`` asks for are those of the
            float graph over them.
        on_host: nodes that the host runs, before or after the cores, such as an embedding or a decoder; ``auto`` for
            all that cores cannot.
        in_dram: matrices whose rows lie in the chip's DRAM and are fetched event by event, such as a large embedding;
            by the names of the quantised graph (``axonc inspect --after quantize``).
        capacity: on targets that send lists of events (``ipu``), how many events of a step a list has room for: for
            all populations and inputs, or by name; None: as many as there may be, or twice as many as in ``calibrate``.
        overflow: what events without room are: ``error`` (the default) ends the run, ``drop`` makes it part of what
            the network means that they have no effect.
        config: a TOML file that may hold all of these options; what is given here wins. What it says about semantics
            is for `load`.

    Returns:
        The built program, in a temporary directory until it is saved.

    Raises:
        ModelError: with every problem: unsupported nodes, formats, misfits.
        ToolError: the compiler is missing or failed.
    """
    file = read_config(config)
    file.require()
    options = merged_options(
        file,
        weights=weights,
        state=state,
        quantize=None if quantize is None else parse_quantisation(quantize),
        prune=parse_pruning(prune),
        slice_size=slice_size,
        strategy=strategy,
        partitioner=partitioner,
        machine=Path(machine) if machine else None,
        record=tuple(record),
        record_steps=record_steps,
        input_events=input_events,
        calibrate=calibrate,
        on_host=tuple(on_host),
        in_dram=tuple(in_dram),
        capacity=capacity,
        overflow=overflow,
    )
    return build(compile_graph(graph, target or file.compilation.get("target", "spinnaker2"), options))
