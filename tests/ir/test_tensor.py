"""Tensor operations: what they mean, what they refuse, how they are printed and stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from axonc.ir import Float, Graph, Kind, ModelError, Node, Shape, Signal, interpret, verify
from axonc.ir.elements import ELEMENTS, dtype_of, format_of, limits
from axonc.ir.interpret import KERNELS
from axonc.ir.interpret.tensor import FUNCTIONS
from axonc.ir.ops import (
    MAPS,
    OPS,
    Axis,
    Broadcast,
    Cast,
    Concat,
    Constant,
    Convolve,
    Delay,
    DequantizeTensor,
    Gather,
    Input,
    Map,
    MatMul,
    Output,
    QuantizeTensor,
    Reduce,
    Reshape,
    Slice,
    TensorOp,
    Transpose,
    Window,
)
from axonc.ir.serialize import from_bytes, to_bytes
from axonc.ir.signal import Element

RNG = np.random.default_rng(0)
Array = np.ndarray[Any, Any]


def signal(*shape: int, format: str = "") -> Signal:
    return Signal(shape, Kind.DENSE, Element(format) if format else Float())


def run(op: TensorOp, *operands: Array) -> Array:
    """One step over a batch."""
    result = KERNELS[type(op)](op, "float32").step({}, *operands)[1]
    assert result.shape[1:] == op.result().shape
    assert result.dtype == dtype_of(op.result().format)
    return np.asarray(result)


def values(*shapes: Shape) -> list[Array]:
    """Operands of a batch of 3."""
    return [RNG.normal(size=(3, *shape)).astype(np.float32) for shape in shapes]


def test_every_function_has_a_meaning() -> None:
    assert set(MAPS) == set(FUNCTIONS)
    assert all(op in KERNELS for op in OPS if issubclass(op, TensorOp))


OPERATIONS: dict[str, tuple[TensorOp, list[Shape], Callable[..., Any]]] = {
    "map": (Map((signal(4, 1), signal(5)), "sub"), [(4, 1), (5,)], lambda a, b: a - b),
    "matmul": (MatMul((signal(2, 4), signal(4, 3))), [(2, 4), (4, 3)], np.matmul),
    "matmul of a vector": (MatMul((signal(4), signal(5, 4, 3))), [(4,), (5, 4, 3)], np.matmul),
    "matmul with a vector": (MatMul((signal(5, 2, 4), signal(4))), [(5, 2, 4), (4,)], np.matmul),
    "sum": (Reduce((signal(2, 3, 4),), "sum", (0, 2), True), [(2, 3, 4)], lambda x: x.sum((0, 2), keepdims=True)),
    "largest": (Reduce((signal(2, 3),), "max", (1,)), [(2, 3)], lambda x: x.max(1)),
    "place of the largest": (Reduce((signal(2, 3),), "argmax", (1,)), [(2, 3)], lambda x: x.argmax(1)),
    "reshape": (Reshape((signal(2, 6),), (3, 4)), [(2, 6)], lambda x: x.reshape(3, 4)),
    "transpose": (Transpose((signal(2, 3, 4),), (2, 0, 1)), [(2, 3, 4)], lambda x: x.transpose(2, 0, 1)),
    "slice": (Slice((signal(5, 4),), ((4, 3, -2), (1, 2, 1))), [(5, 4)], lambda x: x[4::-2, 1:3]),
    "nothing": (Slice((signal(5),), ((0, 0, 1),)), [(5,)], lambda x: x[:0]),
    "concat": (Concat((signal(2, 1), signal(2, 3)), 1), [(2, 1), (2, 3)], lambda a, b: np.concatenate([a, b], 1)),
    "broadcast": (Broadcast((signal(3, 1),), (2, 3, 4)), [(3, 1)], lambda x: np.broadcast_to(x, (2, 3, 4))),
    "sum of windows": (Window((signal(2, 4),), "sum", (Axis(2, 2),)), [(2, 4)], lambda x: x.reshape(2, 2, 2).sum(2)),
    "largest of windows": (
        Window((signal(4),), "max", (Axis(3, 1, 1, 1),)),
        [(4,)],
        lambda x: [x[:2].max(), x[:3].max(), x[1:].max(), x[2:].max()],
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_sample_is_what_numpy_makes_of_it(name: str) -> None:
    op, shapes, expected = OPERATIONS[name]
    operands = values(*shapes)
    result = run(op, *operands)
    for sample in range(3):
        np.testing.assert_allclose(result[sample], expected(*(x[sample] for x in operands)), rtol=1e-5)


def test_each_sample_gathers_its_own_elements() -> None:
    (x,) = values((4, 2))
    indices = np.array([[0, -1, 2]] * 2 + [[1, 1, 3]])
    result = run(Gather((signal(4, 2), signal(3, format="int64")), 0), x, indices)
    np.testing.assert_array_equal(result, [x[k][indices[k]] for k in range(3)])


def test_an_index_outside_is_an_error_of_the_data() -> None:
    op = Gather((signal(4), signal(format="int64")), 0)
    with pytest.raises(ModelError, match="AX701 indices from 4 to 4"):
        run(op, np.zeros((1, 4), np.float32), np.array([4]))


def test_each_sample_has_its_own_weights() -> None:
    x, weight = values((2, 5), (3, 2, 2))
    op = Convolve((signal(2, 5), signal(3, 2, 2)), (Axis(2),))
    expected = [[[(w[o] * x[k][:, t : t + 2]).sum() for t in range(4)] for o in range(3)] for k, w in enumerate(weight)]
    np.testing.assert_allclose(run(op, x, weight), expected, rtol=1e-4, atol=1e-6)


def test_sums_run_in_ascending_order() -> None:
    terms = np.float32([[1e8, 1, 1, 1, 1, -1e8]])
    assert run(Reduce((signal(6),), "sum", (0,)), terms)[0] == 0  # each 1 is lost beside 1e8
    assert run(MatMul((signal(6), signal(6))), terms, np.ones((1, 6), np.float32))[0] == 0


def test_integers_divide_toward_zero() -> None:
    takes = (signal(4, format="int32"),) * 2
    result = run(Map(takes, "div"), np.int32([[7, -7, 7, -7]]), np.int32([[2, 2, -2, -2]]))
    np.testing.assert_array_equal(result, [[3, -3, -3, 3]])


def test_quantised_numbers_round_to_even_and_are_clipped() -> None:
    takes = (signal(5), signal(), signal(format="int8"))
    op = QuantizeTensor(takes, Element("int8"))
    given = np.float32([[0.5, 1.5, -2.5, 500, -500]]), np.float32([1]), np.int8([1])
    result = run(op, *given)
    np.testing.assert_array_equal(result, [[1, 3, -1, 127, -128]])
    back = DequantizeTensor((signal(5, format="int8"), *takes[1:]))
    np.testing.assert_array_equal(run(back, result, *given[1:]), [[0, 2, -2, 126, -129]])


def test_scales_along_an_axis() -> None:
    op = QuantizeTensor((signal(2, 3), signal(2)), Element("uint8"), axis=0)
    result = run(op, np.ones((1, 2, 3), np.float32), np.float32([[0.5, 0.25]]))
    np.testing.assert_array_equal(result[0], [[2] * 3, [4] * 3])


def test_narrow_floats_saturate_only_if_asked() -> None:
    x = np.float32([[1e6, -np.inf, np.nan]])
    to = Element("float8e4m3fn")
    result = run(Cast((signal(3),), to), x).astype(np.float32)
    np.testing.assert_array_equal(result, [[448, -448, np.nan]])
    assert np.all(np.isnan(run(Cast((signal(3),), to, saturate=False), x).astype(np.float32)))


MISFITS: dict[str, TensorOp] = {
    "no function": Map((signal(2),), "frobnicate"),
    "operands": Map((signal(2),), "add"),
    "formats": Map((signal(2), signal(2, format="int8")), "add"),
    "shapes": Map((signal(2), signal(3)), "add"),
    "inner extents": MatMul((signal(2, 3), signal(2, 3))),
    "scalars": MatMul((signal(), signal(3))),
    "an axis": Reduce((signal(2),), "sum", (1,)),
    "no reduction": Reduce((signal(2),), "median", (0,)),
    "elements": Reshape((signal(2, 3),), (5,)),
    "an order": Transpose((signal(2, 3),), (0, 0)),
    "spans": Slice((signal(3),), ((1, 3, 1),)),
    "extents": Concat((signal(2, 3), signal(3, 3)), 1),
    "a place": Gather((signal(2), signal(2, format="int64")), 3),
    "broadcasting": Broadcast((signal(3),), (4,)),
    "groups": Convolve((signal(3, 5), signal(2, 2, 2)), (Axis(2),), 2),
    "a bias": Convolve((signal(2, 5), signal(2, 2, 2), signal(3)), (Axis(2),)),
    "a window": Window((signal(2, 2),), "max", (Axis(5),)),
    "scales": QuantizeTensor((signal(2, 3), signal(4)), Element("int8")),
}


@pytest.mark.parametrize("name", MISFITS)
def test_misfits_are_refused(name: str) -> None:
    assert [problem.code for problem in MISFITS[name].verify(None)] == ["AX301"]


def graph() -> Graph:
    """Counts in uint8, in a loop that begins at 3; and constants that numpy's files cannot name."""
    takes = (signal(2, format="uint8"),) * 2
    narrow = np.array([1, 2], ml_dtypes.bfloat16)
    nodes = (
        Node("x", Input(signal(2, format="uint8"))),
        Node("back", Delay(1, np.uint8([3, 4])), ("sum",)),
        Node("sum", Map(takes, "add"), ("x",), reads=("back",)),
        Node("narrow", Constant(narrow)),
        Node("wide", Cast((signal(2, format="bfloat16"),), Float()), ("narrow",)),
        Node("out", Output(), ("sum",)),
        Node("other", Output(), ("wide",)),
    )
    return Graph("g", nodes, "steps")


