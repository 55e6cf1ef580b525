"""From a graph in steps to a lowered program: which passes run, and what they are given."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from axonc.ir import Diagnostic, Graph, Kind, ModelError, Node, raise_if_any
from axonc.ir.host import parts
from axonc.ir.interpret.run import check_references
from axonc.ir.json_text import json_text
from axonc.ir.machine import AnyMachine, Machine, TileMachine
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.network import Network, activity, network, output_population
from axonc.ir.ops import Constant, ExactNeuron, Input, Map, TensorOp
from axonc.ir.precision import precision
from axonc.ir.serialize import to_bytes
from axonc.ir.state import carried
from axonc.ir.target import Backend, Program
from axonc.ir.version import __version__

from ..mapping import MapOptions, map_network
from ..node_semantics import node_texts
from ..passes import (
    AUTO,
    CORE_OPS,
    Equalise,
    HostNodes,
    Pass,
    Quantize,
    QuantizeLoihi,
    RemoveUnits,
    RoundInputs,
    ToPopulations,
    form_problems,
    is_quantised,
    run_pipeline,
)
from ..semantics import parse_semantics
from .calibrate import calibrated, input_ranges, observed, with_clips
from .capacity import capacities, capacity_problems, limited
from .directory import SCHEMA
from .loading import lines_of, remarks
from .misfit import MISFITS, Misfit, Trial, explained
from .options import Options, format_problems, host_problems, settled_problems, unknown_slices
from .placement import described, dram_problems, in_dram
from .pruning.stages import prune_stages
from .splitting import placed
from .targets import backend
from .tile_misfit import NARROWER, explained_on_tiles

PRUNED = "pruned.axg"
"""The file of a build that holds the graph in float as it was pruned, if it was."""


@dataclass(frozen=True)
class Compiled:
    """A compilation before anything is written: the final graph, its mapping, its program and the manifest."""

    target: str
    graph: Graph
    mapping: CoreMapping | None
    machine: AnyMachine | None
    program: Program
    manifest: Mapping[str, Any]


def passes_for(graph: Graph, target: Backend, options: Options) -> list[Pass]:
    """The passes between a graph in steps and the target; `ModelError` for options that do not exist."""
    semantics = parse_semantics(graph.properties.get("semantics", "nir"))
    weights = options.weights or target.weights[0]
    state = options.state or (semantics.state if weights != "float32" else "float32")
    raise_if_any(format_problems(target, weights, state, options))
    if is_quantised(graph):
        raise_if_any([*settled_problems(options), *(form_problems(parts(graph).cores) if target.mapped else ())])
        return []
    if weights == "float32":
        tiles = isinstance(target.machine(options.machine), TileMachine)
        foreign = any(isinstance(node.op, (TensorOp, Constant, ExactNeuron)) for node in graph)
        folds = tiles and not foreign and target.check(graph)  # what runs as it is stays as it is
        return [ToPopulations()] if folds else []
    raise_if_any(_float_problems(graph, target, HostNodes(graph, options.on_host)))
    if state == "loihi":
        return [ToPopulations(options.on_host), QuantizeLoihi()]
    how = options.quantize
    folded: list[Pass] = [ToPopulations(options.on_host), *([Equalise()] if how.equalise else [])]
    dense = options.on_host or any(graph.signals[node.name].kind is Kind.DENSE for node in graph.inputs)
    rounded = [RoundInputs(input_ranges(graph, options.calibrate, options.on_host))] if dense else []
    rules = how.rules(semantics)
    settings = (rules.rounding, rules.scope, rules.scales, rules.power_of_two, rules.seed)
    quantise = Quantize(weights, state, *settings, options.formats, shifts=how.shifts)
    if how.needs_data and options.calibrate is not None:
        seen = observed(run_pipeline(graph, folded)[-1][1], options.calibrate, how)
        quantise = replace(quantise, observed=seen)
    return [*folded, *rounded, quantise]


def _float_problems(graph: Graph, target: Backend, host: HostNodes) -> list[Diagnostic]:
    """Nodes that only run in float, on no cores: what is not made of populations, weights and delays. Names that
    the host is to run and cannot."""
    limit = f"with integer weights it runs {', '.join(op.name for op in CORE_OPS)}"
    away = host.before | host.after
    outside = "or, if no population stands both before and behind it, let the host run it: --on-host"
    remedy = f"choose --weights float32 with --target native, ipu or reference, {outside}"
    or_else: dict[type, str] = {
        ExactNeuron: "choose --weights float32 with --target native, ipu or reference, or spike_time=step"
    }
    foreign = (node for node in graph if node.name not in away and _is_foreign(node))
    limits = "it runs what no population stands on both sides of"
    unable = [name for name in host.chosen if name != AUTO and name not in away]
    return [
        *(_foreign(target, node, limit, or_else.get(type(node.op), remedy)) for node in foreign),
        *(Diagnostic("AX403", name, "the host cannot run it", limits, "correct it") for name in unable),
    ]


def _is_foreign(node: Node) -> bool:
    return not isinstance(node.op, CORE_OPS)


def _foreign(target: Backend, node: Node, limit: str, remedy: str) -> Diagnostic:
    return Diagnostic("AX601", node.name, f"{target.name} does not run {_called(node)}", limit, remedy)


def _called(node: Node) -> str:
    """What a node does, and where it comes from in the source."""
    function = f" {node.op.function}" if isinstance(node.op, Map) else ""
    origin = f" (of {node.origin})" if node.origin not in ("", node.name) else ""
    return f"{node.op.name}{function}{origin}"


def prepare(graph: Graph, target: str, options: Options) -> tuple[Graph, CoreMapping | None, AnyMachine | None]:
    """Passes, target check and mapping: everything that can refuse a model."""
    chosen = backend(target, options.weights)
    _require_steps(graph)
    done = _staged(graph, chosen, options)
    final = done[-1][1] if done else graph
    asked = [*dram_problems(final, chosen, options.in_dram), *capacity_problems(final, chosen, options)]
    raise_if_any([*chosen.check(final), *asked])
    final = limited(final, options)
    raise_if_any(chosen.check(final))
    final = with_activity(in_dram(final, options.in_dram), chosen, options)
    try:
        return fitted(final, chosen, options)
    except ModelError as error:
        raise ModelError(misfit(error, graph, final, chosen, options).problems) from error


def misfit(error: ModelError, graph: Graph, final: Graph, target: Backend, options: Options) -> Misfit:
    """Why a final graph cannot be mapped, and what would change that; ``graph``: before the passes."""

    def finish(other: Options) -> Graph | None:
        chosen = backend(target.name, other.weights)
        try:
            done = _staged(graph, chosen, other)
            return with_activity(limited(done[-1][1], other), chosen, other) if done else None
        except ModelError:
            return None

    def cores(final: Graph, options: Options, machine: Machine) -> int:
        _, mapping, _ = fitted(final, target, options, machine)
        return 0 if mapping is None else mapping.cores

    def tiles(final: Graph, options: Options, machine: TileMachine) -> int:
        program = backend(target.name, options.weights).lower(final, None, machine, options.host)
        return len(program.report["tiles"])

    is_misfit = any(problem.code in MISFITS for problem in error.diagnostics)
    machine = target.machine(options.machine) if is_misfit else None
    if isinstance(machine, TileMachine):
        formats = NARROWER[NARROWER.index(options.weights or target.weights[0]) :]
        return explained_on_tiles(error.diagnostics, Trial(final, machine, options, formats, tiles, finish))
    if not isinstance(machine, Machine) or not target.mapped:
        return Misfit(error.diagnostics, None, ())
    return explained(error.diagnostics, Trial(final, machine, options, target.weights, cores, finish))


def with_activity(final: Graph, target: Backend, options: Options) -> Graph:
    """The graph with what a run over the data to calibrate with shows: the states that they drive to the limit of a
    format that was made for them, and the activity that they cause, where the target maps it."""
    if options.calibrate is None:
        return final
    if options.quantize.ranges == "data":
        final = with_clips(final, options.calibrate)
    return calibrated(final, options.calibrate) if target.mapped else final


def fitted(
    final: Graph, target: Backend, options: Options, machine: AnyMachine | None = None
) -> tuple[Graph, CoreMapping | None, AnyMachine | None]:
    """A graph as `mapped` takes it, with inputs split where a neuron alone is too much for a core; its mapping, and the
    machine."""

    def measured(split: Graph) -> Graph:
        return split if options.calibrate is None else calibrated(split, options.calibrate)

    def cores(found: tuple[CoreMapping | None, AnyMachine | None]) -> int:
        return found[0].cores if found[0] is not None else 0

    done, (mapping, chosen) = placed(final, lambda graph: mapped(graph, target, options, machine), cores, measured)
    return done, mapping, chosen


def mapped(
    final: Graph, target: Backend, options: Options, machine: AnyMachine | None = None
) -> tuple[CoreMapping | None, AnyMachine | None]:
    """The mapping of a graph that the target runs, and the machine (None: that of the options); no mapping for a target
    that places it itself."""
    machine = machine or target.machine(options.machine)
    if isinstance(machine, TileMachine):
        raise_if_any(_core_options(target, options))
    if not target.mapped or isinstance(machine, TileMachine):
        return None, machine
    assert machine is not None
    cores = parts(final).cores
    net = network(cores)
    raise_if_any(_naming_problems(cores, net, target, options))
    outputs = [output_population(cores, node) for node in cores.outputs]
    lists = options.host.input_events > 0
    how = MapOptions(options.slice_size, options.strategy, options.partitioner, lists, timed=final.dt is not None)
    return map_network(net, outputs, machine, target.cost_model(machine, options.host), how), machine


def _core_options(target: Backend, options: Options) -> list[Diagnostic]:
    """Options that are for the mapper of cores alone, given to a target that places everything itself."""
    usual = Options()
    names = ("slice_size", "strategy", "partitioner", "host")
    limit, remedy = f"{target.name} has no cores, and places populations itself", "leave it out"
    return [
        Diagnostic("AX403", "", f"{name} {getattr(options, name)}", limit, remedy)
        for name in names
        if getattr(options, name) != getattr(usual, name)
    ]


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
    if not isinstance(graph, Graph):
        raise TypeError(f"what is compiled is a graph, as axonc.load gives it, not {type(graph).__name__}")
    if graph.stage != "steps":
        limit = "compile takes a graph in steps"
        raise ModelError(Diagnostic("AX305", "", "the graph is in continuous time", limit, "load it with semantics"))


def compile_graph(graph: Graph, target: str, options: Options) -> Compiled:
    """The lowered program of a graph in steps, with nothing written yet."""
    _require_steps(graph)
    chosen = backend(target, options.weights)
    cut, left = _cut(graph, options)
    final, mapping, machine = prepare(cut, target, left)
    try:
        program = chosen.lower(final, mapping, machine, options.host)
    except ModelError as error:
        raise ModelError(misfit(error, cut, final, chosen, left).problems) from error
    manifest = {**_manifest(final, target, mapping, machine, options), **_numbers(final, mapping, program)}
    said = precision(final)
    described = {
        "manifest.json": _json(manifest),
        "report.json": (
            json_text({"target": target, **({"precision": said} if said else {}), **program.report}) + "\n"
        ).encode(),
        "graph.txt": str(final).encode(),
        **({PRUNED: to_bytes(cut)} if cut is not graph else {}),
    }
    complete = Program({**program.files, **described}, program.report)
    return Compiled(target, final, mapping, machine, complete, manifest)


def _manifest(
    graph: Graph, target: str, mapping: CoreMapping | None, machine: AnyMachine | None, options: Options
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
        "tick_cycles": machine.tick_cycles if isinstance(machine, Machine) and graph.dt is not None else None,
        "strategy": options.strategy if mapping else None,
        "state": {name: str(signal) for name, signal in carried(graph).items()},
        "partitioner": options.partitioner if mapping else None,
        "record": list(options.host.record) if mapping else [],
        "record_steps": options.host.record_steps if mapping else 0,
        "input_events": options.host.input_events if mapping else 0,
        **({"activity": seen} if (seen := activity(graph)) else {}),
        **({"on_host": list(options.on_host)} if options.on_host else {}),
        **({"in_dram": list(options.in_dram)} if options.in_dram else {}),
        **({"capacity": dict(room), "overflow": options.overflow} if (room := capacities(graph, options)) else {}),
        **({"placement": described(graph)} if options.on_host or options.in_dram else {}),
        "cores": mapping.cores if mapping else None,
        "phases": mapping.schedule.phases if mapping else 1,
        "latency": mapping.schedule.latency if mapping else 0,
    }


def _numbers(graph: Graph, mapping: CoreMapping | None, program: Program) -> dict[str, Any]:
    """What the manifest says of number formats, and of what is not the reference's bit for bit."""
    weights = "int8" if mapping or is_quantised(graph) else "float32"
    return {"weights": weights, **({"inexact": found} if (found := program.report.get("inexact")) else {})}


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


