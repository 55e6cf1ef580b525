"""A partition that is being improved: what moves gain, and what they change."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from axonc.ir.ops import Array

from .arrays import distinct
from .graph import Hypergraph

REFILL = 8
"""Connections are counted anew where the nets that change have more than this part of all pins times parts."""


class Search:
    """A partition of a hypergraph, and the tables from which gains are read. ``quotas``: how many cores each part
    stands for; it may be overfull by ``spare``.

    ``present`` int32 [nets, parts]: pins of a net in a part; ``joined`` int32 [vertices, parts]: the cost of the nets
    of a vertex that have a pin in a part; ``load`` float64 [parts, kinds]; ``cost``: of a net, for every part but one
    that it has a pin in.
    """

    def __init__(self, graph: Hypergraph, parts: Array, quotas: Array, spare: float = 0.0) -> None:
        self.graph, self.parts, self.limits, self.count = graph, parts.copy(), quotas + spare, len(quotas)
        count = self.count
        places = graph.net_of_pin * count + self.parts[graph.pins]
        self.present = np.bincount(places, minlength=graph.nets * count).astype(np.int32).reshape(-1, count)
        self.load = np.stack([np.bincount(self.parts, kind, count) for kind in graph.size.T], axis=1)
        spread = np.count_nonzero(self.present, axis=1)
        self.cost = int(graph.cost @ (spread - 1))
        self._count_joined()

    def _count_joined(self) -> None:
        cost = self.graph.cost.astype(np.int32)[:, None]
        self.joined = self.graph.incidence @ np.where(self.present > 0, cost, np.int32(0))

    def alone(self) -> Array:
        """For every vertex, the cost of its nets that have no other pin in its part: what leaving it saves."""
        graph = self.graph
        single = self.present.reshape(-1)[graph.net_of_pin * self.count + self.parts[graph.pins]] == 1
        return np.bincount(graph.pins[single], graph.cost[graph.net_of_pin[single]], graph.vertices).astype(np.int64)

    def alone_of(self, vertices: Array) -> Array:
        """The same, for some vertices."""
        nets, mine = self.graph.nets_of(vertices)
        single = self.present.reshape(-1)[nets * self.count + self.parts[vertices][mine]] == 1
        return np.bincount(mine[single], self.graph.cost[nets[single]], len(vertices)).astype(np.int64)

    def move(self, vertices: Array, targets: Array) -> None:
        """Put vertices, each once, into other parts."""
        graph, before = self.graph, self.parts[vertices]
        nets, mine = graph.nets_of(vertices)
        places = np.concatenate([nets * self.count + before[mine], nets * self.count + targets[mine]])
        changes = np.repeat(np.array([-1, 1], np.int32), len(nets))
        flat = self.present.reshape(-1)
        was = flat[places] > 0
        np.add.at(flat, places, changes)
        turned = distinct(places[was != (flat[places] > 0)])
        self.parts[vertices] = targets
        for kind in range(graph.size.shape[1]):
            moved = graph.size[vertices, kind]
            self.load[:, kind] += np.bincount(targets, moved, self.count) - np.bincount(before, moved, self.count)
        self._turn(turned)

    def _turn(self, places: Array) -> None:
        """Some nets, places in ``present``, came into a part or left it."""
        graph = self.graph
        nets, parts = np.divmod(places, self.count)
        signed = np.where(self.present.reshape(-1)[places] > 0, graph.cost[nets], -graph.cost[nets]).astype(np.int32)
        self.cost += int(signed.sum(dtype=np.int64))
        if int((graph.starts[nets + 1] - graph.starts[nets]).sum()) * REFILL > len(graph.pins) * self.count:
            self._count_joined()
            return
        firsts = np.searchsorted(nets, np.arange(graph.nets + 1))  # places ascend
        change = graph.incidence @ sparse.csr_array((signed, parts, firsts), shape=self.present.shape)
        vertices = np.repeat(np.arange(graph.vertices), np.diff(change.indptr))
        self.joined.reshape(-1)[vertices * self.count + change.indices] += change.data

    def room(self) -> Array:
        """What is left of every part, [parts, kinds]; below 0 where it is overfull."""
        return self.limits[:, None] - self.load
