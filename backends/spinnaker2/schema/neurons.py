"""What neurons compute with."""

from __future__ import annotations

from .record import Field, Record, f32, i32, u32

SYNAPSE_FIXED = Record(
    "synapse_fixed",
    "i = sat(decay(i, decay_factor) + requantize(x, multiplier, shift) + offset)",
    (
        i32("decay", "Q30"),
        i32("multiplier", "accumulator to current"),
        u32("shift", "accumulator to current"),
        i32("offset", "in the format of the current"),
    ),
)

MEMBRANE_FIXED = Record(
    "membrane_fixed",
    "v = sat(leak + decay(v - leak, decay) + requantize(input, multiplier, shift) + offset); spike if v > threshold",
    (
        i32("decay", "Q30"),
        i32("multiplier", "input to voltage"),
        u32("shift", "input to voltage"),
        i32("offset", "in the format of the voltage"),
        i32("leak", "resting voltage"),
        i32("threshold", "a spike when the voltage is above it"),
        i32("reset", "the voltage after a spike, or what is subtracted"),
        i32("lowest", "lower bound of the voltage after the reset"),
    ),
)

SYNAPSE_FLOAT = Record(
    "synapse_float",
    "i = (decay * i + gain * x) + constant",
    (f32("decay", ""), f32("gain", ""), f32("constant", ""), f32("reserved", "0")),
)

MEMBRANE_FLOAT = Record(
    "membrane_float",
    "v = (decay * v + gain * input) + constant; spike if v > threshold",
    (
        f32("decay", ""),
        f32("gain", ""),
        f32("constant", ""),
        f32("threshold", "a spike when the voltage is above it"),
        f32("reset", "the voltage after a spike, or what is subtracted"),
        f32("lowest", "lower bound of the voltage after the reset"),
        f32("reserved0", "0"),
        f32("reserved1", "0"),
    ),
)

LEVELS = Record(
    "levels",
    "Voltages that take the values of a table. Codes count from the level nearest to 0, modulo the size of the table: "
    "cleared memory is the state at the start.",
    (
        u32("bits", "of a code"),
        u32("first", "the level, in ascending order, whose code is 0"),
        u32("edges_at", "data offset of float[2^bits - 1], ascending: the largest voltage nearest to each level"),
        u32("values_at", "data offset of float[2^bits], by code"),
    ),
)

GATED = Record(
    "gated",
    "Parameters of gated units. A lane is sat16(requantize(sum, multiplier, shift) + bias).",
    (
        u32("scales_at", "data offset of axonc_scale_t[lanes][units or 1]"),
        u32("scale_stride", "records from one unit's to the next; 0: all share one"),
        u32("biases_at", "data offset of int16_t[lanes][units]"),
        u32("thresholds_at", "data offset of int16_t[units or 1]; 0: there is none"),
        u32("threshold_stride", "numbers from one unit's to the next; 0: all share one"),
        u32("frac", "fractional bits of what a unit gives"),
        u32("cell_frac", "fractional bits of the cell"),
        i32("zoneout", "Q0.15"),
        u32("reserved", "0", 2),
    ),
)

SCALE = Record(
    "scale",
    "From the sum of a lane to Q3.12: requantize(sum * 2^up, multiplier, shift).",
    (
        i32("multiplier", "2^30 or more in magnitude where `up` is not 0"),
        Field("up", "u16", "0 to 31"),
        Field("shift", "u16", "at least AXONC_WORD_SHIFT"),
    ),
)

RESETS = ("none", "value", "subtract", "subtract_guarded", "subtract_next")