def stages(graph: Graph, target: str, options: Options) -> Sequence[tuple[str, Graph]]:
    """The graph after every pass between steps and the target, by the pass's name."""
    chosen = backend(target, options.weights)
    return [(step.name, after) for step, after in _staged(graph, chosen, options)]


def pruned(graph: Graph, options: Options) -> list[tuple[Pass, Graph]]:
    """The graph after every pass that prunes it before it is quantised."""
    early = [step for step in options.prune if not isinstance(step, RemoveUnits)]
    if early and is_quantised(graph):
        raise ModelError(settled_problems(options))
    return prune_stages(graph, early, options.calibrate)


def _staged(graph: Graph, target: Backend, options: Options) -> list[tuple[Pass, Graph]]:
    """Units that do nothing go last: what they are is proved of the numbers that run, and no scale follows them."""
    stages = pruned(graph, options)
    before = stages[-1][1] if stages else graph
    stages += run_pipeline(before, passes_for(before, target, options))
    return stages + run_pipeline(stages[-1][1] if stages else graph, last_passes(options))


def _cut(graph: Graph, options: Options) -> tuple[Graph, Options]:
    """The graph that is quantised, pruned as the options say, and what is left of them."""
    done = pruned(graph, options)
    return (done[-1][1] if done else graph), replace(options, prune=tuple(last_passes(options)))


def last_passes(options: Options) -> list[Pass]:
    """The passes that run behind all others."""
    wanted: list[Pass] = [step for step in options.prune if isinstance(step, RemoveUnits)]
    return wanted[:1]
