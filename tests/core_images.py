"""Small networks over images in integers: drawn at random, cut at random, and what they must compute in plain loops."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import product
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from handmade import compile_program, program_text
from hypothesis import strategies as st

from axonc.backends.native import Native
from axonc.backends.spinnaker2.backend import SpiNNaker2
from axonc.backends.spinnaker2.engine import CoreImage, Machine, NativeMachine, Route, Wiring, load_emulated_machine
from axonc.backends.spinnaker2.memory import MemoryMap
from axonc.backends.spinnaker2.run import run_program
from axonc.compiler.driver.directory import write_files
from axonc.compiler.mapping import connected, schedule_network
from axonc.compiler.mapping.cut import cut
from axonc.ir import Fixed, Graph, Kind, Node, Result, Signal, require_valid
from axonc.ir.machine import Machine as Chip
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.mapping import Slice
from axonc.ir.network import Network
from axonc.ir.ops import (
    Axis,
    Delay,
    FixedGate,
    FixedMembrane,
    FixedNeuron,
    Input,
    Op,
    Output,
    Pool,
    QuantConv,
    QuantLinear,
    ToFixed,
)
from axonc.ir.state import State
from axonc.ir.target import LIVE, HostInterface, RunOptions

Array = np.ndarray[Any, Any]
IDLE = "    (void)core;\n"


@dataclass(frozen=True)
class Layer:
    """Pools, weights (a convolution, or a matrix over all neurons), a delay; neurons with a threshold or without, all
    alike or each with its own bias."""

    pools: tuple[Pool, ...]
    weights: QuantConv | QuantLinear
    delay: int
    threshold: int | None
    biased: bool = False


@dataclass(frozen=True)
class Model:
    """An input and a chain of layers."""

    shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    data: Array = field(repr=False)
    """[steps, *shape]."""
    values: bool = False
    """Whether the input gives whole numbers, which graded events carry, instead of spikes."""

    @property
    def events(self) -> int:
        """How many the input sends in all steps."""
        return int(np.count_nonzero(self.data) if self.values else self.data.sum())

    @property
    def graph(self) -> Graph:
        nodes = [Node("in", Input(Signal(self.shape, Kind.EVENT, peak=2)))]
        source, shape = "in", self.shape
        if self.values:
            nodes = [Node("in", Input(Signal(self.shape))), Node("rounded", ToFixed(Fixed(16, 0)), ("in",))]
            source = "rounded"
        for index, layer in enumerate(self.layers):
            for step, op in enumerate([*[Delay(layer.delay)] * bool(layer.delay), *layer.pools, layer.weights]):
                nodes.append(Node(f"{index}.{step}", op, (source,)))
                source, shape = nodes[-1].name, op.output(Signal(shape, Kind.EVENT)).shape
            nodes.append(Node(f"pop{index}", neurons(shape, layer), (source,)))
            source = f"pop{index}"
        return require_valid(Graph("images", (*nodes, Node("out", Output(), (source,))), "steps", 1e-3))

    def expected(self) -> dict[str, Array]:
        """Voltages (the sums) and events of every population, [steps, *shape]."""
        seen, found = self.data, {}
        for index, layer in enumerate(self.layers):
            late = np.concatenate([np.zeros((layer.delay, *seen.shape[1:]), np.int64), seen])[: len(seen)]
            sums = np.stack([naive(layer, image) for image in late])
            sums = sums + biases(sums.shape[1:], layer)
            found[f"pop{index}:v"] = sums
            seen = found[f"pop{index}"] = sums if layer.threshold is None else (sums > layer.threshold).astype(np.int64)
        return found


def biases(shape: tuple[int, ...], layer: Layer) -> Array:
    """What every neuron of a layer adds to its sum."""
    return np.arange(prod(shape)).reshape(shape) % 50 if layer.biased else np.asarray(0)


def neurons(shape: tuple[int, ...], layer: Layer) -> FixedNeuron:
    """Neurons whose voltage is the sum of their inputs in this step, and their bias."""
    whole = {name: np.asarray(value) for name, value in {"decay": 0, "multiplier": 1 << 30, "shift": 30}.items()}
    zero = np.asarray(0)
    gate = None if layer.threshold is None else FixedGate(np.full(shape, layer.threshold), "none", zero)
    return FixedNeuron(shape, None, FixedMembrane(Fixed(32), **whole, leak=zero, offset=biases(shape, layer)), gate)


def naive(layer: Layer, image: Array) -> Array:
    """What a layer adds up in one step, by the definitions of its ops."""
    for pool in layer.pools:
        image = np.stack(
            [_windows(pool.axes, channel[None], np.ones((1, 1, *_kernel(pool.axes))))[0] for channel in image]
        )
    op = layer.weights
    if isinstance(op, QuantLinear):
        return np.asarray(op.weight.astype(np.int64) @ image.reshape(-1)).reshape(op.output(None).shape)
    each, targets = op.weight.shape[1], len(op.weight) // op.groups
    parts = [
        _windows(op.axes, image[group * each : (group + 1) * each], op.weight[group * targets : (group + 1) * targets])
        for group in range(op.groups)
    ]
    maps = np.concatenate(parts)
    return maps.reshape(op.gives or maps.shape)


def _kernel(axes: Sequence[Axis]) -> tuple[int, ...]:
    return tuple(axis.kernel for axis in axes)


def _windows(axes: Sequence[Axis], image: Array, weight: Array) -> Array:
    extents = [axis.extent(size) for axis, size in zip(axes, image.shape[1:], strict=True)]
    sums = np.zeros((len(weight), *extents), np.int64)
    for place in product(*map(range, extents)):
        for tap in product(*(range(axis.kernel) for axis in axes)):
            at = [t * a.stride + k * a.dilation - a.before for a, t, k in zip(axes, place, tap, strict=True)]
            if all(0 <= s < size for s, size in zip(at, image.shape[1:], strict=True)):
                sums[:, *place] += weight[:, :, *tap].astype(np.int64) @ image[:, *at]
    return sums


@st.composite
def axes(draw: st.DrawFn, size: int) -> Axis:
    """A window that fits an axis."""
    before, after = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    dilation = draw(st.sampled_from([1, 1, 1, 2, 3]))
    kernel = draw(st.integers(1, max(1, min(4, (size + before + after - 1) // dilation + 1))))
    return Axis(kernel, draw(st.sampled_from([1, 1, 2, 3])), before, after, dilation)


@st.composite
def pools(draw: st.DrawFn, shape: tuple[int, ...]) -> Pool:
    """A pool that fits; its windows may overlap, or leave gaps."""
    sizes = [draw(st.integers(1, min(3, size))) for size in shape[1:]]
    return Pool(tuple(Axis(size, draw(st.integers(1, 3))) for size in sizes))


@st.composite
def convolutions(draw: st.DrawFn, rng: np.random.Generator, shape: tuple[int, ...]) -> QuantConv:
    """A convolution of maps of ``shape``."""
    groups = draw(st.sampled_from([n for n in (1, 1, 2, 3, shape[0]) if shape[0] % n == 0]))
    outputs = groups * draw(st.sampled_from([1, 2, 3, 4, 8] if groups == 1 else [1, 2, 4]))
    windows = tuple(draw(axes(size)) for size in shape[1:])
    limit = draw(st.sampled_from([127, 127, 32767, 7, 1]))
    weight = rng.integers(-limit, limit + 1, (outputs, shape[0] // groups, *_kernel(windows)))
    bits = 8 if limit < 128 else 16
    return QuantConv(weight.astype(f"int{bits}"), np.asarray(1.0), windows, groups, bits=bits)


@st.composite
def models(draw: st.DrawFn) -> Model:
    """A random network over images, or over signals of one axis."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    places = draw(st.sampled_from([(5, 6), (9, 4), (3, 3), (7,), (12,), (1, 5)]))
    shape = (draw(st.sampled_from([1, 2, 3, 6])), *places)
    model = Model(shape, (), (rng.integers(1, 3, (4, *shape)) * (rng.random((4, *shape)) < 0.3)).astype(np.int64))
    if draw(st.integers(0, 3)) == 0:
        model = replace(model, data=model.data * rng.integers(-100, 101, model.data.shape), values=True)
    for _ in range(draw(st.integers(1, 3))):
        model = replace(
            model, layers=(*model.layers, draw(_layer(rng, shape, pooled=not model.values or bool(model.layers))))
        )
        shape = _behind(model.layers[-1], shape)
        if len(shape) == 1:
            break
    if draw(st.booleans()):
        return model
    return replace(model, layers=(*model.layers[:-1], replace(model.layers[-1], threshold=None)))


