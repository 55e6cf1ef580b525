"""Pruning by masks that a training made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from axonc.ir import Diagnostic, Graph, raise_if_any
from axonc.ir.ops import Array

from .base import Pass
from .scores import weights_of, with_weights


@dataclass(frozen=True, eq=False)
class Masks:
    """``of``: for the name of a matrix, [O, I]: 0 or False where its weight becomes 0, 1 or True where it stays."""

    of: Mapping[str, Array]

    def __str__(self) -> str:
        return f"those of {len(self.of)} nodes"


@dataclass(frozen=True)
class PruneMasks(Pass):
    """Sets the weights to 0 that a mask does not keep.

    1. W[o, i] = 0 where the mask of its node is 0. Nodes without a mask stay as they are.
    2. A matrix is stored as CSR where that takes fewer bytes, and dense otherwise.
    """

    name: ClassVar[str] = "prune_masks"
    requires: ClassVar[str] = "weights in float"
    ensures: ClassVar[str] = "the same nodes and shapes, zeros where the masks have them"
    masks: Masks

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        known = weights_of(graph, ())
        raise_if_any(self._problems(known))
        for name, mask in self.masks.of.items():
            weight = known[name]
            rows = np.repeat(np.arange(weight.shape[0]), np.diff(weight.indptr))
            weight.data[~mask.astype(bool)[rows, weight.indices]] = 0
        return with_weights(graph, {name: known[name] for name in self.masks.of})

    def _problems(self, known: Mapping[str, sparse.csr_array]) -> Iterator[Diagnostic]:
        for name, mask in self.masks.of.items():
            if name not in known:
                limit = f"known: {', '.join(known)}"
                yield Diagnostic("AX411", name, "a mask for no matrix", limit, "correct the name")
            elif mask.shape != known[name].shape:
                limit = f"the weight has {known[name].shape}"
                yield Diagnostic("AX411", name, f"a mask of shape {mask.shape}", limit, "correct it")
            elif mask.dtype.kind not in "buif" or not np.all((mask == 0) | (mask == 1)):
                yield Diagnostic("AX411", name, "a mask with other values", "0 or 1", "give 1 where a weight stays")
