"""A spiking network that counts: two rings of LIF neurons hold the digits of a number from 0 to 99.

Each digit 0..9 is a group of four neurons. The group of the present digit keeps itself firing; it also depolarises
the next group, not enough to fire. A pulse on the input adds what is missing: the next group fires, inhibits the one
before it, and the ring has moved on by one. When the ones go from 9 to 0, both groups fire for one step, which a
group of carry neurons detects; its spikes are the pulses of the tens.

    python examples/counter.py make counter.nir pulses.npz     write the model and 42 pulses at random times
    python examples/counter.py read result.npz                 read the number from a run's outputs

Pulses must be at least 5 ms apart: the next group needs that long to depolarise.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nir
import numpy as np

DIGITS, GROUP = 10, 4
DT = 1e-3
PULSES = 42
MIN_GAP, MAX_GAP = 5, 12

KEEP, NEXT, PULSE, BEFORE, DETECT = 1.5, 0.35, 0.45, -1.5, 0.45
"""Total weights into a neuron: from its own group, to the next group, from a pulse, to the group before, to carry."""


def spread(groups: np.ndarray) -> np.ndarray:
    """Weights between groups, shared out over the neurons of the source group."""
    return np.kron(groups, np.ones((GROUP, GROUP))) / GROUP


def ring() -> np.ndarray:
    """Recurrent weights of one digit: [to, from]."""
    here = np.eye(DIGITS)
    following = np.roll(here, 1, axis=0)
    return spread(KEEP * here + NEXT * following + BEFORE * following.T)


def lif(count: int) -> nir.LIF:
    """v[k] = v[k-1] / 2 + x[k] at dt = 1 ms, threshold 1, reset to 0."""
    one = np.ones(count)
    return nir.LIF(2e-3 * one, 2.0 * one, 0.0 * one, one, v_reset=0.0 * one)


def counter() -> nir.NIRGraph:
    """The model: inputs (start, pulse); outputs ``ones`` and ``tens``, ten groups of four neurons each."""
    size = DIGITS * GROUP
    first = np.repeat(np.eye(DIGITS)[0], GROUP) * KEEP
    every = np.full(size, PULSE)
    pair = np.isin(np.arange(DIGITS), (0, DIGITS - 1))[None, :] * DETECT
    nodes = {
        "input": nir.Input({"input": np.array([2])}),
        "in_ones": nir.Linear(np.stack([first, every], axis=1)),
        "ring_ones": nir.Linear(ring()),
        "lif_ones": lif(size),
        "detect": nir.Linear(spread(pair)),
        "carry": lif(GROUP),
        "in_tens": nir.Linear(np.stack([first, 0 * every], axis=1)),
        "advance": nir.Linear(np.full((size, GROUP), PULSE / GROUP)),
        "ring_tens": nir.Linear(ring()),
        "lif_tens": lif(size),
        "ones": nir.Output({"output": np.array([size])}),
        "tens": nir.Output({"output": np.array([size])}),
    }
    edges = [
        ("input", "in_ones"), ("in_ones", "lif_ones"), ("lif_ones", "ring_ones"), ("ring_ones", "lif_ones"),
        ("lif_ones", "detect"), ("detect", "carry"), ("carry", "advance"), ("advance", "lif_tens"),
        ("input", "in_tens"), ("in_tens", "lif_tens"), ("lif_tens", "ring_tens"), ("ring_tens", "lif_tens"),
        ("lif_ones", "ones"), ("lif_tens", "tens"),
    ]  # fmt: skip
    return nir.NIRGraph(nodes, edges)


def pulses(count: int = PULSES, seed: int = 1) -> np.ndarray:
    """Input events [T, 2]: a start, then ``count`` pulses at random times."""
    gaps = np.random.default_rng(seed).integers(MIN_GAP, MAX_GAP + 1, count)
    times = np.cumsum(gaps) + 2
    events = np.zeros((int(times[-1]) + 10, 2), np.uint8)
    events[0, 0] = 1
    events[times, 1] = 1
    return events


def read(ones: np.ndarray, tens: np.ndarray) -> int:
    """The number that the network shows in the last step: the digit whose group fires."""
    digits = [int(np.argmax(trace[-1].reshape(DIGITS, GROUP).sum(axis=1))) for trace in (ones, tens)]
    return digits[0] + 10 * digits[1]


def main(command: str, *paths: str) -> None:
    """Make the model and its input, or read a result."""
    if command == "make":
        nir.write(paths[0], counter())
        np.savez(Path(paths[1]), input=pulses())
        print(f"wrote a model that counts to 99, and {PULSES} pulses at random times")
        return
    with np.load(paths[0]) as result:
        shown = read(result["ones"], result["tens"])
    print(f"the network shows {shown}; {PULSES} pulses went in")
    sys.exit(shown != PULSES)


if __name__ == "__main__":
    main(*sys.argv[1:])
