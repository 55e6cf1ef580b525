"""Ops with a state, step by step over a batch, with what they record kept for the whole sequence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from axonc.ir.interpret import KERNELS
from axonc.ir.ops import DIFFERENTIABLE_RESETS, Array, Gate, Neuron, NeuronAdjoint, Op

from .held import Held


class Memory:
    """Arrays that one run after the other writes: fresh ones cost the system as much as what is computed in them."""

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: str) -> Array:
        """The array of this name, with anything in it."""
        known = self.arrays.get(name)
        if known is None or known.shape != shape or known.dtype != dtype:
            known = self.arrays[name] = np.empty(shape, dtype)
        return known


BLOCK = 16
"""The steps that one matrix product takes at once, unless others are chosen."""


def blocks(steps: int, length: int) -> tuple[slice, ...]:
    """A sequence in blocks of that many steps; the first is shorter where there are fewer left."""
    ends = range(steps, 0, -length)
    return tuple(slice(max(0, end - length), end) for end in reversed(ends))


@dataclass(frozen=True)
class Extent:
    """How long and wide a run is: T steps of B samples, in a float type, products of ``block`` steps each; and of one
    ``node``: ``keep`` names states and internals, ``grid`` rounds them."""

    steps: int
    batch: int
    dtype: str
    keep: Collection[str] = ()
    grid: Held | None = None
    node: str = ""
    block: int = BLOCK
    memory: Memory = field(default_factory=Memory)

    def whole(self, name: str, shape: tuple[int, ...]) -> Array:
        """An array [T, *shape] for something that the node keeps."""
        return self.memory.take(f"{self.node}:{name}", (self.steps, *shape), self.dtype)

    @property
    def blocks(self) -> tuple[slice, ...]:
        """The blocks of the sequence, the first one shorter where they must; sums of floats depend on them."""
        return blocks(self.steps, self.block)


class Cell(Protocol):
    """One node in a run. ``kept``: [T, B, *S] by the name of a state or internal, as far as it was asked for."""

    kept: dict[str, Array]

    def step(self, k: int, x: Array, reads: tuple[Array, ...], y: Array) -> None:
        """Compute step ``k`` from the input [B, ...] and what is read, and write the output [B, *S]."""

    def states(self) -> dict[str, Array]:
        """What the next step depends on, [B, *S] by name; a later step may overwrite it."""
        ...

    def resume(self, states: Mapping[str, Array]) -> None:
        """Go on from the states of an earlier run, which stay as they are."""


class Interpreted:
    """Any op, by the interpreter's kernel."""

    def __init__(self, op: Op, extent: Extent) -> None:
        self.kernel = KERNELS[type(op)](op, extent.dtype)  # type: ignore[arg-type]
        self.state = self.kernel.initial(extent.batch)
        self.extent, self.names = extent, tuple(op.states())
        self.kept: dict[str, Array] = {}

    def states(self) -> dict[str, Array]:
        """The op's own; internals are no part of them."""
        return {name: self.state[name] for name in self.names}

    def resume(self, states: Mapping[str, Array]) -> None:
        """Kernels change nothing in place."""
        self.state = dict(states)

    def step(self, k: int, x: Array, reads: tuple[Array, ...], y: Array) -> None:
        """One step of the kernel."""
        self.state, out = self.kernel.step(self.state, x, *reads)
        y[...] = out
        for name in self.extent.keep:
            value = self.state[name]
            if name not in self.kept:
                self.kept[name] = self.extent.whole(name, value.shape)
            self.kept[name][k] = value


