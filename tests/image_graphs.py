"""Hypothesis strategies: NIR graphs over images, of all primitives, as a file holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import models
import nir
import numpy as np
import strategies
from hypothesis import strategies as st

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]


@dataclass
class Chain:
    """A graph that grows from its input: nodes, the path so far, the shape at its end."""

    rng: np.random.Generator
    shape: Shape
    nodes: dict[str, nir.NIRNode] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    end: str = "input"

    def add(self, kind: str, node: nir.NIRNode, shape: Shape | None = None) -> str:
        """A new node behind the last one."""
        name = f"{kind}{len(self.nodes)}"
        self.nodes[name] = node
        self.paths.append(f"{self.end} {name}")
        self.end, self.shape = name, shape or self.shape
        return name


def extent(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """The size of an axis behind a window, as torch documents it."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


@st.composite
def _window(draw: st.DrawFn, size: int) -> tuple[int, int, int, int]:
    """Kernel, stride, padding and dilation that fit an axis."""
    padding, dilation = draw(st.integers(0, 2)), draw(st.sampled_from([1, 1, 2]))
    kernel = draw(st.integers(1, max(1, min(3, (size + 2 * padding - 1) // dilation + 1))))
    return kernel, draw(st.integers(1, 2)), padding, dilation


@st.composite
def _convolution(draw: st.DrawFn, chain: Chain, scale: float) -> None:
    channels, *spatial = chain.shape
    windows = [draw(_window(size)) for size in spatial]
    groups = draw(st.sampled_from([n for n in (1, 1, channels) if channels % n == 0]))
    outputs = groups * draw(st.integers(1, 2))
    kernel, stride, padding, dilation = ([window[i] for window in windows] for i in range(4))
    extents = tuple(extent(size, *window) for size, window in zip(spatial, windows, strict=True))
    if draw(st.booleans()) and all(step == 1 for step in stride):
        padding, extents = ["same"], tuple(spatial)
    one = len(spatial) == 1
    node = (nir.Conv1d if one else nir.Conv2d)(
        input_shape=spatial[0] if one else tuple(spatial),
        weight=chain.rng.normal(0, scale, (outputs, channels // groups, *kernel)),
        stride=stride[0] if one else tuple(stride),
        padding=padding[0] if one or padding == ["same"] else tuple(padding),
        dilation=dilation[0] if one else tuple(dilation),
        groups=groups,
        bias=chain.rng.normal(0, 0.2, outputs) * draw(st.sampled_from([0.0, 1.0])),
    )
    chain.add("conv", node, (outputs, *extents))


@st.composite
def _pool(draw: st.DrawFn, chain: Chain) -> None:
    """A pool where the signal is an image of two axes; else nothing."""
    if len(chain.shape) != 3:
        return
    sizes = chain.shape[1:]
    kernel, stride = (np.array([draw(st.integers(1, 2)) for _ in sizes]) for _ in range(2))
    padding = np.array([draw(st.integers(0, int(k) // 2)) for k in kernel])
    kernel = np.minimum(kernel, np.array(sizes) + 2 * padding)
    kind = draw(st.sampled_from([nir.SumPool2d, nir.AvgPool2d]))
    extents = [extent(*axis, 1) for axis in zip(sizes, kernel, stride, padding, strict=True)]
    chain.add("pool", kind(kernel_size=kernel, stride=stride, padding=padding), (chain.shape[0], *map(int, extents)))


@st.composite
def _dense(draw: st.DrawFn, chain: Chain, scale: float) -> None:
    """A flattening, all of it or the spatial axes, and a matrix behind it."""
    start = draw(st.sampled_from([0, 0, 1])) if len(chain.shape) > 2 else 0
    flat = (*chain.shape[:start], int(np.prod(chain.shape[start:])))
    if len(chain.shape) > 1:
        chain.add("flat", models.flat(*chain.shape, start=start), flat)
    if len(flat) == 1:
        rows, columns = draw(st.integers(1, 5)), flat[0]
        weight = chain.rng.normal(0, scale, (rows, columns)) * (chain.rng.random((rows, columns)) < 0.5)
        chain.add("fc", models.affine(weight, chain.rng.normal(0, 0.2, rows)), (rows,))


@st.composite
def _population(draw: st.DrawFn, chain: Chain, kinds: tuple[str, ...]) -> str:
    """Neurons of the signal's shape, now and then in a graph of their own."""
    kind, count = draw(st.sampled_from(kinds)), int(np.prod(chain.shape))
    values = draw(strategies.parameters(chain.rng, kind, count))
    node = getattr(nir, kind)(**{name: value.reshape(chain.shape) for name, value in values.items()})
    if draw(st.integers(0, 4)) == 0:
        inner = {"in": models.source(*chain.shape), "cell": node, "out": models.sink(*chain.shape)}
        node = models.graph(inner, "in cell out")
    return chain.add("pop", node)


def _loop(chain: Chain) -> None:
    """Feedback of an image through a convolution that keeps its shape, or of a vector through a matrix."""
    name, back = chain.end, f"{chain.end}.back"
    if len(chain.shape) == 3:
        weight = chain.rng.normal(0, 0.3, (chain.shape[0], chain.shape[0], 3, 3))
        chain.nodes[back] = nir.Conv2d(chain.shape[1:], weight, 1, "same", 1, 1, np.zeros(chain.shape[0]))
    elif len(chain.shape) == 1:
        chain.nodes[back] = models.linear(chain.rng.normal(0, 0.3, chain.shape * 2))
    else:
        return
    chain.paths.append(f"{name} {back} {name}")


def _is_stateful(node: nir.NIRNode) -> bool:
    return not isinstance(node.nodes["cell"] if isinstance(node, nir.NIRGraph) else node, nir.Threshold)


@st.composite
def _layer(draw: st.DrawFn, chain: Chain) -> None:
    if draw(st.integers(0, 3)) == 0:
        steps = chain.rng.integers(0, 3, chain.shape) if draw(st.booleans()) else np.full(chain.shape, 2)
        chain.add("delay", nir.Delay(delay=steps * strategies.DT))
    if draw(st.integers(0, 2)) == 0:
        draw(_pool(chain))
    if len(chain.shape) in (2, 3) and draw(st.integers(0, 3)):
        draw(_convolution(chain, draw(st.sampled_from([0.3, 1.0]))))
    else:
        draw(_dense(chain, draw(st.sampled_from([0.3, 1.0]))))
    if draw(st.integers(0, 4)) == 0:
        chain.add("scale", nir.Scale(scale=chain.rng.normal(1, 0.3, chain.shape)))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[nir.NIRGraph, Shape]:
    """A graph of one to three layers of spiking populations behind an image, and the image's shape."""
    shape = draw(st.sampled_from([(1, 4, 5), (2, 3, 4), (3, 5, 2), (2, 7), (4, 5)]))
    chain = Chain(np.random.default_rng(draw(st.integers(0, 2**32 - 1))), shape)
    chain.nodes["input"] = models.source(*shape)
    for index in range(draw(st.integers(1, 3))):
        draw(_layer(chain))
        name = draw(_population(chain, ("IF", "LIF", "CubaLIF", "Threshold")))
        if _is_stateful(chain.nodes[name]) and draw(st.booleans()):
            _loop(chain)
        if draw(st.booleans()):
            chain.nodes[f"out{index}"] = models.sink(*chain.shape)
            chain.paths.append(f"{name} out{index}")
    draw(_layer(chain))
    draw(_population(chain, ("I", "LI", "CubaLI")))
    chain.add("last", models.sink(*chain.shape))
    return models.graph(chain.nodes, *chain.paths), shape


@st.composite
def cases(draw: st.DrawFn, state: str) -> strategies.Case:
    """A random graph over images with everything that it takes to compile and run it."""
    model, shape = draw(graphs())
    steps, batch = draw(st.sampled_from([(8, 2), (12, None), (1, 1)]))
    lead = (steps,) if batch is None else (batch, steps)
    peak, seed = draw(st.sampled_from([1, 1, 2])), draw(st.integers(0, 2**31))
    data = {"input": models.events((*lead, *shape), draw(st.sampled_from([0.1, 0.4, 1.0])), peak, seed)}
    options = {
        "state": state,
        "weights": draw(st.sampled_from(strategies.WEIGHTS)),
        "quantize": draw(st.sampled_from(strategies.QUANTISED)),
        "slice_size": draw(st.sampled_from([None, None, 1, 3, 7])),
        "strategy": draw(st.sampled_from(["fewest-cores", "spread"])),
    }
    return strategies.Case(model, data, draw(strategies.semantics()), f"events:{peak}", options, seed)
