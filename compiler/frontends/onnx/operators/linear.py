"""Matrix products, convolutions, batch normalisation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from axonc.ir.ops import Convolve

from ..call import Call, Made
from ..draft import OperatorError, Value
from .windows import window_axes


def _matmul(call: Call) -> Made:
    return call.draft.matmul(call[0], call[1])


def _gemm(call: Call) -> Made:
    """alpha A B + beta C, A and B transposed where it says so."""
    draft = call.draft
    a, b = (_transposed(call, call[index], name) for index, name in enumerate(("transA", "transB")))
    y = _scaled(call, draft.matmul(a, b), call.get("alpha", 1.0))
    return draft.map("add", y, _scaled(call, call[2], call.get("beta", 1.0))) if call.has(2) else y


def _transposed(call: Call, x: Value, name: str) -> Value:
    if x.rank != 2:
        raise OperatorError(f"an operand of {x.shape}", "matrices", "AX301")
    return call.draft.transpose(x, (1, 0)) if call.get(name, 0) else x


def _scaled(call: Call, x: Value, factor: float) -> Value:
    return x if factor == 1 else call.draft.map("mul", x, call.number(factor, x))


def _conv(call: Call) -> Made:
    operands = [value for index in range(3) if (value := call.optional(index)) is not None]
    x, weight = operands[:2]
    axes = window_axes(call, x.shape[2:], call.get("kernel_shape", weight.shape[2:]))
    signals = tuple(value.signal for value in operands)
    return call.draft.emit(Convolve(signals, axes, int(call.get("group", 1))), *operands)


def _batch_normalization(call: Call) -> Made:
    """(x - mean) scale / sqrt(var + epsilon) + bias, each of them one a channel."""
    if call.get("training_mode", 0):
        raise OperatorError("training mode", "inference only", "AX131", "export in evaluation mode")
    draft, (x, scale, bias, mean, var) = call.draft, call.tensors
    x_format = x.signal.format
    root = draft.map("sqrt", draft.map("add", var, call.number(call.get("epsilon", 1e-5), var)))
    scale = draft.map("div", draft.cast(scale, root.signal.format), root)
    bias = draft.cast(bias, scale.signal.format)
    shift = draft.map("sub", bias, draft.map("mul", mean, scale))
    lead = (-1, *(1,) * (x.rank - 2))
    factor, offset = (draft.reshape(v, (v.shape[0], *lead[1:])) for v in (scale, shift))
    wide = draft.cast(x, scale.signal.format)
    return draft.cast(draft.map("add", draft.map("mul", wide, factor), offset), x_format)


LINEAR: Mapping[str, Callable[[Call], Made]] = {
    "BatchNormalization": _batch_normalization,
    "Conv": _conv,
    "Gemm": _gemm,
    "MatMul": _matmul,
}
