"""From a graph in steps to a lowered program: which passes run, and what they are given."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from axonc.ir import Diagnostic, Graph, Kind, ModelError, Node, raise_if_any
from axonc.ir.interpret.run import check_references
from axonc.ir.machine import Machine
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.network import Network, activity, network, output_population
from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
    Conv,
    Delay,
    ExactNeuron,
    Flatten,
    Input,
    Linear,
    Map,
    Neuron,
    Output,
    Pool,
    ResetGate,
    Scale,
)
from axonc.ir.precision import precision
from axonc.ir.target import Backend, Program
from axonc.ir.version import __version__

from ..mapping import MapOptions, map_network
from ..node_semantics import node_texts
from ..passes import (
    Equalise,
    Pass,
    Quantize,
    QuantizeLoihi,
    RoundInputs,
    ToPopulations,
    form_problems,
    is_quantised,
    run_pipeline,
)
from ..semantics import parse_semantics
from .calibrate import calibrated, input_ranges, observed, with_clips
from .directory import SCHEMA
from .loading import lines_of, remarks
from .options import Options, format_problems, host_problems, settled_problems, unknown_slices
from .targets import backend

QUANTISED = (Input, Output, Flatten, Linear, Scale, Conv, Pool, Delay, Neuron, EGRU, GRU, ResetGate, LSTM)
"""What can become populations, weights and delays."""


@dataclass(frozen=True)
class Compiled:
    """A compilation before anything is written: the final graph, its mapping, its program and the manifest."""

    target: str
    graph: Graph
    mapping: CoreMapping | None
    machine: Machine | None
    program: Program
    manifest: Mapping[str, Any]


def passes_for(graph: Graph, target: Backend, options: Options) -> list[Pass]:
    """The passes between a graph in steps and the target; `ModelError` for options that do not exist."""
    semantics = parse_semantics(graph.properties.get("semantics", "nir"))
    weights = options.weights or ("int8" if target.mapped else "float32")
    state = options.state or (semantics.state if weights != "float32" else "float32")
    raise_if_any(format_problems(target, weights, state, options))
    if is_quantised(graph):
        raise_if_any([*settled_problems(options), *(form_problems(graph) if target.mapped else ())])
        return []
    if weights == "float32":
        return []
    raise_if_any(_float_problems(graph, target))
    if state == "loihi":
        return [ToPopulations(), QuantizeLoihi()]
    how = options.quantize
    folded: list[Pass] = [ToPopulations(), *([Equalise()] if how.equalise else [])]
    dense = any(graph.signals[node.name].kind is Kind.DENSE for node in graph.inputs)
    rounded = [RoundInputs(input_ranges(graph, options.calibrate))] if dense else []
    quantise = Quantize(
        weights,
        state,
        how.rounding or semantics.weight_rounding,
        how.scope or semantics.weight_scope,
        how.scales,
        how.power_of_two,
        how.seed,
        options.formats,
    )
    if how.needs_data and options.calibrate is not None:
        seen = observed(run_pipeline(graph, folded)[-1][1], options.calibrate, how)
        quantise = replace(quantise, observed=seen)
    return [*folded, *rounded, quantise]


def _float_problems(graph: Graph, target: Backend) -> list[Diagnostic]:
    """Nodes that only the interpreter runs, in float: what is not made of populations, weights and delays."""
    limit = f"with integer weights it runs {', '.join(op.name for op in QUANTISED)}"
    remedy = "choose --target reference with --weights float32"
    or_else: dict[type, str] = {ExactNeuron: f"{remedy}, or spike_time=step"}
    return [
        Diagnostic(
            "AX601", node.name, f"{target.name} does not run {_called(node)}", limit, or_else.get(type(node.op), remedy)
        )
        for node in graph
        if not isinstance(node.op, QUANTISED) or getattr(node.op, "initial", None) is not None
    ]


def _called(node: Node) -> str:
    """What a node does, and where it comes from in the source."""
    function = f" {node.op.function}" if isinstance(node.op, Map) else ""
    origin = f" (of {node.origin})" if node.origin not in ("", node.name) else ""
    return f"{node.op.name}{function}{origin}"


def prepare(graph: Graph, target: str, options: Options) -> tuple[Graph, CoreMapping | None, Machine | None]:
    """Passes, target check and mapping: everything that can refuse a model."""
    chosen = backend(target)
    _require_steps(graph)
    stages = run_pipeline(graph, passes_for(graph, chosen, options))
    final = stages[-1][1] if stages else graph
    raise_if_any(chosen.check(final))
    final = with_activity(final, chosen, options)
    return final, *mapped(final, chosen, options)


def with_activity(final: Graph, target: Backend, options: Options) -> Graph:
    """The graph with what a run over the data to calibrate with shows: the states that they drive to the limit of a
    format that was made for them, and the activity that they cause, where the target maps it."""
    if options.calibrate is None:
        return final
    if options.quantize.ranges == "data":
        final = with_clips(final, options.calibrate)
    return calibrated(final, options.calibrate) if target.mapped else final


def mapped(final: Graph, target: Backend, options: Options) -> tuple[CoreMapping | None, Machine | None]:
    """The mapping of a graph that the target runs, and the machine; None for a target that maps nothing."""
    if not target.mapped:
        return None, None
    machine = target.machine(options.machine)
    net = network(final)
    raise_if_any(_naming_problems(final, net, target, options))
    outputs = [output_population(final, node) for node in final.outputs]
    lists = options.host.input_events > 0
    how = MapOptions(options.slice_size, options.strategy, lists, timed=final.dt is not None)
    return map_network(net, outputs, machine, target.cost_model(machine, options.host), how), machine


def _naming_problems(final: Graph, net: Network, target: Backend, options: Options) -> list[Diagnostic]:
    """Options that name what is not there, or ask the host for what cannot be."""
    populations = {p.name for p in net.populations if not isinstance(p.op, Input)}
    problems = unknown_slices(options.slice_size, populations) + host_problems(options.host)
    try:
        check_references(final, options.host.record, target.recordable(final))
    except ModelError as error:
        problems += error.diagnostics
    return problems


def _require_steps(graph: Graph) -> None:
    if graph.stage != "steps":
        limit = "compile takes a graph in steps"
        raise ModelError(Diagnostic("AX305", "", "the graph is in continuous time", limit, "load it with semantics"))


def compile_graph(graph: Graph, target: str, options: Options) -> Compiled:
    """The lowered program of a graph in steps, with nothing written yet."""
    final, mapping, machine = prepare(graph, target, options)
    program = backend(target).lower(final, mapping, machine, options.host)
    manifest = _manifest(final, target, mapping, machine, options)
    said = precision(final)
    described = {
        "manifest.json": _json(manifest),
        "report.json": _json({"target": target, **({"precision": said} if said else {}), **program.report}),
        "graph.txt": str(final).encode(),
    }
    complete = Program({**program.files, **described}, program.report)
    return Compiled(target, final, mapping, machine, complete, manifest)


def _manifest(
    graph: Graph, target: str, mapping: CoreMapping | None, machine: Machine | None, options: Options
) -> dict[str, Any]:
    properties = dict(graph.properties)
    return {
        "schema": SCHEMA,
        "axonc": __version__,
        "target": target,
        "source_sha256": properties.get("source_sha256"),
        "semantics": properties.get("semantics"),
        **({"node_semantics": texts} if (texts := node_texts(properties)) else {}),
        "dt": graph.dt,
        "repairs": remarks(graph),
        "pipeline": properties.get("pipeline", ""),
        "notes": lines_of(graph, "notes"),
        "machine": machine.name if machine else None,
        "tick_cycles": machine.tick_cycles if machine and graph.dt is not None else None,
        "strategy": options.strategy if mapping else None,
        "record": list(options.host.record) if mapping else [],
        "record_steps": options.host.record_steps if mapping else 0,
        "input_events": options.host.input_events if mapping else 0,
        **({"activity": seen} if (seen := activity(graph)) else {}),
        "cores": mapping.cores if mapping else None,
        "phases": mapping.schedule.phases if mapping else 1,
        "latency": mapping.schedule.latency if mapping else 0,
    }


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


def stages(graph: Graph, target: str, options: Options) -> Sequence[tuple[str, Graph]]:
    """The graph after every pass between steps and the target, by the pass's name."""
    chosen = backend(target)
    return [(step.name, after) for step, after in run_pipeline(graph, passes_for(graph, chosen, options))]
