"""Kernels of adjoints: maps over images turned round, and neurons with a gate."""

from __future__ import annotations

from math import prod

import numpy as np

from ..ops import Array, Axis, ConvAdjoint, FlattenAdjoint, NeuronAdjoint, PoolAdjoint, ThresholdAdjoint
from .base import Kernel, Precision, State, stateless


def flatten_adjoint(op: FlattenAdjoint, precision: Precision) -> Kernel:
    """Another shape."""
    return stateless(lambda x: x.reshape(len(x), *op.shape))


def conv_adjoint(op: ConvAdjoint, precision: Precision) -> Kernel:
    """One matrix product a group, then every tap is added to the places that it saw."""
    weight = op.weight.astype(precision).reshape(op.groups, op.weight.shape[0] // op.groups, -1)
    kernel = tuple(axis.kernel for axis in op.axes)
    places = extents(op.axes, op.shape)

    def step(y: Array) -> Array:
        images = y.astype(precision).reshape(len(y), op.groups, -1, prod(places))
        seen = weight.transpose(0, 2, 1) @ images
        return unseen(seen.reshape(len(y), op.shape[0], *kernel, *places), op.axes, op.shape)

    return stateless(step)


def pool_adjoint(op: PoolAdjoint, precision: Precision) -> Kernel:
    """Every tap takes the same."""
    kernel = tuple(axis.kernel for axis in op.axes)
    share = np.asarray(1 / prod(kernel) if op.average else 1, precision)

    def step(y: Array) -> Array:
        spread = (y * share).reshape(*y.shape[:2], *(1 for _ in kernel), *y.shape[2:])
        seen = np.broadcast_to(spread, (*y.shape[:2], *kernel, *y.shape[2:]))
        return unseen(seen, op.axes, op.shape)

    return stateless(step)


def extents(axes: tuple[Axis, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The places of windows over an image of ``shape`` (C, *spatial)."""
    return tuple(axis.extent(size) for axis, size in zip(axes, shape[1:], strict=True))


def unseen(seen: Array, axes: tuple[Axis, ...], shape: tuple[int, ...]) -> Array:
    """The transpose of `conv.windows`: [B, C, *taps, *places] added up to [B, *shape]."""
    sizes = [axis.before + size + axis.after for axis, size in zip(axes, shape[1:], strict=True)]
    padded = np.zeros((len(seen), shape[0], *sizes), seen.dtype)
    places = seen.shape[2 + len(axes) :]
    for tap in np.ndindex(*(axis.kernel for axis in axes)):
        reached = (
            slice(k * axis.dilation, k * axis.dilation + (count - 1) * axis.stride + 1, axis.stride)
            for k, axis, count in zip(tap, axes, places, strict=True)
        )
        padded[:, :, *reached] += seen[:, :, *tap]
    inside = (slice(axis.before, axis.before + size) for axis, size in zip(axes, shape[1:], strict=True))
    return padded[:, :, *inside]


def neuron_adjoint(op: NeuronAdjoint, precision: Precision) -> Kernel:
    """The kernel of `NeuronAdjoint`."""

    def step(state: State, x: Array, m: Array, *events: Array) -> tuple[State, Array]:
        z = events[0] if events else None
        kept, fired, slope = _fired(op, x, state["v"], m, z, precision)
        through = kept * (1 - z) if op.gate.reset == "value" and z is not None else kept
        membrane = through + slope * fired
        return {"v": membrane}, membrane

    return Kernel(lambda batch: {"v": np.zeros((batch, *op.shape), precision)}, step)


def threshold_adjoint(op: ThresholdAdjoint, precision: Precision) -> Kernel:
    """The kernel of `ThresholdAdjoint`."""

    def step(x: Array, m: Array, z: Array, later: Array) -> Array:
        kept, fired, slope = _fired(op, x, later, m, z, precision)
        direct = z * kept if op.gate.reset == "subtract" else 0
        return -slope * fired - direct

    return stateless(step)


def _fired(
    op: NeuronAdjoint, x: Array, later: Array, m: Array, z: Array | None, precision: Precision
) -> tuple[Array, Array, Array]:
    """The derivatives with respect to the stored v and to the events, and the surrogate."""
    gate = op.gate
    threshold, value = np.asarray(gate.threshold, precision), np.asarray(gate.value, precision)
    kept = np.asarray(op.decay, precision) * later
    if gate.v_min is not None and z is not None:
        after = {"none": m, "subtract": m - z * threshold}.get(gate.reset, z * value + (1 - z) * m)
        kept = kept * (after > np.asarray(gate.v_min, precision))
    fired = x
    if op.attached and gate.reset != "none":
        fired = x + kept * (value - m) if gate.reset == "value" else x - kept * threshold
    return kept, fired, op.surrogate.derivative(m - threshold)
