"""Conformance of the reference interpreter and of native programs: they run ONNX models as an
`onnx.backend.base.Backend`.

`ReferenceBackend` and `NativeBackend` are what ``onnx.backend.test`` asks for. A model is compiled when it is run: only
then are those inputs known that say shapes, indices or numbers of steps, which a compiler must know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx.backend.base import Backend, BackendRep

from axonc.backends.native.tensor import NativeFloat
from axonc.backends.native.tensor.library import compiled_together
from axonc.ir import Graph, raise_if_any
from axonc.ir.interpret.run import run_batches
from axonc.ir.ops import Array

from ..frontends.onnx import OnnxOptions, import_onnx

WHOLE = OnnxOptions(time="call", batch="keep", named_states=False)
"""A step is a call of the model, with all axes that it has."""

SHAPING = {
    "ConstantOfShape": (0,),
    "Dropout": (2,),
    "Expand": (1,),
    "GRU": (4,),
    "LSTM": (4,),
    "Loop": (0, 1),
    "Pad": (1, 2, 3),
    "RNN": (4,),
    "Range": (0, 1, 2),
    "ReduceL1": (1,),
    "ReduceL2": (1,),
    "ReduceMax": (1,),
    "ReduceMean": (1,),
    "ReduceMin": (1,),
    "ReduceProd": (1,),
    "ReduceSum": (1,),
    "ReduceSumSquare": (1,),
    "Reshape": (1,),
    "SequenceAt": (1,),
    "SequenceInsert": (2,),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "Squeeze": (1,),
    "Tile": (1,),
    "Unsqueeze": (1,),
}
"""The operands that a compiler must know, by operator."""


OPERATORS: Mapping[str, int] = {
    "Add": 8,
    "AveragePool": 20,
    "BatchNormalization": 4,
    "Cast": 60,
    "Clip": 12,
    "Concat": 12,
    "Constant": 1,
    "ConstantOfShape": 3,
    "Conv": 6,
    "DequantizeLinear": 14,
    "Div": 10,
    "Equal": 10,
    "Expand": 2,
    "Flatten": 9,
    "GRU": 6,
    "Gather": 4,
    "Gemm": 11,
    "GlobalAveragePool": 2,
    "Greater": 8,
    "Identity": 3,
    "LSTM": 6,
    "Less": 8,
    "Loop": 3,
    "MatMul": 7,
    "MaxPool": 19,
    "Mul": 9,
    "QuantizeLinear": 13,
    "RNN": 6,
    "ReduceMean": 8,
    "ReduceSum": 12,
    "Relu": 1,
    "Reshape": 10,
    "Scan": 4,
    "Shape": 11,
    "Sigmoid": 2,
    "Slice": 8,
    "Split": 16,
    "Squeeze": 2,
    "Sub": 9,
    "Tanh": 2,
    "Transpose": 7,
    "Unsqueeze": 7,
    "Where": 2,
}
"""The operators whose node cases are accounted for, and how many plain ones onnx 1.23.2 has with each of them."""

FAILS: Mapping[str, str] = {
    "test_batchnorm_epsilon_training_mode": "training mode: models are compiled for inference",
    "test_batchnorm_example_training_mode": "training mode: models are compiled for inference",
    "test_equal_string": "signals hold numbers, not strings",
    "test_equal_string_broadcast": "signals hold numbers, not strings",
    "test_identity_opt": "an optional as an input: signals are tensors",
    "test_identity_sequence": "a sequence as an input: signals are tensors",
    "test_loop13_seq": "a sequence as an input: signals are tensors",
    "test_loop16_seq_none": "an optional as an input: signals are tensors",
    "test_scan_sum": "Scan of operator set 8 has a batch axis of its own; 9 and later are read",
}
"""The cases that do not pass, of those of onnx 1.23.2, and why."""

NATIVE_FAILS: Mapping[str, str] = {}
"""The cases that do not pass natively beside those of `FAILS`, and why."""

CASES = 377
"""How many cases there are: one with two of the operators counts once."""

CALL = "axonc_call"
"""The input of models that have none."""


@dataclass(frozen=True)
class Call:
    """One call of a model: a graph of one step, its data, and the outputs of the model in their order."""

    graph: Graph
    data: Mapping[str, Array]
    names: tuple[str, ...]

    @staticmethod
    def of(model: ModelProto, inputs: Sequence[Any]) -> Call:
        """The call with one value for each input of the model."""
        given = {name: np.asarray(x) for name, x in zip(_free(model), inputs, strict=False)}
        bound = bind(model, {name: x for name, x in given.items() if name in shaping_inputs(model)})
        graph = import_onnx(bound, WHOLE)
        data = {node.name: np.asarray(given.get(node.origin, 0.0))[None, None] for node in graph.inputs}
        return Call(graph, data, tuple(value.name for value in model.graph.output))

    def outputs(self, traces: Mapping[str, Array]) -> tuple[Any, ...]:
        """The model's outputs, from those of the graph."""
        return tuple(_output(traces, name) for name in self.names)


