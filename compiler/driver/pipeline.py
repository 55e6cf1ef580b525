"""From a model to a lowered program: which passes run, and what they are given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from axonc.ir import Diagnostic, Graph, ModelError, Node, raise_if_any
from axonc.ir.interpret.run import Data, check_references
from axonc.ir.machine import Machine
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.network import Network, activity, network, output_population
from axonc.ir.ops import Conv, Delay, ExactNeuron, Flatten, Input, Linear, Map, Neuron, Output, Pool, Scale
from axonc.ir.serialize import load_graph, to_bytes
from axonc.ir.target import LIVE, Backend, HostInterface, Program
from axonc.ir.text import FACTS
from axonc.ir.version import __version__

from ..frontends import import_nir, read_nir, with_inputs
from ..mapping import MapOptions, map_network
from ..node_semantics import node_texts
from ..passes import (
    STATES,
    Discretise,
    Pass,
    Quantize,
    QuantizeLoihi,
    ToPopulations,
    form_problems,
    is_quantised,
    run_pipeline,
)
from ..semantics import Semantics, parse_semantics, positive_seconds
from .calibrate import calibrated
from .config import NOTHING, Config, read_config
from .directory import SCHEMA
from .targets import backend
from .time_step import with_seen, with_time_step

if TYPE_CHECKING:
    import nir
    import onnx

    from ..frontends.onnx import OnnxOptions

WEIGHTS = ("int8", "float32")
STATE_FORMATS = (*STATES, "loihi")
QUANTISED = (Input, Output, Flatten, Linear, Scale, Conv, Pool, Delay, Neuron)
"""What can become populations, weights and delays."""

STRATEGIES = ("fewest-cores", "spread")


@dataclass(frozen=True)
class Options:
    """Options of a compilation; None takes the target's or the semantics' default.

    ``weights``: int8, or float32 (target reference only). ``state``: q16, q32, loihi or float32. ``slice_size``: the
    most neurons in a slice, for all populations or by name. ``strategy``: fewest-cores or spread. ``machine``: a TOML
    file that overrides the shipped machine description. ``host``: what host and cores exchange through memory.
    ``calibrate``: input data, or a file with them, whose busiest steps cores are filled for.
    """

    weights: str | None = None
    state: str | None = None
    slice_size: int | Mapping[str, int] | None = None
    strategy: str = "fewest-cores"
    machine: Path | None = None
    host: HostInterface = LIVE
    calibrate: Data | str | Path | None = None


def merged_options(config: Config, **given: Any) -> Options:
    """The options that are given (None or (): not given), else the file's, else the defaults."""
    values = {**config.compilation, **{name: value for name, value in given.items() if not _absent(value)}}
    values.pop("target", None)
    host = HostInterface(tuple(values.pop("record", ())), values.pop("record_steps", 0), values.pop("input_events", 0))
    return Options(**values, host=host)


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, tuple) and not value)


@dataclass(frozen=True)
class Compiled:
    """A compilation before anything is written: the final graph, its mapping, its program and the manifest."""

    target: str
    graph: Graph
    mapping: CoreMapping | None
    machine: Machine | None
    program: Program
    manifest: Mapping[str, Any]


def load(
    model: str | Path | nir.NIRGraph | onnx.ModelProto | Graph,
    semantics: str | Semantics | None = None,
    dt: float | None = None,
    inputs: str | None = None,
    config: str | Path | Config | None = None,
    onnx: str | OnnxOptions | None = None,
) -> Graph:
    """The graph in steps of a ``.nir`` or ``.onnx`` file, an axonc graph file (``.axg``), a `nir.NIRGraph`, an
    `onnx.ModelProto` or a built `Graph`.

    Args:
        model: the file, or the graph in memory.
        semantics: ``PRESET,field=value,...`` or a `Semantics`: every choice that NIR leaves open; None: ``nir``.
        dt: the time step, in the unit of the model's time constants (overrides the semantics'). Where none is given
            it is recovered from the model's parameters, if they agree in one.
        inputs: ``events`` (0 or 1), ``events:N`` (up to N a step) or ``dense`` (any number). Default: events; of an
            ONNX model, dense.
        config: a TOML file that may hold all of these, and semantics of single nodes; what is given here wins.
        onnx: what an ONNX model leaves open: ``time=call,batch=keep,state=h:h_next,dim=N:4``, see `OnnxOptions`.

    Returns:
        The graph. What had to be repaired in the file is in its property ``repairs``, a recovered time step in
        ``time_step``.

    Raises:
        ModelError: with every problem of the file and the semantics.
    """
    file = read_config(config)
    graph = with_digest(read_model(model, inputs or file.inputs, onnx))
    if graph.stage == "model":
        return discretise(graph, semantics, dt, file)
    file.require()
    if dt is not None or semantics not in (None, "nir") or file.states_meaning:
        found = f"the graph is in steps already, under {graph.properties.get('semantics', 'unknown semantics')}"
        raise ModelError(Diagnostic("AX202", "", found, "semantics and dt apply to continuous time", "leave them out"))
    return graph


