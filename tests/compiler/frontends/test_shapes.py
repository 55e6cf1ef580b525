"""Every node type of NIR becomes an op, and every shape is the one that torch's documentation gives."""

from __future__ import annotations

from typing import Any

import models
import nir
import numpy as np
import pytest
from recorded import recorded

from axonc import ModelError
from axonc.compiler.frontends import import_nir, read_nir
from axonc.ir.ops import Conv, Linear, Pool

Array = np.ndarray[Any, Any]


def imported(node: nir.NIRNode, *shape: int) -> Any:
    """The op and the shape of ``node`` between an input of ``shape`` and an output."""
    nodes = {"input": models.source(*shape), "node": node, "output": nir.Output({"output": None})}
    graph = import_nir(models.graph(nodes, "input node output"))
    return graph["node"].op, graph.signals["node"].shape


def conv(weight: tuple[int, ...], **given: Any) -> nir.NIRNode:
    """A convolution with torch's defaults."""
    options = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": np.zeros(weight[0]), **given}
    kind = nir.Conv1d if len(weight) == 3 else nir.Conv2d
    return kind(input_shape=None, weight=np.ones(weight), **options)


def length(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """torch.nn.Conv1d, "Shape"."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


@pytest.mark.parametrize("weight", [(3, 2, 3, 3), (4, 2, 3, 5), (1, 2, 1, 4)])
@pytest.mark.parametrize("stride", [1, 2, (1, 3), np.int64(2), np.array([2, 1])])
@pytest.mark.parametrize("padding", [0, (2, 1), np.array([1, 0])])
@pytest.mark.parametrize("dilation", [1, (1, 2)])
def test_a_convolution_has_the_documented_shape(weight: Any, stride: Any, padding: Any, dilation: Any) -> None:
    _, shape = imported(conv(weight, stride=stride, padding=padding, dilation=dilation), 2, 9, 13)
    steps, pads, reach = (np.broadcast_to(value, 2).tolist() for value in (stride, padding, dilation))
    spatial = tuple(length(*of) for of in zip((9, 13), weight[2:], steps, pads, reach, strict=True))
    assert shape == (weight[0], *spatial)


@pytest.mark.parametrize("stride", [1, 3, np.int64(2), (2,)])
@pytest.mark.parametrize("padding", [0, 2, np.int64(1)])
def test_a_convolution_in_one_dimension(stride: Any, padding: Any) -> None:
    _, shape = imported(conv((5, 2, 4), stride=stride, padding=padding, dilation=2), 2, 17)
    assert shape == (5, length(17, 4, int(np.ravel(stride)[0]), int(padding), 2))


@pytest.mark.parametrize(
    ("kernel", "dilation", "before", "after"), [(3, 1, 1, 1), (4, 1, 1, 2), (2, 3, 1, 2), (4, 3, 4, 5)]
)
def test_padding_same_keeps_the_shape_and_puts_the_odd_zero_after(
    kernel: int, dilation: int, before: int, after: int
) -> None:
    op, shape = imported(conv((1, 1, kernel, 1), padding="same", dilation=dilation), 1, 12, 5)
    assert shape == (1, 12, 5)
    assert (op.axes[0].before, op.axes[0].after) == (before, after)


def test_padding_valid_is_none() -> None:
    assert imported(conv((1, 1, 3, 2), padding="valid", stride=(2, 1)), 1, 8, 8)[1] == (1, 3, 7)


@pytest.mark.parametrize(("channels", "weight", "groups"), [(4, (6, 2, 3, 3), 2), (3, (3, 1, 3, 3), np.int64(3))])
def test_groups(channels: int, weight: tuple[int, ...], groups: int) -> None:
    op, shape = imported(conv(weight, groups=groups), channels, 5, 5)
    assert (op.groups, shape) == (groups, (weight[0], 3, 3))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"stride": 0}, "AX306"),
        ({"stride": (1, 2, 3)}, "AX103"),
        ({"stride": 1.5}, "AX103"),
        ({"stride": 1 << 60}, "AX103"),
        ({"padding": -1}, "AX306"),
        ({"padding": 1 << 29}, "AX105"),
        ({"padding": "same", "stride": 2}, "AX306"),
        ({"dilation": 0}, "AX306"),
        ({"dilation": 9}, "AX301"),
        ({"groups": 2}, "AX306"),
        ({"groups": 3}, "AX301"),
        ({"groups": 0}, "AX306"),
        ({"bias": np.zeros(5)}, "AX301"),
        ({"bias": np.full(3, np.nan)}, "AX302"),
    ],
)
def test_a_convolution_that_cannot_be_is_refused(given: dict[str, Any], code: str) -> None:
    with pytest.raises(ModelError) as caught:
        imported(conv((3, 2, 3, 3), **given), 2, 8, 8)
    assert {problem.code for problem in caught.value.diagnostics} == {code}


def test_another_padding_mode_is_refused() -> None:
    node = conv((3, 2, 3, 3))
    node.padding = "reflect"
    with pytest.raises(ModelError, match="AX103 node: padding is 'reflect'"):
        imported(node, 2, 8, 8)


@pytest.mark.parametrize("kind", [nir.SumPool2d, nir.AvgPool2d])
@pytest.mark.parametrize(("size", "stride", "padding"), [((2, 2), (2, 2), (0, 0)), ((3, 2), (1, 3), (1, 1)), (2, 1, 0)])
def test_pooling(kind: Any, size: Any, stride: Any, padding: Any) -> None:
    op, shape = imported(kind(size, stride, padding), 3, 7, 8)
    of = zip((7, 8), *(np.broadcast_to(value, 2).tolist() for value in (size, stride, padding)), strict=True)
    assert shape == (3, *(length(*each) for each in of))
    assert isinstance(op, Pool)
    assert op.average == (kind is nir.AvgPool2d)


@pytest.mark.parametrize(
    ("start", "end", "shape"), [(0, -1, (24,)), (1, -1, (2, 12)), (0, 1, (6, 4)), (-2, -1, (2, 12))]
)
def test_flattening(start: int, end: int, shape: tuple[int, ...]) -> None:
    assert imported(models.flat(2, 3, 4, start=start, end=end), 2, 3, 4)[1] == shape


@pytest.mark.parametrize("batch", [(2,), (2, 3)])
@pytest.mark.parametrize("bias", ["none", "row", "each"])
def test_a_weight_of_more_than_two_dimensions_is_one_matrix_an_element(batch: tuple[int, ...], bias: str) -> None:
    rng = np.random.default_rng(0)
    weight, x = rng.normal(size=(*batch, 4, 5)), rng.normal(size=(*batch, 5))
    b = {"none": np.zeros(4), "row": rng.normal(size=4), "each": rng.normal(size=(*batch, 4))}[bias]
    op, shape = imported(nir.Linear(weight) if bias == "none" else nir.Affine(weight, b), *batch, 5)
    assert isinstance(op, Linear)
    assert (op.takes, shape) == ((*batch, 5), (*batch, 4))
    flat = op.weight @ x.reshape(-1) + (0 if op.bias is None else op.bias)
    np.testing.assert_allclose(flat.reshape(shape), np.einsum("...oi,...i->...o", weight, x) + b)


@pytest.mark.parametrize("kind", models.FIELDS)
def test_a_population_of_several_dimensions(kind: str) -> None:
    fields = models.neuron(kind, 24)
    node = type(fields)(**{name: getattr(fields, name).reshape(2, 3, 4) for name in models.FIELDS[kind]})
    assert imported(node, 2, 3, 4)[1] == (2, 3, 4)


@pytest.mark.parametrize("node", [nir.Delay(np.full((2, 3), 1e-3)), nir.Scale(np.ones((2, 3)))])
def test_elementwise_nodes_of_several_dimensions(node: nir.NIRNode) -> None:
    assert imported(node, 2, 3)[1] == (2, 3)


def test_graphs_in_graphs_in_graphs() -> None:
    inner = models.graph({"i": models.source(3), "cell": models.neuron("LIF", 3), "o": models.sink(3)}, "i cell o")
    for _ in range(10):
        inner = models.graph({"i": models.source(3), "in": inner, "o": models.sink(3)}, "i in o")
    nodes = {"input": models.source(3), "net": inner, "output": models.sink(3)}
    graph = import_nir(models.graph(nodes, "input net output"))
    name = "net." + "in." * 10 + "cell"
    assert [(node.name, node.inputs) for node in graph] == [("input", ()), (name, ("input",)), ("output", (name,))]
    assert graph[name].origin == name.replace(".", "/")


def test_the_spiking_cnn_of_the_paper() -> None:
    graph = read_nir(recorded("paper/02_cnn/cnn_sinabs.nir"))
    shapes = {name: signal.shape for name, signal in graph.signals.items()}
    assert shapes == {
        "input": (2, 34, 34),
        **dict.fromkeys(("0", "1", "2", "3"), (16, 16, 16)),
        "4": (16, 8, 8),
        **dict.fromkeys(("5", "6"), (8, 8, 8)),
        "7": (8, 4, 4),
        "8": (128,),
        **dict.fromkeys(("9", "10"), (256,)),
        **dict.fromkeys(("11", "12", "output"), (10,)),
    }
    neurons = sum(int(np.prod(shapes[node.name])) for node in graph if node.op.name == "if")
    weights = sum(node.op.weight.size for node in graph if isinstance(node.op, (Conv, Linear)))
    assert (neurons, weights) == (8970, 39584)
    assert "repairs" not in graph.properties
