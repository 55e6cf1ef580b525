"""From a checked model to a verified graph: which axis is time, which are states, what is left is steps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from onnx import ModelProto, NodeProto

from axonc.ir import Diagnostic, Graph, ModelError, Signal, raise_if_any, require_valid
from axonc.ir.elements import dtype_of
from axonc.ir.ops import Gather, Input

from .call import Item, Items
from .check import check_model, nodes_of
from .convert import Converter, Scope
from .draft import Draft, Value, known, printable
from .files import shown
from .imported import Imported, graph_of
from .inputs import Inputs, read_inputs
from .loops import rolled_up
from .options import OnnxOptions
from .recognise import recognise
from .recurrence import NotSequentialError, State
from .removal import LAST, STEP, KeptError, Removal
from .states import state_pairs, with_segments
from .unrolled import NotRolledError

RECURRENT = ("GRU", "LSTM", "Loop", "RNN", "Scan")
ADVICE = {
    "AX134": "choose time=call, or export the recurrence as Scan, GRU, LSTM or RNN",
    "AX135": "export with scan, or choose time=call",
}


def build_graph(model: ModelProto, folder: Path | None, options: OnnxOptions) -> Graph:
    """The verified graph in steps; `ModelError` with every problem."""
    check_model(model, folder)
    inputs, pairs = read_inputs(model, options), state_pairs(model, options)
    raise_if_any(inputs.problems)
    forms = [_finished(form, options, inputs) for form in _in_time(model, folder, options, inputs, pairs)]
    return min(forms, key=lambda graph: len(graph.nodes))


def _finished(imported: Imported, options: OnnxOptions, inputs: Inputs) -> Graph:
    imported = _without_batch(imported, options)
    raise_if_any(_left_open(imported.draft, inputs))
    made, states = recognise(graph_of(imported))
    made, reset = with_segments(made, options.segment)
    facts = {**imported.facts, **({"states": states} if states else {}), **({"reset": reset} if reset else {})}
    shown = {name: printable(fact) for name, fact in facts.items()}
    return require_valid(made).with_properties(source="onnx", **shown)


def _in_time(
    model: ModelProto, folder: Path | None, options: OnnxOptions, inputs: Inputs, pairs: dict[str, str]
) -> list[Imported]:
    """The model in steps, by the option ``time``; in several forms that mean the same, if its loop was unrolled."""
    if not any(node.op_type in RECURRENT for node in _all_nodes(model)):
        return _without_recurrence(model, folder, options, inputs, pairs)
    why = ""
    if options.time != "call":
        try:
            return [_as_sequence(*_whole(model, folder, inputs, pairs), inputs, pairs)]
        except (NotSequentialError, KeptError) as error:
            why = str(error)
    if options.time == "sequence":
        raise _not_sequential(why)
    return [_as_calls(model, folder, inputs, pairs, why)]


def _without_recurrence(
    model: ModelProto, folder: Path | None, options: OnnxOptions, inputs: Inputs, pairs: dict[str, str]
) -> list[Imported]:
    """A model without recurrent operators is a loop that was unrolled, or its steps are calls."""
    calls = _as_calls(model, folder, inputs, pairs, "")
    forms, why, code = list[Imported](), "it has no recurrent operator, and no loop that was unrolled", "AX134"
    if options.time != "call" and not pairs:
        try:
            forms = rolled_up(calls.draft, calls.outputs, lambda draft, ends: _as_sequence(draft, ends, inputs, pairs))
        except NotRolledError as error:
            why, code = str(error), "AX135"
    if forms:
        return forms
    if options.time == "sequence":
        raise _not_sequential(why, code)
    return [calls if code == "AX134" else calls.told(time=f"{calls.facts['time']}, because {why}; export with scan")]


def _not_sequential(why: str, code: str = "AX134") -> ModelError:
    return ModelError(Diagnostic(code, "", f"the model cannot run step by step: {why}", "", ADVICE[code]))


def _all_nodes(model: ModelProto) -> list[NodeProto]:
    return [*nodes_of(model.graph.node), *(n for f in model.functions for n in nodes_of(f.node))]


def _converted(
    model: ModelProto, folder: Path | None, items: dict[str, Item | None], converter: Converter
) -> tuple[Draft, dict[str, Value]]:
    opsets = {"" if entry.domain == "ai.onnx" else entry.domain: entry.version for entry in model.opset_import}
    stored = {name: item for name, item in converter.initializers(model.graph).items() if name not in items}
    scope = Scope(opsets, "", {**stored, **items})
    converter.nodes(model.graph.node, scope)
    raise_if_any([*converter.problems, *_nothing(model, scope)])
    outputs: dict[str, Value] = {}
    for value in model.graph.output:
        item = scope.find(value.name)
        if isinstance(item, Items):
            outputs.update({f"{value.name}.{k}": element for k, element in enumerate(item.values)})
        elif item is not None:
            outputs[value.name] = item
    return converter.draft, outputs


def _nothing(model: ModelProto, scope: Scope) -> list[Diagnostic]:
    """Outputs that nothing computes."""
    return [
        Diagnostic("AX104", shown(value.name), "an output that nothing computes", "", "correct the model")
        for value in model.graph.output
        if value.name not in scope.items
    ]


def _converter(model: ModelProto, folder: Path | None, sequence: bool, inputs: Inputs) -> Converter:
    converter = Converter(model, folder, sequence)
    converter.draft.unknown = inputs.unknown
    converter.draft.reserved = {value.name for value in model.graph.output} - {v.name for v in model.graph.input}
    return converter


def _zeros(signal: Signal, name: str) -> Value:
    return known(np.zeros(signal.shape, dtype_of(signal.format)), name)


def _whole(
    model: ModelProto, folder: Path | None, inputs: Inputs, pairs: dict[str, str]
) -> tuple[Draft, dict[str, Value]]:
    """The whole sequence, in which states begin at 0."""
    converter = _converter(model, folder, True, inputs)
    items: dict[str, Item | None] = {
        name: _zeros(signal, name) if name in pairs else converter.draft.input(signal, name)
        for name, signal in inputs.signals.items()
    }
    return _converted(model, folder, items, converter)


def _as_sequence(draft: Draft, outputs: Mapping[str, Value], inputs: Inputs, pairs: dict[str, str]) -> Imported:
    """The axis of time, the first or the second of the inputs, becomes the steps."""
    names = [name for name in inputs.signals if name not in pairs]
    why = NotSequentialError("", f"{', '.join(names)} have no axis of one length (states: state=INPUT:OUTPUT)")
    for axis in (0, 1):
        lengths = {inputs.signals[name].shape[axis : axis + 1] for name in names}
        if len(lengths) != 1 or () in lengths:
            continue
        try:
            return _sequence(draft, outputs, dict.fromkeys(names, axis), pairs)
        except KeptError as error:
            why = NotSequentialError("", str(error)) if axis == 0 else why
    raise why


def _sequence(draft: Draft, outputs: Mapping[str, Value], axes: dict[str, int], pairs: dict[str, str]) -> Imported:
    removal = Removal(draft, axes, True)
    made = removal.run()
    placed = {name: removal.of(value) for name, value in outputs.items()}
    if not any(isinstance(place.at, int) or place.at in (LAST, STEP) for place in placed.values()):
        raise KeptError("", "no output depends on the sequence")
    facts = {"time": f"axis {next(iter(axes.values()))} of {', '.join(axes)}"}
    last = [name for name, place in placed.items() if place.at == LAST]
    if last:
        facts["last_step"] = ", ".join(last)
    if pairs:
        facts["begin_at_0"] = ", ".join(pairs)
    ends = {name: place.value for name, place in placed.items()}
    return Imported(made, ends, facts, axes, {name: place.at for name, place in placed.items()})


def _as_calls(model: ModelProto, folder: Path | None, inputs: Inputs, pairs: dict[str, str], why: str) -> Imported:
    """A step is a call; inputs that are states are what the call before gave."""
    converter = _converter(model, folder, False, inputs)
    draft = converter.draft
    items: dict[str, Item | None] = {
        name: draft.input(signal, name) for name, signal in inputs.signals.items() if name not in pairs
    }
    held: dict[str, State] = {}
    for name in pairs:
        held[name] = State(_zeros(inputs.signals[name], name), [])
        items[name] = Value(inputs.signals[name], draft.add(held[name], (), name))
    draft, outputs = _converted(model, folder, items, converter)
    for before, after in pairs.items():
        if outputs[after].signal != inputs.signals[before]:
            found = f"the state {inputs.signals[before]} becomes {outputs[after].signal}"
            raise ModelError(Diagnostic("AX301", before, found, "a state keeps its shape and type", "correct the pair"))
        held[before].follows.append(outputs[after])
    facts = {"time": "a step is a call of the model" + (f", because {why}" if why else "")}
    if pairs:
        facts["carried"] = ", ".join(f"{before}={after}" for before, after in pairs.items())
    return Imported(draft, outputs, facts)


def _without_batch(imported: Imported, options: OnnxOptions) -> Imported:
    """The draft without the first axis of its inputs, if that holds samples."""
    signals = {name: node.op.signal for name, node in imported.draft.nodes.items() if isinstance(node.op, Input)}
    if options.batch == "keep":
        return imported.told(batch="part of the signals")
    why = "an input has no axis but this one"
    extents = {signal.shape[0] for signal in signals.values() if signal.shape}
    if len(extents) == 1 and all(_may_hold_samples(imported.draft, *entry) for entry in signals.items()):
        (extent,) = extents
        for choice in (0, 1):
            axes = {**dict.fromkeys(signals, 0), **_state_axes(imported.draft, extent, choice)}
            try:
                return _removed(imported, axes, extent)
            except KeptError as error:
                why = str(error)
    if options.batch == "remove":
        raise ModelError(Diagnostic("AX134", "", f"the axis of samples cannot be taken away: {why}", "", "batch=keep"))
    return imported.told(batch=f"part of the signals, because {why}")


def _may_hold_samples(draft: Draft, name: str, signal: Signal) -> bool:
    """Whether an input has an axis to take away: beside others, or of nothing but indices, such as words of a text."""
    if len(signal.shape) != 1:
        return bool(signal.shape)
    readers = [(node.op, at) for node in draft.nodes.values() for at, read in enumerate(node.sources) if read == name]
    return bool(readers) and all(isinstance(op, Gather) and at == 1 for op, at in readers)


def _state_axes(draft: Draft, extent: int, choice: int) -> dict[str, int]:
    """Where states have the axis of samples: the first, or another, of as many elements."""
    found = {}
    for name, node in draft.nodes.items():
        if isinstance(node.op, State):
            shape = node.op.initial.shape
            axes = [axis for axis, size in enumerate(shape) if size == extent]
            if axes:
                found[name] = axes[min(choice, len(axes) - 1)]
    return found


def _removed(imported: Imported, axes: dict[str, int], extent: int) -> Imported:
    removal = Removal(imported.draft, axes, False)
    made = removal.run()
    placed = {name: removal.of(value) for name, value in imported.outputs.items()}
    shown = str(extent) if extent < 1009 else "any number"
    fact = f"axis 0 is taken away ({shown} in the model)"
    ends = {name: place.value for name, place in placed.items()}
    return Imported(made, ends, imported.facts).told(batch=fact)


def _left_open(draft: Draft, inputs: Inputs) -> list[Diagnostic]:
    """Extents that are still unknown."""
    left = {extent for node in draft.nodes.values() if isinstance(node.op, Input) for extent in node.op.signal.shape}
    return [
        Diagnostic("AX133", value, f"the model does not say how large the axis {name!r} is", "", f"give dim={name}:N")
        for extent, (value, name) in inputs.unknown.items()
        if extent in left
    ]
