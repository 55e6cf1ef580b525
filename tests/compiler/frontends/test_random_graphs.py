"""Random graphs of every primitive, written by the nir package: they load, and every shape follows the formulas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import models
import nir
import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

from axonc.compiler.frontends import read_nir

Shape = tuple[int, ...]
Layer = tuple[nir.NIRNode, Shape]


@dataclass
class Stack:
    """Layers one behind the other, each with the shape that its formula gives."""

    start: Shape
    nodes: dict[str, nir.NIRNode] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)

    @property
    def shape(self) -> Shape:
        return [self.start, *self.shapes.values()][-1]

    def add(self, node: nir.NIRNode, shape: Shape, inside: str = "") -> None:
        name = f"{len(self.nodes)}.{type(node).__name__}"
        self.nodes[name], self.shapes[name + inside] = node, shape


def window(size: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """The extent behind a window, as torch.nn.Conv2d documents it."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def fitting(draw: st.DrawFn, size: int, dilated: bool = True) -> tuple[int, int, int, int]:
    """Kernel, stride, padding and dilation of a window that fits an axis."""
    padding = draw(st.integers(0, 2))
    dilation = draw(st.integers(1, 2)) if dilated else 1
    kernel = draw(st.integers(1, min(4, 1 + (size + 2 * padding - 1) // dilation)))
    return kernel, draw(st.integers(1, 3)), padding, dilation


def convolution(draw: st.DrawFn, shape: Shape) -> Layer:
    """Conv1d or Conv2d: any kernel, stride, padding by number or name, dilation, groups."""
    channels, *spatial = shape
    groups = draw(st.sampled_from([g for g in range(1, channels + 1) if channels % g == 0]))
    out = groups * draw(st.integers(1, 2))
    kernel, stride, padding, dilation = zip(*(fitting(draw, size) for size in spatial), strict=True)
    extents = [window(*of) for of in zip(spatial, kernel, stride, padding, dilation, strict=True)]
    name = draw(st.sampled_from(["", "same"])) if set(stride) == {1} else ""
    weight = np.ones((out, channels // groups, *kernel), np.float32)
    one, kind = len(spatial) == 1, nir.Conv1d if len(spatial) == 1 else nir.Conv2d
    numbers = [value[0] if one else value for value in (stride, padding, dilation)]
    node = kind(None, weight, numbers[0], name or numbers[1], numbers[2], groups, np.zeros(out, np.float32))
    node.input_shape = spatial[0] if one else tuple(spatial)  # later: the nir package refuses what it miscalculates
    return node, (out, *(spatial if name == "same" else extents))


def pooling(draw: st.DrawFn, shape: Shape) -> Layer:
    """SumPool2d or AvgPool2d."""
    kernel, stride, padding, _ = zip(*(fitting(draw, size, dilated=False) for size in shape[1:]), strict=True)
    kind = draw(st.sampled_from([nir.SumPool2d, nir.AvgPool2d]))
    extents = [window(*of) for of in zip(shape[1:], kernel, stride, padding, strict=True)]
    return kind(np.array(kernel), np.array(stride), np.array(padding)), (shape[0], *extents)


def flattening(draw: st.DrawFn, shape: Shape) -> Layer:
    """Flatten of some axes."""
    start = draw(st.integers(0, len(shape) - 1))
    end = draw(st.integers(start, len(shape) - 1))
    node = nir.Flatten({"input": np.array(shape)}, start_dim=start, end_dim=-1)
    node.end_dim = draw(st.sampled_from([end, end - len(shape)]))
    return node, (*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :])


def matrix(draw: st.DrawFn, shape: Shape) -> Layer:
    """Affine or Linear, batched where the shape has several axes."""
    rows = draw(st.integers(1, 4))
    weight = np.ones(
        (*shape[:-1], rows, shape[-1]), draw(st.sampled_from([np.float32, np.float64, np.float16, np.int8]))
    )
    node = nir.Affine(weight, np.zeros(rows)) if draw(st.booleans()) else nir.Linear(weight)
    return node, (*shape[:-1], rows)


def elementwise(draw: st.DrawFn, shape: Shape) -> Layer:
    """A population, a delay or a scale."""
    kind = draw(st.sampled_from([*models.FIELDS, "Delay", "Scale"]))
    if kind in ("Delay", "Scale"):
        return getattr(nir, kind)(np.full(shape, 1e-3)), shape
    node = models.neuron(kind, 1)
    values = {name: np.full(shape, getattr(node, name)[0]) for name in models.FIELDS[kind]}
    return getattr(nir, kind)(**values), shape


TAKES: dict[Callable[..., Layer], tuple[int, ...]] = {
    elementwise: (1, 2, 3),
    matrix: (1, 2, 3),
    flattening: (1, 2, 3),
    convolution: (2, 3),
    pooling: (3,),
}
"""Every kind of layer, and how many axes what it takes may have."""


@st.composite
def stacks(draw: st.DrawFn) -> Stack:
    """Up to seven layers behind an input of one to three axes, some of them in a graph of their own."""
    stack = Stack(draw(st.sampled_from([(5,), (2, 9), (4, 7), (2, 9, 8), (4, 6, 11), (1, 12, 5)])))
    for _ in range(draw(st.integers(1, 7))):
        make = draw(st.sampled_from([make for make, ranks in TAKES.items() if len(stack.shape) in ranks]))
        node, gives = make(draw, stack.shape)
        if draw(st.integers(0, 4)) == 0:
            inner = {"i": models.source(*stack.shape), "x": node, "o": models.sink(*gives)}
            stack.add(models.graph(inner, "i x o"), gives, ".x")
        else:
            stack.add(node, gives)
    return stack


@strategies.examples(80)
@given(stack=stacks())
def test_shapes_follow_the_formulas(tmp_path_factory: pytest.TempPathFactory, stack: Stack) -> None:
    path = tmp_path_factory.mktemp("m") / "m.nir"
    nodes: dict[str, Any] = {"input": models.source(*stack.start), **stack.nodes, "output": models.sink(*stack.shape)}
    nir.write(str(path), models.graph(nodes, " ".join(nodes)))
    graph = read_nir(path)
    assert {name: graph.signals[name].shape for name in stack.shapes} == stack.shapes
    assert graph.signals["output"].shape == stack.shape
    assert "repairs" not in graph.properties
