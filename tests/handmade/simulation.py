"""What cores must compute, from the definitions, in plain numpy and Python's integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .cores import LOCAL_BITS, Core, Population


@dataclass
class _State:
    current: npt.NDArray[Any]
    voltage: npt.NDArray[Any]
    ring: npt.NDArray[np.int64]
    head: int
    phase: int
    step: int = 0


class Simulation:
    """What cores compute, slot by slot, from the definitions: all cores at once, events of the slot before."""

    def __init__(self, cores: Sequence[Core], steps: int) -> None:
        self.cores, self.steps, self.slot = cores, steps, 0
        self.saturations = [0] * len(cores)
        self.states = [[self._initial(p) for p in core.populations] for core in cores]

    @staticmethod
    def _initial(p: Population) -> _State:
        kind = np.float32 if p.storage == "f32" else np.int64
        zeros = np.zeros(p.count, kind)
        return _State(zeros, zeros.copy(), np.zeros((p.ring, p.count), np.int64), p.first_head, p.first_phase)

    def run_slot(self, keys: Sequence[int]) -> list[int]:
        """Runs a slot with the keys that reached every core; returns the keys sent."""
        sent = [key for index in range(len(self.cores)) for key in self._run_core(index, keys)]
        self.slot += 1
        return sorted(sent)

    def _run_core(self, index: int, keys: Sequence[int]) -> list[int]:
        core, states, sent = self.cores[index], self.states[index], []
        for key in keys:
            block, row = key >> LOCAL_BITS, key & ((1 << LOCAL_BITS) - 1)
            for projection in core.projections:
                if projection.block == block and row < projection.weights.shape[0]:
                    state = states[projection.population]
                    ahead = (state.head + projection.ring_offset) % len(state.ring)
                    first = projection.first_target
                    state.ring[ahead, first : first + projection.weights.shape[1]] += projection.weights[row]
        for p, state in zip(core.populations, states, strict=True):
            if self.slot >= p.start and state.phase == 0 and state.step < self.steps:
                update = self._float if p.storage == "f32" else self._fixed
                spikes = update(index, p, state, state.ring[state.head])
                sent += [(p.block << LOCAL_BITS) | int(n) for n in np.repeat(np.arange(p.count), spikes)]
                state.ring[state.head] = 0
                state.step += 1
            state.phase = (state.phase + 1) % core.phases
            state.head = (state.head + (state.phase == 0)) % len(state.ring)
        return sent

    def _fixed(self, index: int, p: Population, state: _State, sums: npt.NDArray[np.int64]) -> Any:
        m = {name: p.membrane[name].astype(np.int64) for name in p.membrane.dtype.names or ()}
        limit = 32767 if p.storage == "q16" else 2147483647
        drive = sums
        if p.synapse is not None:
            s = {name: p.synapse[name].astype(np.int64) for name in p.synapse.dtype.names or ()}
            fresh = _decay(state.current, s["decay"]) + _scale(sums, s["multiplier"], s["shift"]) + s["offset"]
            fresh = self._clip(index, fresh, limit)
            drive = state.current if p.old_current else fresh
            state.current = fresh
        kept = m["leak"] + _decay(state.voltage - m["leak"], m["decay"])
        v = self._clip(index, kept + _scale(drive, m["multiplier"], m["shift"]) + m["offset"], limit)
        state.voltage, spikes = self._gate(p, state.voltage, v, m, lambda x: self._clip(index, x, limit))
        return spikes

    @staticmethod
    def _gate(p: Population, old: Any, v: Any, m: Any, clip: Callable[[Any], Any]) -> tuple[Any, Any]:
        """The voltage after test and reset, and the spikes of every neuron."""
        pending = np.where(old > m["threshold"], m["reset"], m["reset"].dtype.type(0))
        if p.reset == "subtract_next":
            v = clip(v - pending)
        tested = v - pending if p.reset == "subtract_guarded" else v
        spikes = np.zeros(v.shape, np.int64)
        for _ in range(p.spikes):
            fired = tested > m["threshold"]
            spikes += fired
            if p.reset in ("subtract", "subtract_guarded"):
                v = np.where(fired, clip(np.where(fired, v - m["reset"], m["reset"].dtype.type(0))), v)
            elif p.reset == "value":
                v = np.where(fired, m["reset"], v)
            tested = v
        return np.maximum(v, m["lowest"]) if p.bounded else v, spikes

    def _clip(self, index: int, x: npt.NDArray[np.int64], limit: int) -> npt.NDArray[np.int64]:
        clipped = np.clip(x, -limit, limit)
        self.saturations[index] += int((clipped != x).sum())
        return clipped

    def _float(self, index: int, p: Population, state: _State, sums: npt.NDArray[np.int64]) -> Any:
        m, drive = p.membrane, sums.astype(np.float32)
        if p.synapse is not None:
            s = p.synapse
            fresh = (s["decay"] * state.current + s["gain"] * drive) + s["constant"]
            drive = state.current if p.old_current else fresh
            state.current = fresh
        v = (m["decay"] * state.voltage + m["gain"] * drive) + m["constant"]
        after, spikes = self._gate(p, state.voltage, v, m, lambda x: x)
        state.voltage = after.astype(np.float32)
        return spikes


def _decay(x: npt.NDArray[np.int64], factor: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """x * factor / 2^30 toward zero, in Python's integers."""
    products = [int(a) * int(b) for a, b in np.broadcast(x, factor)]
    return np.array([abs(q) // (1 << 30) * (1 if q >= 0 else -1) for q in products], np.int64)


def _scale(x: npt.NDArray[np.int64], multiplier: Any, shift: Any) -> npt.NDArray[np.int64]:
    """floor(x * multiplier / 2^shift + 1/2), in Python's integers."""
    terms = ((int(a) * int(b), int(s)) for a, b, s in np.broadcast(x, multiplier, shift))
    return np.array([(2 * q + (1 << s)) // (1 << (s + 1)) for q, s in terms], np.int64)