def test_a_state_begins_at_its_initial_value_and_keeps_its_format() -> None:
    assert not verify(graph())
    result = interpret(graph(), np.uint8([[1, 1], [250, 252], [1, 1]]))
    np.testing.assert_array_equal(result.outputs["out"], [[4, 5], [254, 1], [255, 2]])
    assert result.outputs["out"].dtype == np.uint8


def test_the_file_form_keeps_every_element_type() -> None:
    again = from_bytes(to_bytes(graph()))
    assert str(again) == str(graph())
    assert to_bytes(again) == to_bytes(graph())
    np.testing.assert_array_equal(interpret(again, np.zeros((1, 2), np.uint8)).outputs["other"], [[1, 2]])


def test_the_text_form() -> None:
    assert str(graph()).splitlines()[1:6] == [
        "  x: dense[2] uint8 = input()",
        "  back: dense[2] uint8 = delay(sum; steps=1, initial=2 uint8 in [3, 4])",
        "  sum: dense[2] uint8 = map(x; reads back; function=add)",
        "  narrow: dense[2] bfloat16 = constant(value=2 bfloat16 in [1, 2])",
        "  wide: dense[2] float32 = cast(narrow; to=float32, saturate=True, rounding=up)",
    ]


def test_operands_of_other_shapes_are_found_in_the_graph() -> None:
    nodes = [node for node in graph() if node.name != "sum"]
    wrong = Node("sum", Map((signal(2, format="uint8"), signal(1, format="uint8")), "add"), ("x",), reads=("back",))
    assert [problem.code for problem in verify(graph().with_nodes([*nodes, wrong]))] == ["AX301"]


def test_a_wrong_initial_value_is_refused() -> None:
    nodes = [node for node in graph() if node.name != "back"]
    wrong = Node("back", Delay(1, np.uint8([3])), ("sum",))
    assert [problem.code for problem in verify(graph().with_nodes([*nodes, wrong]))] == ["AX301"]


@pytest.mark.parametrize("name", ELEMENTS)
def test_every_element_type_has_a_format_and_limits(name: str) -> None:
    assert str(format_of(ELEMENTS[name])) == name
    if name != "bool":
        low, high = limits(ELEMENTS[name])
        assert low < high
