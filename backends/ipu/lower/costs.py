"""What vertices cost: instructions of a worker, which issues one in six cycles. `costs.hpp` of a project is made of
`COSTS`, so that the program estimates what the compiler has counted on."""

from __future__ import annotations

from collections.abc import Mapping

from ..layout import WORKERS

LAUNCH = 11
RECORD, WEIGHT, SYNAPSE, PASSED = 10, 4, 6, 3
PLACE = 30
VALUE, HELD, LOADED = 3, 3, 3
NEURON = 60
MOVED = 3

COSTS: Mapping[str, tuple[int, str]] = {
    "LAUNCH": (LAUNCH, "cycles to start a vertex"),
    "RECORD": (RECORD, "instructions for an event, beside its synapses"),
    "WEIGHT": (WEIGHT, "for a weight of a row: load, load, multiply and add, store"),
    "SYNAPSE": (SYNAPSE, "for a synapse that has a target"),
    "PASSED": (PASSED, "to pass over a synapse of another worker"),
    "PLACE": (PLACE, "to find channel, row and column of an event, and what they reach"),
    "VALUE": (VALUE, "for the value of a source, of four targets side by side; to store a result"),
    "HELD": (HELD, "for a weight whose sum is in a register: load, multiply, add"),
    "LOADED": (LOADED, "to find an element of an operand, and to load it"),
    "NEURON": (NEURON, "for the update of a neuron"),
    "MOVED": (MOVED, "to move a word of a list"),
}
"""Every constant, and what it is."""


def cycles_of(instructions: float) -> int:
    """Cycles of a vertex whose busiest worker issues so many instructions."""
    return LAUNCH + WORKERS * round(instructions)


def header() -> str:
    """The constants in C++."""
    lines = (f"constexpr std::uint64_t {name} = {value}; // {said}" for name, (value, said) in COSTS.items())
    return HEADER.format("\n".join(lines))


HEADER = """// What vertices cost: instructions of a worker, which issues one in six cycles.
#ifndef AXONC_COSTS_HPP
#define AXONC_COSTS_HPP

#include <cstdint>

#include "codelets/workers.hpp"

namespace axonc {{

{}

inline std::uint64_t cyclesOf(std::uint64_t instructions) {{ return LAUNCH + WORKERS * instructions; }}

}} // namespace axonc

#endif
"""
