"""What every target takes of NIR: found by judging a small model for each cell, so that it is true."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import nir
import numpy as np

from axonc.compiler.driver.check import check_model
from axonc.compiler.driver.options import WEIGHTS, Options
from axonc.compiler.driver.targets import TARGETS
from axonc.compiler.semantics import PRESETS
from axonc.ir import Graph

Shape = tuple[int, ...]
Sample = tuple[Any, Shape, Shape]
ONE = np.ones(4)
PAIR = np.array([2, 2])
NONE = np.zeros(2, int)


@dataclass(frozen=True)
class Case:
    """A model to judge, under semantics, with inputs of a kind."""

    model: nir.NIRGraph | Graph
    semantics: str = "nir,dt=1e-3"
    inputs: str | None = None
    options: Options = Options()  # noqa: RUF009 - a frozen value


def verdict(case: Case, target: str) -> str:
    """``yes``, with the codes of what was repaired or remarked; or the codes of what is refused."""
    found = check_model(case.model, target, case.options, case.semantics, inputs=case.inputs)
    if not found.ok:
        return ", ".join(dict.fromkeys(problem.code for problem in found.problems))
    remarks = ", ".join(dict.fromkeys(line[:5] for line in (*found.repairs, *found.notes)))
    return f"yes ({remarks})" if remarks else "yes"


def read_by_nir(model: nir.NIRGraph | Graph) -> str:
    """Whether the `nir` package reads the model from a file: checked, unchecked, or not at all."""
    try:
        nir.write(content := io.BytesIO(), model)
    except Exception:  # whatever it is
        return "not written"
    for checked, answer in ((True, "yes"), (False, "unchecked")):
        try:
            nir.read(content, type_check=checked)
        except Exception:  # the package states no class
            continue
        return answer
    return "no"


def rows(cases: Mapping[str, Callable[[], Case]]) -> Iterator[tuple[str, ...]]:
    """A row for every case: what each target says, and the `nir` package."""
    for name, make in cases.items():
        yield (name, *(verdict(make(), target) for target in TARGETS), read_by_nir(make().model))


def preset_rows() -> Iterator[tuple[str, ...]]:
    """A row for every preset: what each target says of a loop of LIF, and of CubaLIF neurons."""
    for preset in PRESETS:
        tried = [
            [verdict(Case(loop(kind), f"{preset},dt=1e-3"), target) for kind in (lif, cuba_lif)] for target in TARGETS
        ]
        yield (f"`{preset}`", *(" / ".join(dict.fromkeys(cells)) for cells in tried))


STATES = ("float32", "q8", "q12", "q16", "q24", "q32", "loihi", "uniform4", "centred8")
"""The formats of states that are judged: some of q8 to q32, and of the tables of levels."""


def format_rows() -> Iterator[tuple[str, ...]]:
    """A row for every pair of number formats."""
    for weights in WEIGHTS:
        for state in STATES:
            case = Case(loop(cuba_lif), options=Options(weights, state))
            yield (f"`{weights}`, `{state}`", *(verdict(case, target) for target in TARGETS))


def graph(nodes: dict[str, Any], *paths: str) -> nir.NIRGraph:
    """A graph whose edges follow the paths, unchecked."""
    edges = [edge for path in paths for edge in pairwise(path.split())]
    return nir.NIRGraph(nodes, edges, type_check=False)


def source(*shape: int) -> nir.Input:
    """An input."""
    return nir.Input({"input": np.array(shape)})


def sink(*shape: int) -> nir.Output:
    """An output."""
    return nir.Output({"output": np.array(shape)})


def lif(*shape: int) -> nir.LIF:
    """LIF neurons."""
    one = np.ones(shape)
    return nir.LIF(5e-3 * one, one, 0 * one, one, v_reset=0 * one)


def cuba_lif(count: int) -> nir.CubaLIF:
    """CubaLIF neurons."""
    one = np.ones(count)
    return nir.CubaLIF(5e-3 * one, 9e-3 * one, one, 0 * one, one, v_reset=0 * one, w_in=one)


def flat(*shape: int) -> nir.Flatten:
    """A node that makes one axis of all."""
    return nir.Flatten({"input": np.array(shape)}, 0, -1)


def conv(kernel: Shape = (3, 3), channels: Shape = (2, 2), size: Shape = (6, 6), **window: Any) -> Sample:
    """A convolution without padding, or as ``window`` says, and the shapes before and behind it."""
    inputs, outputs = channels
    given = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, **window}
    groups = given["groups"]
    node = nir.Conv2d(size, np.ones((outputs, inputs // groups, *kernel)), **given, bias=np.zeros(outputs))
    extents = [_extent(given, axis, n, k) for axis, (n, k) in enumerate(zip(size, kernel, strict=True))]
    return node, (inputs, *size), (outputs, *extents)


def _extent(window: Mapping[str, Any], axis: int, size: int, kernel: int) -> int:
    if window["padding"] == "same":
        return size
    stride, padding, dilation = (np.broadcast_to(window[name], 2)[axis] for name in ("stride", "padding", "dilation"))
    return int((size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1)


def pool(kind: type, kernel: int = 2, stride: int = 2, padding: int = 0) -> Sample:
    """A pool over an image of 6x6, and the shapes before and behind it."""
    size = (6 + 2 * padding - kernel) // stride + 1
    return kind(*(np.array([value] * 2) for value in (kernel, stride, padding))), (2, 6, 6), (2, size, size)


def between(sample: Sample) -> nir.NIRGraph:
    """input -> the node -> flatten -> weights -> LIF -> output."""
    node, takes, gives = sample
    nodes = {
        "input": source(*takes),
        "node": node,
        "flatten": flat(*gives),
        "fc": nir.Linear(np.ones((2, int(np.prod(gives))))),
        "lif": lif(2),
        "output": sink(2),
    }
    return graph(nodes, "input node flatten fc lif output")


def maps(*samples: Sample) -> nir.NIRGraph:
    """The nodes behind one another, and LIF neurons of three axes behind them."""
    return chain(samples[0][1], *(node for node, _, _ in samples), lif(*samples[-1][2]))


def last(node: Any) -> nir.NIRGraph:
    """input -> weights -> the node -> output."""
    nodes = {"input": source(4), "fc": nir.Linear(np.eye(4)), "node": node, "output": sink(4)}
    return graph(nodes, "input fc node output")


def loop(neuron: Callable[[int], Any]) -> nir.NIRGraph:
    """input -> weights and bias -> neurons -> output, and from the neurons back to themselves."""
    nodes = {
        "input": source(3),
        "fc": nir.Affine(np.ones((2, 3)), np.ones(2)),
        "cell": neuron(2),
        "rec": nir.Linear(-np.ones((2, 2))),
        "output": sink(2),
    }
    return graph(nodes, "input fc cell output", "cell rec cell")


def chain(shape: Shape, *nodes: Any, gives: int = 2) -> nir.NIRGraph:
    """input -> the nodes -> output."""
    named = {f"node{index}": node for index, node in enumerate(nodes)}
    return graph({"input": source(*shape), **named, "output": sink(gives)}, " ".join(["input", *named, "output"]))


def dense(rows: int, columns: int) -> nir.Linear:
    """Weights."""
    return nir.Linear(np.ones((rows, columns)))


def nested() -> nir.NIRGraph:
    """A recurrent population in a graph of its own."""
    inner = graph({"input": source(2), "lif": lif(2), "rec": dense(2, 2), "output": sink(2)}, "input lif output")
    inner.edges += [("lif", "rec"), ("rec", "lif")]
    return chain((2,), dense(2, 2), inner)


def branching() -> nir.NIRGraph:
    """Two inputs into one population, which two outputs show."""
    nodes = {"a": source(2), "b": source(3), "fa": dense(2, 2), "fb": dense(2, 3), "lif": lif(2)}
    return graph({**nodes, "x": sink(2), "y": sink(2)}, "a fa lif x", "b fb lif y")


def stateless_loop() -> nir.NIRGraph:
    """Weights that feed themselves."""
    nodes = {"input": source(2), "a": dense(2, 2), "b": dense(2, 2), "output": sink(2)}
    return graph(nodes, "input a b output", "b a")


def doubled() -> nir.NIRGraph:
    """An edge that stands twice."""
    model = chain((2,), dense(2, 2), lif(2))
    model.edges.append(model.edges[0])
    return model


def unknown() -> nir.NIRGraph:
    """A node whose type NIR does not have."""

    class MaxPool2d(nir.Scale):
        pass

    return chain((2,), MaxPool2d(np.ones(2)), lif(2))


SAMPLES: dict[str, Callable[[], Sample]] = {
    "Affine": lambda: (nir.Affine(np.ones((3, 4)), np.ones(3)), (4,), (3,)),
    "AvgPool2d": lambda: pool(nir.AvgPool2d),
    "Conv1d": lambda: (nir.Conv1d(6, np.ones((2, 1, 3)), 1, 0, 1, 1, np.zeros(2)), (1, 6), (2, 4)),
    "Conv2d": lambda: conv(),
    "CubaLI": lambda: (nir.CubaLI(5e-3 * ONE, 9e-3 * ONE, ONE, 0 * ONE, w_in=ONE), (4,), (4,)),
    "CubaLIF": lambda: (cuba_lif(4), (4,), (4,)),
    "Delay": lambda: (nir.Delay(2e-3 * ONE), (4,), (4,)),
    "Flatten": lambda: (flat(2, 2), (2, 2), (4,)),
    "I": lambda: (nir.I(ONE), (4,), (4,)),
    "IF": lambda: (nir.IF(ONE, ONE, v_reset=0 * ONE), (4,), (4,)),
    "LI": lambda: (nir.LI(5e-3 * ONE, ONE, 0 * ONE), (4,), (4,)),
    "LIF": lambda: (lif(4), (4,), (4,)),
    "Linear": lambda: (nir.Linear(np.ones((3, 4))), (4,), (3,)),
    "Scale": lambda: (nir.Scale(ONE), (4,), (4,)),
    "SumPool2d": lambda: pool(nir.SumPool2d),
    "Threshold": lambda: (nir.Threshold(ONE), (4,), (4,)),
}
"""A node of every type of NIR, the shape that it takes and the shape that it gives."""

NODES = {kind: (lambda make=make: Case(between(make()))) for kind, make in SAMPLES.items()}

IMAGES: dict[str, Callable[[], Sample]] = {
    "Conv2d, kernel 3x2": lambda: conv((3, 2)),
    "Conv2d, stride 2x1, padding 0x1": lambda: conv(stride=(2, 1), padding=(0, 1)),
    "Conv2d, dilation 2": lambda: conv(dilation=2),
    "Conv2d, 2 groups": lambda: conv(groups=2),
    "Conv2d, a group a channel": lambda: conv(channels=(2, 4), groups=2),
    "Conv2d, padding same": lambda: conv(padding="same"),
    "Conv2d, padding same, even kernel": lambda: conv((2, 2), padding="same"),
    "Conv2d, padding same, stride 2": lambda: conv(padding="same", stride=2),
    "Conv2d, no input_shape": lambda: (_unstated(conv()[0]), *conv()[1:]),
    "SumPool2d, windows that overlap": lambda: pool(nir.SumPool2d, 3, 1),
    "SumPool2d, padding 1": lambda: pool(nir.SumPool2d, 2, 2, 1),
    "AvgPool2d, windows that overlap": lambda: pool(nir.AvgPool2d, 3, 1),
}


def _unstated(node: nir.Conv2d) -> nir.Conv2d:
    node.input_shape = None
    return node


def _bias_late() -> nir.NIRGraph:
    return chain((3,), nir.Affine(np.ones((2, 3)), np.ones(2)), nir.Delay(np.full(2, 1e-3)), lif(2))


VARIANTS: dict[str, Callable[[], Case]] = {
    **{name: (lambda make=make: Case(between(make()))) for name, make in IMAGES.items()},
    "Conv2d behind Conv2d": lambda: Case(
        chain((2, 6, 6), conv()[0], conv(size=(4, 4))[0], flat(2, 2, 2), dense(2, 8), lif(2))
    ),
    "Conv2d, pool, neurons of 3 axes, Conv2d": lambda: Case(
        chain(
            (2, 6, 6),
            conv()[0],
            pool(nir.SumPool2d)[0],
            lif(2, 2, 2),
            conv((2, 2), size=(2, 2))[0],
            flat(2, 1, 1),
            lif(2),
        )
    ),
    "AvgPool2d of neurons, then weights": lambda: Case(
        chain((2, 6, 6), lif(2, 6, 6), pool(nir.AvgPool2d)[0], flat(2, 3, 3), dense(2, 18), lif(2))
    ),
    "Linear, weight of 3 axes": lambda: Case(between((nir.Linear(np.ones((2, 3, 4))), (2, 4), (2, 3)))),
    "Delay, one an element": lambda: Case(between((nir.Delay(np.array([0, 1e-3, 2e-3, 2e-3])), (4,), (4,)))),
    "Delay of no whole number of steps": lambda: Case(between((nir.Delay(1.4e-3 * ONE), (4,), (4,)))),
    "Delay of a bias": lambda: Case(_bias_late()),
    "Flatten of some axes": lambda: Case(
        between((nir.Flatten({"input": np.array([2, 3, 4])}, 1, 2), (2, 3, 4), (2, 12)))
    ),
    "neurons of 3 axes": lambda: Case(between((lif(2, 3, 4), (2, 3, 4), (2, 3, 4)))),
    "neurons with one value for all": lambda: Case(chain((2,), dense(2, 2), lif())),
    "up to 255 spikes a step": lambda: Case(last(lif(4)), "nir,dt=1e-3,reset=subtract,spikes=255"),
    "up to 256 spikes a step": lambda: Case(last(lif(4)), "nir,dt=1e-3,reset=subtract,spikes=256"),
    "reset that guards against a double one": lambda: Case(last(lif(4)), "nir,dt=1e-3,reset=subtract_guarded"),
    "test of the old v": lambda: Case(last(lif(4)), "spyx,dt=1e-3"),
    "spike times within a step": lambda: Case(last(lif(4)), "exact,dt=1e-3"),
    "no dt": lambda: Case(last(lif(4)), "nir"),
    "dt above tau, Euler": lambda: Case(last(lif(4)), "nir,dt=1"),
    "voltages (LI) as output": lambda: Case(last(nir.LI(5e-3 * ONE, ONE, 0 * ONE))),
    "voltages (CubaLI) as output": lambda: Case(last(nir.CubaLI(5e-3 * ONE, 9e-3 * ONE, ONE, 0 * ONE, w_in=ONE))),
    "voltages (I) as output": lambda: Case(last(nir.I(ONE))),
    "weights as output": lambda: Case(chain((4,), lif(4), dense(2, 4))),
    "inputs of up to 3 events": lambda: Case(last(lif(4)), inputs="events:3"),
    "dense inputs": lambda: Case(last(lif(4)), inputs="dense"),
    "Conv2d of dense inputs": lambda: Case(maps(conv()), inputs="dense"),
    "SumPool2d of dense inputs, then Conv2d": lambda: Case(
        maps(pool(nir.SumPool2d), conv((2, 2), size=(3, 3))), inputs="dense"
    ),
    "Conv2d, float32 weights": lambda: Case(maps(conv()), options=Options("float32")),
    **{
        f"{kind.__name__}, then Conv2d, float32 weights": (
            lambda kind=kind: Case(maps(pool(kind), conv((2, 2), size=(3, 3))), options=Options("float32"))
        )
        for kind in (nir.SumPool2d, nir.AvgPool2d)
    },
    **{
        f"Conv2d, {weights} weights": (lambda weights=weights: Case(maps(conv()), options=Options(weights, "q24")))
        for weights in WEIGHTS
        if weights != "float32"
    },
    "two inputs, two outputs": lambda: Case(branching()),
    "recurrent weights": lambda: Case(loop(lif)),
    "NIRGraph in a graph": lambda: Case(nested()),
    "cycle without state": lambda: Case(stateless_loop()),
    "an edge twice": lambda: Case(doubled()),
    "a type that NIR does not have": lambda: Case(unknown()),
}