class ReferenceRep(BackendRep):
    """A model to be run."""

    def __init__(self, model: ModelProto) -> None:
        self.model = model

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The outputs, for one value an input, in the model's order."""
        call = Call.of(self.model, inputs)
        return call.outputs(run_batches(call.graph, call.data))


class NativeRep(ReferenceRep):
    """A model to be compiled and run."""

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The outputs, for one value an input, in the model's order; `ModelError` if something has no C."""
        (outputs,) = native_outputs([Call.of(self.model, inputs)])
        return outputs


def native_outputs(calls: Sequence[Call]) -> list[tuple[Any, ...]]:
    """The outputs of native programs, compiled all at once; `ModelError` with everything that has no C."""
    raise_if_any(problem for call in calls for problem in NativeFloat().check(call.graph))
    with TemporaryDirectory() as folder:
        programs = compiled_together([call.graph for call in calls], Path(folder))
        return [call.outputs(p.run(call.graph, call.data)) for call, p in zip(calls, programs, strict=True)]


class ReferenceBackend(Backend):
    """The numpy interpreter that defines what programs mean."""

    name: ClassVar[str] = "axonc reference"

    @classmethod
    def is_compatible(cls, model: ModelProto, device: str = "CPU", **kwargs: Any) -> bool:
        """Whether it can be tried: `run` says what is not supported."""
        return True

    @classmethod
    def prepare(cls, model: ModelProto, device: str = "CPU", **kwargs: Any) -> ReferenceRep:
        """The model, ready to be run."""
        return ReferenceRep(model)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Only the host."""
        return device == "CPU"


class NativeBackend(ReferenceBackend):
    """Programs in C, run on this computer."""

    name: ClassVar[str] = "axonc native"

    @classmethod
    def prepare(cls, model: ModelProto, device: str = "CPU", **kwargs: Any) -> NativeRep:
        """The model, ready to be compiled and run."""
        return NativeRep(model)


def _free(model: ModelProto) -> list[str]:
    stored = {tensor.name for tensor in model.graph.initializer}
    return [value.name for value in model.graph.input if value.name not in stored]


def shaping_inputs(model: ModelProto) -> set[str]:
    """The inputs of a model that some operator must know when it is compiled."""
    found = {
        node.input[index]
        for node in model.graph.node
        for index in SHAPING.get(node.op_type, ())
        if index < len(node.input)
    }
    return found & set(_free(model))


def bind(model: ModelProto, values: dict[str, Array]) -> ModelProto:
    """The model with these inputs stored in it."""
    bound = ModelProto()
    bound.CopyFrom(model)
    for name, value in values.items():
        bound.graph.initializer.append(numpy_helper.from_array(value, name))
    if not _free(bound):  # a graph has an input, whose data say how many steps there are
        bound.graph.input.append(helper.make_tensor_value_info(CALL, TensorProto.FLOAT, []))
    return bound


def _output(traces: Mapping[str, Array], name: str) -> Any:
    """An output, or the elements of one that is a sequence."""
    if name in traces:
        return traces[name][0, 0]
    return [trace[0, 0] for key, trace in traces.items() if key.rpartition(".")[0] == name]


__all__ = [
    "CASES",
    "FAILS",
    "NATIVE_FAILS",
    "OPERATORS",
    "Call",
    "NativeBackend",
    "NativeRep",
    "ReferenceBackend",
    "ReferenceRep",
    "bind",
    "native_outputs",
    "shaping_inputs",
]
