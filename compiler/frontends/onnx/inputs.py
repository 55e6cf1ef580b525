"""The inputs of a model: their types, and extents that the model only names."""

from __future__ import annotations

from dataclasses import dataclass, field

from onnx import ModelProto, ValueInfoProto

from axonc.ir import Diagnostic, Kind, Signal

from .call import format_from
from .draft import MAX_BYTES, OperatorError
from .options import OnnxOptions

STAND_INS = (1009, 1013, 1019, 1021, 1031, 1033, 1039, 1049, 1051, 1061, 1063, 1069, 1087, 1091, 1093, 1097)
"""Extents that stand in for unknown ones while the axis may still be taken away: primes, so that none is a product."""


@dataclass
class Inputs:
    """The signals of a model's inputs. ``unknown``: axes of unknown extent: (input, axis) by what stands in for it."""

    signals: dict[str, Signal] = field(default_factory=dict)
    unknown: dict[int, tuple[str, str]] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)
    named: dict[str, int] = field(default_factory=dict)


def read_inputs(model: ModelProto, options: OnnxOptions) -> Inputs:
    """The inputs that are not stored tensors."""
    stored, found = {tensor.name for tensor in model.graph.initializer}, Inputs()
    for value in model.graph.input:
        if value.name in stored:
            continue
        try:
            found.signals[value.name] = _signal(value, options, found)
        except OperatorError as error:
            problem = Diagnostic(error.code, ascii(value.name)[1:-1], error.found, error.limit, error.remedy)
            found.problems.append(problem)
    return found


def _signal(value: ValueInfoProto, options: OnnxOptions, found: Inputs) -> Signal:
    if not value.type.HasField("tensor_type"):
        raise OperatorError(f"an input of {value.type.WhichOneof('value')}", "tensors", "AX131", "pass tensors")
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        raise OperatorError("an input without a shape", "a shape, of named extents at least", "AX103")
    shape = []
    for axis, dim in enumerate(tensor.shape.dim):
        if dim.HasField("dim_value"):
            shape.append(int(dim.dim_value))
        else:
            shape.append(_extent(dim.dim_param or f"{value.name}.{axis}", value.name, options, found))
    if min(shape, default=0) < 0 or _too_large(shape):
        raise OperatorError(f"an input of {tuple(shape)}", f"at most {MAX_BYTES >> 30} GiB", "AX105")
    return Signal(tuple(shape), Kind.DENSE, format_from(tensor.elem_type))


def _too_large(shape: list[int]) -> bool:
    size = 1
    for extent in shape:
        size *= max(1, extent)
    return size * 4 > MAX_BYTES


def _extent(name: str, value: str, options: OnnxOptions, found: Inputs) -> int:
    """What is given for a named extent, else what stands in for it."""
    if name in options.dims:
        return options.dims[name]
    if name not in found.named:
        if len(found.named) >= len(STAND_INS):
            raise OperatorError(f"{len(STAND_INS)} named extents and more", "", "AX133", "give them as dim=NAME:N")
        found.named[name] = STAND_INS[len(found.named)]
        found.unknown[found.named[name]] = (value, name)
    return found.named[name]