def read_model(
    model: str | Path | nir.NIRGraph | onnx.ModelProto | Graph,
    inputs: str | None = None,
    onnx: str | OnnxOptions | None = None,
) -> Graph:
    """The graph of a model as its frontend makes it: stage ``model`` from NIR, in steps from ONNX, any stage from a
    file of axonc's."""
    if type(model).__name__ == "ModelProto" or (isinstance(model, (str, Path)) and Path(model).suffix == ".onnx"):
        return _read_onnx(model, inputs or "dense", onnx)
    if onnx is not None:
        raise ModelError(Diagnostic("AX403", "", "options for ONNX", "the model is none", "leave them out"))
    if isinstance(model, Graph):
        return with_inputs(model, inputs)
    if not isinstance(model, (str, Path)):
        return import_nir(model, inputs or "events")
    path = _existing(model)
    return with_inputs(load_graph(path), inputs) if path.suffix == ".axg" else read_nir(path, inputs)


def _read_onnx(model: Any, inputs: str, onnx: str | OnnxOptions | None) -> Graph:
    """The graph of an ONNX file or model; what reads it is loaded only here, since that takes long."""
    from ..frontends.onnx import import_onnx, parse_options, read_onnx

    options = parse_options(onnx)
    if isinstance(model, (str, Path)):
        return read_onnx(_existing(model), options, inputs)
    return import_onnx(model, options, inputs)


def _existing(model: str | Path) -> Path:
    path = Path(model)
    if not path.is_file():
        found = "it is a folder" if path.is_dir() else "there is no such file"
        raise ModelError(Diagnostic("AX703", str(path), found, "", "check the path"))
    return path


def with_digest(graph: Graph) -> Graph:
    """The graph with the SHA-256 of its source; of one that came from no file, that of its own file form."""
    if "source_sha256" in graph.properties:
        return graph
    return graph.with_properties(source_sha256=hashlib.sha256(to_bytes(graph)).hexdigest())


def discretise(
    graph: Graph, semantics: str | Semantics | None = None, dt: float | None = None, config: Config = NOTHING
) -> Graph:
    """The graph in steps under the given semantics, and what ``config`` adds to them; its time step may be recovered
    from the model."""
    config.require(graph)
    chosen, said = with_time_step(graph, chosen_semantics(semantics, dt, config))
    try:
        stepped = run_pipeline(graph, [Discretise(chosen, config.nodes)])[-1][1]
    except ModelError as error:
        error.diagnostics = tuple(with_seen(error.diagnostics, graph))
        raise
    return stepped.with_properties(time_step=said) if said else stepped


def remarks(graph: Graph) -> list[str]:
    """What loading a model repaired in it, found out about its time step, and made of its axes: one line each."""
    said = [*lines_of(graph, "repairs"), *lines_of(graph, "time_step")]
    return said + [f"{name}: {graph.properties[name]}" for name in FACTS if name in graph.properties]


def chosen_semantics(semantics: str | Semantics | None, dt: float | None = None, config: Config = NOTHING) -> Semantics:
    """The graph's semantics: what is given, else what the file says; the same for the time step."""
    given = None if semantics is None else parse_semantics(semantics)
    chosen = given or config.semantics or parse_semantics("nir")
    own = given.dt if given is not None else None
    time = next((value for value in (dt, own, config.dt) if value is not None), None)
    if time is None:
        return chosen
    try:
        return replace(chosen, dt=positive_seconds(time))
    except ValueError as error:
        raise ModelError(Diagnostic("AX202", "", f"dt={time}", str(error), "correct it")) from error


def passes_for(graph: Graph, target: Backend, options: Options) -> list[Pass]:
    """The passes between a graph in steps and the target; `ModelError` for options that do not exist."""
    semantics = parse_semantics(graph.properties.get("semantics", "nir"))
    weights = options.weights or ("int8" if target.mapped else "float32")
    state = options.state or (semantics.state if weights == "int8" else "float32")
    raise_if_any(_option_problems(target, weights, state, options))
    if is_quantised(graph):
        raise_if_any([*_settled_problems(options), *(form_problems(graph) if target.mapped else ())])
        return []
    if weights == "float32":
        return []
    raise_if_any(_float_problems(graph, target))
    if state == "loihi":
        return [ToPopulations(), QuantizeLoihi()]
    quantise = Quantize("int8", state, semantics.weight_rounding, semantics.weight_scope)
    return [ToPopulations(), quantise]


def _settled_problems(options: Options) -> list[Diagnostic]:
    """Number formats that are asked for of a graph whose numbers have theirs."""
    given = [("weights", options.weights), ("state", options.state)]
    return [
        Diagnostic("AX403", "", f"{name} {value!r}", "the graph is quantised already", "leave it out")
        for name, value in given
        if value is not None
    ]


