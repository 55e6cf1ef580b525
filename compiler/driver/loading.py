"""From a model, in a file or in memory, to a graph in steps."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from axonc.ir import Diagnostic, Graph, ModelError
from axonc.ir.progress import stage
from axonc.ir.serialize import load_graph, to_bytes
from axonc.ir.text import FACTS

from ..frontends import import_nir, read_nir, with_inputs
from ..passes import Discretise, run_pipeline
from ..semantics import Semantics, parse_semantics, positive_seconds
from .config import NOTHING, Config, read_config
from .time_step import with_seen, with_time_step

if TYPE_CHECKING:
    import nir
    import onnx

    from ..frontends.onnx import OnnxOptions


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
    with stage("read"):
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


def lines_of(graph: Graph, name: str) -> list[str]:
    """The lines of a property: ``repairs``, ``time_step`` or ``notes``."""
    return [line for line in graph.properties.get(name, "").splitlines() if line]