def _behind(layer: Layer, shape: tuple[int, ...]) -> tuple[int, ...]:
    ops: list[Op] = [*layer.pools, layer.weights]
    return reduce(lambda before, op: op.output(Signal(before, Kind.EVENT)).shape, ops, shape)


@st.composite
def _layer(draw: st.DrawFn, rng: np.random.Generator, shape: tuple[int, ...], pooled: bool) -> Layer:
    delay, threshold = draw(st.sampled_from([0, 0, 2])), draw(st.sampled_from([0, 0, 40]))
    if draw(st.integers(0, 4)) == 0:
        targets = draw(st.sampled_from([(3,), (2, 3, 2), (300,)]))
        limit, density = draw(st.sampled_from([1, 7, 127, 32767])), draw(st.sampled_from([0.1, 0.6]))
        weight = rng.integers(-limit, limit + 1, (prod(targets), prod(shape))) * (
            rng.random((1, prod(shape))) < density
        )
        bits = 8 if limit < 128 else 16
        matrix = QuantLinear(weight.astype(f"int{bits}"), np.asarray(1.0), bits, shape, targets)
        return Layer((), matrix, delay, threshold)
    before: list[Pool] = []
    behind = shape
    for _ in range(draw(st.sampled_from([0, 0, 1, 2])) if pooled else 0):
        before.append(draw(pools(behind)))
        behind = before[-1].output(Signal(behind, Kind.EVENT)).shape
    conv = draw(convolutions(rng, behind))
    maps = conv.output(Signal(behind, Kind.EVENT)).shape
    gives = draw(st.sampled_from([None, None, None, (prod(maps),), (maps[0], *maps[:0:-1])]))
    return Layer(tuple(before), replace(conv, gives=gives), delay, threshold, draw(st.booleans()))