def _float_problems(graph: Graph, target: Backend) -> list[Diagnostic]:
    """Nodes that only the interpreter runs, in float: what is not made of populations, weights and delays."""
    limit = f"with int8 weights it runs {', '.join(op.name for op in QUANTISED)}"
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


def _option_problems(target: Backend, weights: str, state: str, options: Options) -> list[Diagnostic]:
    checks = (
        ("weights", weights, WEIGHTS if not target.mapped else WEIGHTS[:1]),
        ("state", state, STATE_FORMATS if target.mapped or weights == "int8" else ("float32",)),
        ("strategy", options.strategy, STRATEGIES),
    )
    problems = [
        Diagnostic("AX403", "", f"{name} {value!r}", f"{target.name} takes {', '.join(known)}", "choose one of them")
        for name, value, known in checks
        if value not in known
    ]
    return problems + _slice_problems(options.slice_size)


def _slice_problems(size: int | Mapping[str, int] | None) -> list[Diagnostic]:
    sizes = {"": size} if isinstance(size, int) else (size or {})
    return [
        Diagnostic("AX403", name, f"a slice size of {value}", "at least 1", "correct it")
        for name, value in sizes.items()
        if value < 1
    ]


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
    """The graph with the activity that the data to calibrate with cause, where the target maps it."""
    return final if options.calibrate is None or not target.mapped else calibrated(final, options.calibrate)


def mapped(final: Graph, target: Backend, options: Options) -> tuple[CoreMapping | None, Machine | None]:
    """The mapping of a graph that the target runs, and the machine; None for a target that maps nothing."""
    if not target.mapped:
        return None, None
    machine = target.machine(options.machine)
    net = network(final)
    raise_if_any(_naming_problems(final, net, target, options))
    outputs = [output_population(final, node) for node in final.outputs]
    how = MapOptions(options.slice_size, options.strategy, options.host.input_events > 0)
    return map_network(net, outputs, machine, target.cost_model(machine, options.host), how), machine


def _naming_problems(final: Graph, net: Network, target: Backend, options: Options) -> list[Diagnostic]:
    """Options that name what is not there, or ask the host for what cannot be."""
    populations = {p.name for p in net.populations if not isinstance(p.op, Input)}
    problems = _unknown_slices(options.slice_size, populations) + _host_problems(options.host)
    try:
        check_references(final, options.host.record, target.recordable(final))
    except ModelError as error:
        problems += error.diagnostics
    return problems


def _host_problems(host: HostInterface) -> list[Diagnostic]:
    problems = []
    if host.input_events < 0:
        found = f"input lists of {host.input_events} events"
        problems.append(Diagnostic("AX403", "", found, "at least 1; 0 for live packets", "correct it"))
    if host.record and host.record_steps < 1:
        found = f"{len(host.record)} recorded signals for {host.record_steps} steps"
        problems.append(Diagnostic("AX403", "", found, "at least 1 step", "give record_steps"))
    return problems


def _unknown_slices(size: int | Mapping[str, int] | None, known: set[str]) -> list[Diagnostic]:
    names = set(size) - known if isinstance(size, Mapping) else set()
    listed = ", ".join(sorted(known))
    return [Diagnostic("AX403", n, "a slice size for no population", f"known: {listed}") for n in sorted(names)]


def _require_steps(graph: Graph) -> None:
    if graph.stage != "steps":
        limit = "compile takes a graph in steps"
        raise ModelError(Diagnostic("AX305", "", "the graph is in continuous time", limit, "load it with semantics"))


def compile_graph(graph: Graph, target: str, options: Options) -> Compiled:
    """The lowered program of a graph in steps, with nothing written yet."""
    final, mapping, machine = prepare(graph, target, options)
    program = backend(target).lower(final, mapping, machine, options.host)
    manifest = _manifest(final, target, mapping, machine, options)
    described = {
        "manifest.json": _json(manifest),
        "report.json": _json({"target": target, **program.report}),
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
        "tick_cycles": machine.tick_cycles if machine else None,
        "strategy": options.strategy if mapping else None,
        "record": list(options.host.record) if mapping else [],
        "record_steps": options.host.record_steps if mapping else 0,
        "input_events": options.host.input_events if mapping else 0,
        **({"activity": seen} if (seen := activity(graph)) else {}),
        "cores": mapping.cores if mapping else None,
        "phases": mapping.schedule.phases if mapping else 1,
        "latency": mapping.schedule.latency if mapping else 0,
    }


def lines_of(graph: Graph, name: str) -> list[str]:
    """The lines of a property: ``repairs``, ``time_step`` or ``notes``."""
    return [line for line in graph.properties.get(name, "").splitlines() if line]


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


def stages(graph: Graph, target: str, options: Options) -> Sequence[tuple[str, Graph]]:
    """The graph after every pass between steps and the target, by the pass's name."""
    chosen = backend(target)
    return [(step.name, after) for step, after in run_pipeline(graph, passes_for(graph, chosen, options))]
