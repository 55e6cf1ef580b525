"""What a run gives back, the same type from the interpreter and from every target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .ops import Array
from .signal import Fixed, Format


@dataclass(frozen=True)
class Result:
    """Outputs and recorded signals of a run, each [T, *shape] or [B, T, *shape].

    ``outputs`` by output node; ``recorded`` by what was asked: ``node`` its output, ``node:v`` or ``node:i`` a state.
    Values are those that the program holds: 0/1 or counts for events, stored integers for fixed point; ``formats``
    says which, and `value` converts. ``graded`` names the signals whose events carry their value: 0 is no event.
    ``stats`` holds counters of the target (packets, instructions, saturations). ``state``: what the run hands to the
    next one, by ``node:part`` (`ir.state`), each [*shape] or [B, *shape].
    """

    outputs: dict[str, Array]
    recorded: dict[str, Array]
    formats: Mapping[str, Format] = field(default_factory=dict)
    stats: Mapping[str, Any] = field(default_factory=dict)
    graded: frozenset[str] = frozenset()
    state: Mapping[str, Array] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Array:
        """A recorded signal or an output, as it is stored."""
        return self.recorded[name] if name in self.recorded else self.outputs[name]

    def value(self, name: str) -> Array:
        """A recorded signal or an output in the model's units (float64)."""
        stored = self[name]
        number = self.formats.get(name)
        return stored.astype(np.float64) * (number.scale if isinstance(number, Fixed) else 1.0)

    def events(self, name: str) -> Array:
        """A row for every entry of ``name`` that is not 0, in order of time: ([sample,] step, index...).

        A neuron that fires n times in a step has n rows; a graded event has one, whatever its value.
        """
        trace = self[name]
        counts = trace[np.nonzero(trace)].astype(np.int64) if self.is_events(name) else 1
        return np.repeat(np.argwhere(trace), counts, axis=0)

    def is_events(self, name: str) -> bool:
        """Whether a recorded signal or an output is spikes, whose values are counts."""
        return name not in self.formats

    @property
    def names(self) -> tuple[str, ...]:
        """What the result holds: outputs, then what else was recorded."""
        return tuple(dict.fromkeys([*self.outputs, *self.recorded]))

    def count(self, name: str) -> int:
        """How many events ``name`` sent, over all samples, steps and neurons: spikes, or values other than 0."""
        return int(np.sum(self[name]) if self.is_events(name) else np.count_nonzero(self[name]))

    def rate(self, name: str) -> float:
        """Events of ``name`` for each neuron and step; divide by the time step for Hz."""
        return self.count(name) / max(self[name].size, 1)

    def summary(self) -> str:
        """A line for every signal, then the target's counters."""
        return "\n".join([*map(self._line, self.names), *self._counters()])

    def __str__(self) -> str:
        return self.summary()

    def _line(self, name: str) -> str:
        shape = "x".join(map(str, self[name].shape))
        if self.is_events(name):
            return f"{name}: {shape}, {self._sent(name)}"
        values = self.value(name)
        extent = f", {values.min():g} to {values.max():g}" if values.size else ""
        graded = f", graded: {self._sent(name)}" if name in self.graded else ""
        return f"{name}: {shape}{extent}{graded}"

    def _sent(self, name: str) -> str:
        return f"{self.count(name)} events, {self.rate(name):.4f} for each neuron and step"

    def _counters(self) -> Iterator[str]:
        stats = self.stats
        if "events_sent" in stats:
            sent, received = int(stats["events_sent"].sum()), int(stats["events_received"].sum())
            yield f"packets: {sent} sent by cores, {received} received"
            yield f"clipped states: {int(stats['saturations'].sum())}, packets dropped: {int(stats['dropped'].sum())}"
            if np.any(stats["link_packets"]):
                all_links, most = int(stats["link_packets"].sum()), int(stats["link_peak"].max())
                dropped = int(stats["link_dropped"].sum())
                waiting = float(stats["link_waiting"].max())
                yield (
                    f"packets over links between chips: {all_links}, at most {most} in a slot, dropped: {dropped}; "
                    f"at most {waiting:.3g} waited for a link"
                )
            if stats["overruns"].any():
                yield f"ticks over budget: {int(stats['overruns'].sum())}"
        if np.any(stats.get("macs", 0)):
            yield f"weights added: {int(stats['macs'].sum(dtype=np.int64))}"
        if np.any(stats.get("fetches", 0)):
            fetches, fetched = (int(stats[word].sum(dtype=np.int64)) for word in ("fetches", "fetched"))
            yield f"rows fetched from DRAM: {fetches}, {fetched} bytes"
        if accounts := stats.get("accounts"):
            fullest = max(accounts["memory"]["tiles"]["total"])
            yield f"cycles, estimated: {accounts['cycles']}; {fullest} bytes on the fullest tile"
            dropped = int(stats["dropped"].sum() + sum(map(np.sum, stats["inputs_dropped"].values())))
            yield f"clipped states: {int(stats['saturations'].sum())}" + (dropped > 0) * f", events dropped: {dropped}"
        if "instructions" in stats and stats["instructions"].size:
            cycles = stats["cycles"]
            yield f"instructions: {int(stats['instructions'].sum())}"
            yield f"cycles, estimated: {int(cycles.sum())}, at most {int(cycles.max())} in a slot of a core"
        if "joules" in stats and stats["slots"]:
            parts = {name: float(np.sum(joules)) for name, joules in stats["joules"].items()}
            shares = ", ".join(f"{name} {1e3 * joules:.3g}" for name, joules in parts.items())
            time, total = float(np.sum(stats["seconds"])), sum(parts.values())
            yield f"energy, estimated: {1e3 * total:.3g} mJ in {1e3 * time:.4g} ms ({shares})"