class NeuronCell:
    """A `Neuron`, in place: m = (decay v + gain u) + constant, then the reset. Same numbers as the interpreter."""

    def __init__(self, op: Neuron, extent: Extent) -> None:
        shape, dtype = (extent.batch, *op.shape), extent.dtype
        self.op = op
        self.decay, self.gain, self.constant = (
            short(value, dtype) for value in (op.membrane.decay, op.membrane.gain, op.membrane.constant)
        )
        self.v, self.i = np.zeros(shape, dtype), np.zeros(shape, dtype)
        self.work, self.grid = np.empty(shape, dtype), extent.grid
        self.driven = bool(np.any(self.constant))
        self.kept = {name: extent.whole(name, shape) for name in extent.keep}
        self.reset = _reset(op.gate, dtype)
        parts = (op.synapse.decay, op.synapse.gain, op.synapse.offset) if op.synapse else ()
        self.synapse = tuple(short(part, dtype) for part in parts)
        self._hold(self.v)

    def states(self) -> dict[str, Array]:
        """v, and i where there is a synapse."""
        return {"v": self.v, "i": self.i} if self.synapse else {"v": self.v}

    def resume(self, states: Mapping[str, Array]) -> None:
        """As copies: steps work in place."""
        self.v = states["v"].copy()
        self.i = states["i"].copy() if self.synapse else self.i

    def step(self, k: int, x: Array, reads: tuple[Array, ...], y: Array) -> None:
        """One step."""
        m = self.kept["m"][k] if "m" in self.kept else self.v
        seen = self._current(k, x) if self.synapse else x
        np.multiply(self.v, self.decay, out=m)
        m += np.multiply(seen, self.gain, out=self.work)
        if self.driven:
            m += self.constant
        self._hold(m)
        if self.reset is None:
            self.v = m
            y[...] = m
        else:
            self.v = self.reset(m, y)
            self._hold(self.v)
        if "v" in self.kept:
            self.kept["v"][k] = self.v

    def _hold(self, v: Array) -> None:
        if self.grid is not None:
            self.grid.put(v)

    def _current(self, k: int, x: Array) -> Array:
        decay, gain, offset = self.synapse
        new = (decay * self.i + gain * x) + offset
        if self.grid is not None and self.grid.currents:
            self.grid.put(new)
        seen = new if self.op.membrane.sees == "new" else self.i
        self.i = new
        if "i" in self.kept:
            self.kept["i"][k] = new
        return seen


Reset = Callable[[Array, Array], Array]
"""(m, where the events go) -> v."""


def _reset(gate: Gate | None, dtype: str) -> Reset | None:
    if gate is None:
        return None
    threshold, value = short(gate.threshold, dtype), short(gate.value, dtype)
    above = np.greater if gate.compare == "gt" else np.greater_equal
    lowest = None if gate.v_min is None else short(gate.v_min, dtype)

    def fire(m: Array, y: Array) -> Array:
        spike = above(m, threshold)
        y[...] = spike
        if gate.reset == "subtract":
            v = np.asarray(m - y * threshold)
        elif gate.reset == "value":
            v = np.where(spike, value, m)
        else:
            v = m.copy()
        return v if lowest is None else np.maximum(v, lowest, out=v)

    return fire


class NeuronAdjointCell:
    """A `NeuronAdjoint` without lower bound, in place."""

    def __init__(self, op: NeuronAdjoint, extent: Extent) -> None:
        dtype = extent.dtype
        self.op = op
        self.decay = short(op.decay, dtype)
        self.threshold, self.value = short(op.gate.threshold, dtype), short(op.gate.value, dtype)
        self.membrane = np.zeros((extent.batch, *op.shape), dtype)
        self.kept: dict[str, Array] = {}

    def states(self) -> dict[str, Array]:
        """The derivative with respect to the membrane."""
        return {"v": self.membrane}

    def resume(self, states: Mapping[str, Array]) -> None:
        """As a copy: steps work in place."""
        self.membrane[...] = states["v"]

    def step(self, k: int, x: Array, reads: tuple[Array, ...], y: Array) -> None:
        """One step."""
        op, m = self.op, reads[0]
        slope = op.surrogate.derivative(m - self.threshold)
        kept = np.multiply(self.membrane, self.decay, out=self.membrane)
        fired = x
        if op.attached and op.gate.reset != "none":
            fired = x + kept * (self.value - m) if op.gate.reset == "value" else x - kept * self.threshold
        slope *= fired
        if op.gate.reset == "value":
            kept *= 1 - reads[1]
        np.add(kept, slope, out=y)
        self.membrane[...] = y


def cell_of(op: Op, extent: Extent) -> Cell:
    """The cell of an op with a state."""
    if isinstance(op, NeuronAdjoint) and op.gate.v_min is not None:
        return Interpreted(op, extent)
    gate = op.gate if isinstance(op, Neuron) else None
    if gate is not None and (gate.spikes > 1 or gate.reset not in DIFFERENTIABLE_RESETS):
        return Interpreted(op, extent)
    return CELLS.get(type(op), Interpreted)(op, extent)


def short(value: Array, dtype: str) -> Array:
    """A parameter in the float type of the run; one number where all are equal, which computes faster."""
    array = np.asarray(value, dtype)
    return array.reshape(-1)[0] if array.size and np.all(array == array.flat[0]) else array


CELLS: Mapping[type[Op], Callable[[Any, Extent], Cell]] = {Neuron: NeuronCell, NeuronAdjoint: NeuronAdjointCell}
"""Ops that have a faster form than the interpreter's kernel."""
