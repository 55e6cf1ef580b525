"""The data of a training, and how well a network does on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from axonc.ir import Diagnostic, Graph, ModelError
from axonc.ir.interpret.run import batches
from axonc.ir.ops import Array

from ..differentiate import Parameter
from .losses import Loss
from .network import Network, network

Run = Callable[[Network, Mapping[Parameter, Array], Mapping[str, Array]], Array]
"""What gives the output [T, B, *S] of a network with these values over inputs of that form."""

LABELS = ("labels", "y", "targets")
"""What targets may be called in data by name."""


@dataclass(frozen=True)
class Data:
    """Samples: inputs [N, T, *shape] by name, and targets [N, ...]."""

    x: Mapping[str, Array]
    target: Array

    def __len__(self) -> int:
        return len(self.target)

    def part(self, chosen: Array | slice, dtype: str | None = None) -> dict[str, Array]:
        """The inputs of some samples as [T, B, *shape]; without a type, as they are stored."""
        parts = {name: x[chosen].swapaxes(0, 1) for name, x in self.x.items()}
        return parts if dtype is None else {name: np.ascontiguousarray(x, dtype) for name, x in parts.items()}


def checked(net: Network, data: object) -> Data:
    """Data as a pair (inputs, targets), or by name with targets called as in `LABELS`; `ModelError` if unfit."""
    x, target = _pair(data)
    if isinstance(x, Mapping) and len(x) == len(net.graph.inputs) == 1:
        x = next(iter(x.values()))  # whatever its name is, as in `driver.data`
    arrays, batched = batches(net.graph, x)  # type: ignore[arg-type]
    first = next(iter(arrays.values()))
    samples, steps = first.shape[:2] if batched else (0, 0)
    if not samples or not steps:
        found = f"inputs of shape {first.shape}" if batched else "inputs without a batch axis"
        raise ModelError(Diagnostic("AX701", "", found, "at least one sample of one step: [N, T, ...]", "reshape them"))
    shape = net.graph.signals[net.output].shape
    return Data(arrays, net.loss.check(net.output, shape, np.asarray(target), samples, steps))


def _pair(data: object) -> tuple[object, object]:
    if isinstance(data, Mapping):
        names = [name for name in LABELS if name in data]
        if len(names) == 1:
            return {name: value for name, value in data.items() if name != names[0]}, data[names[0]]
    elif isinstance(data, tuple) and len(data) == 2:
        return data
    limit = f"a pair (inputs, targets), or arrays by name with {' or '.join(LABELS)}"
    raise ModelError(Diagnostic("AX705", "", "data without targets", limit, "add the targets"))


def evaluate(graph: Graph, data: object, loss: Loss, output: str | None = None, batch: int = 256) -> float:
    """The share of labels that the output stands for, in float32; sums as in training, not as canonical."""
    net = network(graph, loss, output)
    return accuracy(net, net.initial, checked(net, data), batch)


def accuracy(
    net: Network, values: Mapping[Parameter, Array], data: Data, batch: int = 256, run: Run = Network.run
) -> float:
    """The share of labels that the output stands for; nan where targets are no labels."""
    if not net.loss.labelled:
        return float("nan")
    hits = sum(int(np.sum(net.loss.guess(y) == target)) for y, target in _outputs(net, values, data, batch, run))
    return hits / data.target.size


def mean_loss(graph: Graph, data: object, loss: Loss, output: str | None = None, batch: int = 256) -> float:
    """The mean loss over all samples, in float32; of a `StepwiseCrossEntropy`, the logarithm of the perplexity."""
    net = network(graph, loss, output)
    known = checked(net, data)
    total = sum(loss(y, target)[0] * len(target) for y, target in _outputs(net, net.initial, known, batch))
    return total / len(known)


def _outputs(
    net: Network, values: Mapping[Parameter, Array], data: Data, batch: int, run: Run = Network.run
) -> Iterator[tuple[Array, Array]]:
    """The output [T, B, *S] and the targets [B, ...] of ``batch`` samples after the other."""
    for first in range(0, len(data), batch):
        part = slice(first, first + batch)
        x = data.part(part, net.dtype if run is Network.run else None)
        yield run(net, values, x), data.target[part]