@st.composite
def mappings(draw: st.DrawFn, net: Network, outputs: Sequence[str]) -> CoreMapping:
    """Every population cut along all axes at random, its slices on random cores; inputs of the host, or of cores."""
    slices: list[Slice] = []
    placed = draw(st.booleans())
    for population in net.populations:
        way = tuple(draw(st.integers(1, min(3, extent))) for extent in population.shape)
        parts = cut(population, way)
        hosted = isinstance(population.op, Input) and not placed
        slices += parts if hosted else [replace(part, core=draw(st.integers(0, 3))) for part in parts]
    used = sorted({part.core for part in slices if part.core is not None})
    numbered = [replace(part, core=None if part.core is None else used.index(part.core)) for part in slices]
    machine, schedule = SpiNNaker2().machine(None), schedule_network(net, outputs)
    mapping, problems = connected(net, numbered, schedule, outputs, machine, SpiNNaker2().cost_model(machine))
    assert not problems
    return mapping


def machine(kind: str, seed: int) -> Chip:
    """The chip; where native, with sparse rows in the form that the ``seed`` chooses."""
    chip = SpiNNaker2().machine(None)
    return replace(chip, synapses=Native().machine(None).synapses) if kind == "native" and seed % 2 == 0 else chip


def run(
    graph: Graph,
    mapping: CoreMapping,
    x: Array,
    kind: str,
    record: Sequence[str],
    seed: int = 0,
    host: HostInterface = LIVE,
    back_to_back: bool = False,
    shuffle: bool = True,
    keep_going: bool = False,
    chip: Chip | None = None,
    state: State | None = None,
) -> Result:
    """Run a mapped graph on native or emulated cores of a chip, or `machine`; programs of the same kernels and rows are
    compiled once."""
    program = SpiNNaker2().lower(graph, mapping, chip or machine(kind, seed), host)
    kernels: Any = program.report["programs"]
    formats: Any = program.report["formats"]
    rows = tuple(formats["spikes"]), tuple(formats["graded"])

    def make(
        directory: Path,
        described: Mapping[str, Any],
        cores: list[CoreImage],
        routes: list[Route],
        memory: MemoryMap,
        wiring: Wiring,
    ) -> Machine:
        calls = ["".join(f"    axonc_{name}(core, {i});\n" for i, name in enumerate(names)) for names in kernels]
        images = [compile_program(program_text(body or IDLE, *rows), kind, memory) for body in calls]
        engine = NativeMachine if kind == "native" else load_emulated_machine()
        return engine(images, cores, routes, memory, wiring=wiring)

    with TemporaryDirectory() as folder:
        described = json.loads(program.files["mapping.json"])
        described["tick_s"] = 1.0
        write_files(Path(folder), {**program.files, "mapping.json": json.dumps(described).encode()})
        options = RunOptions(seed, shuffle, keep_going, back_to_back)
        return run_program(Path(folder), graph, x, record, options, make, state)
