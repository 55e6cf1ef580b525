"""Labelled data sets: inputs of many samples, and the class of each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from axonc.ir import Diagnostic, Graph, ModelError, Node
from axonc.ir.interpret.run import Data, batches
from axonc.ir.ops import Array

from ..data import LABELS, read_data


@dataclass(frozen=True, eq=False)
class DataSet:
    """Inputs by name, [samples, steps, *shape], and the classes [samples], if they are known."""

    x: Mapping[str, Array]
    y: Array | None = None

    @property
    def samples(self) -> int:
        """How many there are."""
        return int(next(iter(self.x.values())).shape[0])

    @property
    def steps(self) -> int:
        """How long each is."""
        return int(next(iter(self.x.values())).shape[1])

    def chunks(self, size: int) -> Iterator[tuple[int, dict[str, Array]]]:
        """The samples in order, at most ``size`` at a time: the number of the first, and the inputs."""
        for first in range(0, self.samples, size):
            yield first, {name: array[first : first + size] for name, array in self.x.items()}


def read_data_set(path: Path, graph: Graph, labels: Path | None = None) -> tuple[Data, Array | None]:
    """What a data file holds for ``graph``: its inputs, and its labels (``y`` or ``labels``, or the array of another
    file), if there are some."""
    arrays: dict[str, Array] = dict(read_data(path, graph))
    names = [node.name for node in graph.inputs]
    found = {name: arrays.pop(name) for name in LABELS if name in arrays and name not in names}
    if len(found) > 1:
        raise ModelError(
            Diagnostic("AX705", str(path), f"arrays {' and '.join(found)}", "one of them", "drop the other")
        )
    y = next(iter(found.values()), None) if labels is None else _only_array(labels, graph)
    if len(arrays) == 1 and len(names) == 1:
        arrays = {names[0]: next(iter(arrays.values()))}
    return arrays, y


def _only_array(path: Path, graph: Graph) -> Array:
    """The array of a file of labels; a column of a table counts as a row."""
    arrays = list(read_data(path, graph).values())
    if len(arrays) != 1:
        raise ModelError(Diagnostic("AX705", str(path), f"{len(arrays)} arrays", "one, the labels", "correct the file"))
    return arrays[0].reshape(-1) if path.suffix == ".csv" else arrays[0]


def data_set(graph: Graph, x: Data, y: npt.ArrayLike | None, output: Node) -> DataSet:
    """Checked data: `ModelError` where they do not fit the model, or each other."""
    arrays, _ = batches(graph, x)
    found = DataSet(arrays)
    if found.samples == 0 or found.steps == 0:
        shape = f"{found.samples} samples of {found.steps} steps"
        raise ModelError(Diagnostic("AX701", "", shape, "an evaluation needs at least one of each", "give more data"))
    if y is None:
        return found
    return DataSet(arrays, _labels(y, found.samples, math.prod(graph.signals[output.name].shape), output.name))


def _labels(given: npt.ArrayLike, samples: int, classes: int, output: str) -> Array:
    y = np.asarray(given)
    if y.shape != (samples,):
        raise _refused(f"labels of shape {y.shape}", f"the data have {samples} samples", "give one label a sample")
    if y.dtype.kind not in "biuf" or not np.all(np.isfinite(y)) or np.any(y != np.rint(y)):
        limit = "they are whole numbers"
        raise _refused(f"labels of type {y.dtype} that are no classes", limit, "number the classes from 0")
    if y.min() < 0 or y.max() >= classes:
        limit = f"the output {output!r} has the classes 0 to {classes - 1}"
        raise _refused(f"labels from {y.min():g} to {y.max():g}", limit, "number the classes from 0")
    return y.astype(np.int64)


def _refused(found: str, limit: str, remedy: str) -> ModelError:
    return ModelError(Diagnostic("AX705", "", found, limit, remedy))


def class_output(graph: Graph, name: str | None) -> Node:
    """The output whose largest element is the class: the named one, or the only one."""
    outputs = {node.name: node for node in graph.outputs}
    listed = ", ".join(outputs)
    if name is None and len(outputs) == 1:
        return next(iter(outputs.values()))
    if name is None:
        raise ModelError(Diagnostic("AX702", "", f"{len(outputs)} outputs", f"they are {listed}", "choose one"))
    if name not in outputs:
        raise ModelError(Diagnostic("AX702", name, "there is no such output", f"known: {listed}", "choose one"))
    return outputs[name]
