"""The layout of a core's data: one description for numpy and for C.

A core's program finds everything at byte offsets: ``data`` (constant, made by the compiler, one blob a core)
and ``work`` (state, accumulators, event buffers; zeroed by the runtime). ``RECORDS`` gives every struct once;
`dtype` and `c_header` turn it into the numpy record type and the C header, whose static assertions hold
both equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

MAGIC = 0x434E5841  # "AXNC" in little-endian bytes
ABI = 7
ALIGN = 16
"""Alignment in bytes of every table in ``data`` and every array in ``work``."""

PARITY_BIT = 31
"""Bit of an event key that carries the parity of the slot in which the event was sent."""

PAYLOAD_WORDS = (1, 2, 4)
"""The payloads of a packet, in words; each word carries one graded event."""

UNUSED = 0xFFFF
"""The index in a payload word that carries no event."""

_C_TYPES = {
    "u32": "uint32_t",
    "i32": "int32_t",
    "f32": "float",
    "u16": "uint16_t",
    "u8": "uint8_t",
    "i8": "int8_t",
    "i16": "int16_t",
}
_NUMPY_TYPES = {"u32": "<u4", "i32": "<i4", "f32": "<f4", "u16": "<u2", "u8": "u1", "i8": "i1", "i16": "<i2"}


@dataclass(frozen=True)
class Field:
    """One member of a record: ``count`` > 1 makes it an array."""

    name: str
    type: str
    doc: str
    count: int = 1


@dataclass(frozen=True)
class Record:
    """A struct ``axonc_<name>_t``; members are ordered so that natural alignment leaves no gaps."""

    name: str
    doc: str
    fields: tuple[Field, ...]

    @cached_property
    def dtype(self) -> np.dtype[np.void]:
        members = [
            (f.name, _NUMPY_TYPES[f.type]) if f.count == 1 else (f.name, _NUMPY_TYPES[f.type], (f.count,))
            for f in self.fields
        ]
        return np.dtype(members)

    def offset(self, member: str) -> int:
        """The byte offset of a member."""
        fields = self.dtype.fields
        assert fields is not None
        return int(fields[member][1])


def _u32(name: str, doc: str, count: int = 1) -> Field:
    return Field(name, "u32", doc, count)


def _i32(name: str, doc: str) -> Field:
    return Field(name, "i32", doc)


def _f32(name: str, doc: str) -> Field:
    return Field(name, "f32", doc)


HEADER = Record(
    "header",
    "What a core holds; at the start of its data.",
    (
        _u32("magic", "AXONC_MAGIC"),
        _u32("abi", "AXONC_ABI"),
        _u32("data_bytes", "size of the data"),
        _u32("work_bytes", "size of the work area"),
        _u32("phases", "slots per model step"),
        _u32("local_bits", "low bits of a key: the neuron within its block"),
        _u32("population_count", "populations on this core"),
        _u32("populations_at", "data offset of axonc_population_t[population_count]"),
        _u32("first_block", "first key block this core listens to"),
        _u32("block_count", "key blocks in the window of this core"),
        _u32("sources_at", "data offset of axonc_source_t[block_count]"),
        _u32("projections_at", "data offset of axonc_projection_t[]"),
        _u32("fifo_at", "work offsets of the event queues, by parity", 2),
        _u32("packet_words", "words of a packet: its key, and payload words of which each carries a graded event"),
        _u32("fifo_capacity", "packets that each queue holds"),
        _u32("cleared_bytes", "bytes at the start of the work area that a reset clears"),
        _u32("gap", "idle steps between two samples: the largest delay of a projection"),
        _u32("record_steps", "steps that the recording buffers hold"),
        _u32("list_at", "work offset of axonc_list_t, the input events of this core; 0 if it sends none"),
        _u32("list_capacity", "packets that the list holds"),
        _u32("fetch_at", "work offset of the buffer into which rows are fetched from DRAM; 0 if there are none"),
    ),
)

STATUS = Record(
    "status",
    "What a core tells its host, and is told; at the start of the work area.",
    (
        _u32("slot", "the next slot to run"),
        _u32("steps", "model steps of a sample, written by the host"),
        _u32("samples", "samples to run one after the other, written by the host"),
        _u32("received", "packets taken from the queues"),
        _u32("sent", "packets sent"),
        _u32("stray", "events, or packets of unknown blocks, that no projection of this core listens to"),
        _u32("saturations", "state updates that were clipped"),
        _u32("queue_peak", "the most packets that waited in a queue"),
        _u32("dropped", "packets that found no room in a queue, counted by the platform"),
        _u32("overruns", "slots that took longer than a tick, counted by the platform"),
        _u32("macs", "weights added, or multiplied by an event's value and added, modulo 2^32"),
        _u32("resumed", "1: the first sample goes on from states that the host wrote; it has run, but for its gap"),
        _u32("fetches", "rows fetched from DRAM"),
        _u32("fetched", "bytes of them, modulo 2^32"),
        _u32("reserved", "0", 2),
    ),
)

POPULATION = Record(
    "population",
    "A slice of a population of neurons.",
    (
        _u32("count", "neurons"),
        _u32("accumulators", "accumulators: lanes of one a neuron, one lane after the other"),
        _u32("start", "slot of model step 0"),
        _u32("first_head", "ring index at slot 0"),
        _u32("first_phase", "phase at slot 0"),
        _u32("ring_mask", "depth of the accumulator ring - 1"),
        _u32("clock_at", "work offset of axonc_clock_t"),
        _u32("accumulators_at", "work offset of int32_t[ring depth][accumulators]"),
        _u32(
            "current_at",
            "work offset of the synaptic current, or of what a gated unit gave; one state word a neuron; 0: none",
        ),
        _u32(
            "voltage_at",
            "work offset of the membrane voltage or the cell, one state word a neuron; of a voltage of levels: its "
            "code, uint8_t",
        ),
        _u32("synapse_at", "data offset of the synapse parameters; 0 if it has none"),
        _u32("synapse_stride", "bytes from one neuron's parameters to the next; 0: all share one row"),
        _u32("membrane_at", "data offset of the membrane parameters, or of axonc_gated_t"),
        _u32("membrane_stride", "bytes from one neuron's parameters to the next; 0: all share one row"),
        Field("reset", "u8", "axonc_reset_t"),
        Field("old_current", "u8", "1: the membrane sees the current of the step before"),
        Field(
            "spikes",
            "u16",
            "the most events of a neuron in a step; spikes, if 1, are recorded in a bit a neuron, else in a byte",
        ),
        _u32("plain", "1: one spike a step, a reset that is never pending, no lower bound"),
        _u32("key", "key of the first neuron, parity 0"),
        _u32("voltage_words", "words that the voltages of all neurons take"),
        _u32("current_words", "words that the currents of all neurons take"),
        _i32("voltage_limit", "the largest voltage in fixed point"),
        _i32("current_limit", "the largest current in fixed point"),
        _u32("levels_at", "data offset of axonc_levels_t; 0 if the voltage does not take levels"),
        _u32(
            "shifts_at",
            "data offset of uint8_t[lanes - 1][count], the shifts of what neurons sum in all lanes but the first; 0 if "
            "they are not added",
        ),
        _u32("spikes_record_at", "work offset of the recorded spikes, a row a step; 0: not recorded"),
        _u32("voltage_record_at", "work offset of the recorded voltages, voltage_words a step; 0: not recorded"),
        _u32("current_record_at", "work offset of the recorded currents, current_words a step; 0: not recorded"),
        _u32("segment", "steps of a segment, at whose beginning the cell counts as 0; 0: there are none"),
        _u32("segment_at", "work offset of the number of the next step within its segment, uint32_t; 0: none"),
    ),
)

CLOCK = Record(
    "clock",
    "Where a population stands in time.",
    (
        _u32("head", "ring index of the accumulators of the step now due"),
        _u32("phase", "slots since that step fell due, modulo the phases"),
        _u32("step", "model steps done in this sample, idle ones included"),
        _u32("sample", "samples done"),
    ),
)

LIST = Record(
    "list",
    "Input events that a core sends of its own accord, written by the host; the packets follow.",
    (
        _u32("count", "packets in the list"),
        _u32("next", "the first that is still to be sent; 0 at the start"),
        _u32("reserved", "0", 2),
    ),
)

LISTED = Record(
    "listed",
    "A packet of a list; the list is in the order of slots. Its payload follows.",
    (_u32("slot", "when to send it"), _u32("key", "what to send, parity 0")),
)

SOURCE = Record(
    "source",
    "The projections that a key block feeds.",
    (
        Field("first", "u16", "index of the first projection"),
        Field("count", "u16", "projections"),
        Field("graded", "u16", "1: its packets carry graded events"),
    ),
)

PROJECTION = Record(
    "projection",
    "Synapses from one key block to a window of one population.",
    (
        _u32("format", "axonc_format_t"),
        _u32("population", "index of the target population"),
        _u32("first_target", "first accumulator of the window; kernel: of its lane"),
        _u32("targets", "accumulators in the window"),
        _u32("ring_offset", "steps ahead of the ring's head at which events act"),
        _u32(
            "rows_at",
            "data offset; dense: of int8_t[rows][targets], dense16: of int16_t, dense4 and dense2: of rows of words, "
            "8 or 16 weights each; sparse, pairs and blocks: of uint16_t[rows + 1]; signs: of uint16_t[2 * rows + 1]; "
            "sparse16 and wide: of uint32_t[rows + 1]; kernel, kernel16, kernel4 and kernel2: of weights as those of "
            "one row of dense, dense16, dense4 and dense2; dram_dense: offset in DRAM of int8_t[rows][targets]; "
            "dram_sparse: as sparse",
        ),
        _u32(
            "synapses_at",
            "data offset; sparse: of axonc_synapse_t[], pairs: of axonc_pair_t[], wide: of axonc_wide_t[]; blocks: of "
            "int8_t[blocks][4], and behind them their first targets, uint8_t[blocks]; signs: of "
            "uint8_t[], the targets of each row's weights of 1, then of -1; sparse16: of the targets of all synapses, "
            "uint16_t[], and behind them their weights, int8_t[]; kernels: of axonc_kernel_t; dram_sparse: offset in "
            "DRAM of axonc_synapse_t[]",
        ),
        _u32("rows", "source neurons"),
    ),
)

SYNAPSE = Record(
    "synapse",
    "One entry of a sparse row.",
    (Field("target", "u8", "accumulator within the window"), Field("weight", "i8", "weight")),
)

PAIR = Record(
    "pair",
    "Two entries of a sparse row of weights of 4 bits; a row of an odd number ends with a weight of 0.",
    (
        Field("targets", "u8", "accumulators within the window", 2),
        Field("weights", "u8", "both weights plus 7, the first in the low bits"),
    ),
)

WIDE = Record(
    "wide",
    "One entry of a sparse row of weights of 16 bits.",
    (Field("target", "u16", "accumulator within the window"), Field("weight", "i16", "weight")),
)

KERNEL = Record(
    "kernel",
    "Synapses of a convolution, from a box of source channels and places to a box of targets. A source neuron is "
    "(y * columns + x) * channels + channel, a target likewise; tables tell what a channel, a y and an x reach.",
    (
        _u32("channels", "channels of the source box"),
        _u32("columns", "places of the source box along x"),
        _u32("first_channel", "entry of the box's first channel in its table, modulo 2^32"),
        _u32("first_y", "entry of the box's first y"),
        _u32("first_x", "entry of the box's first x"),
        _u32("channel_count", "entries of the table of channels"),
        _u32("y_count", "entries of the table of y"),
        _u32("x_count", "entries of the table of x"),
        _u32("channels_at", "data offset of axonc_channel_t[channel_count]"),
        _u32("y_starts_at", "data offset of uint32_t[y_count + 1], into the runs"),
        _u32("y_runs_at", "data offset of axonc_run_t[]"),
        _u32("x_starts_at", "data offset of uint32_t[x_count + 1], into the runs"),
        _u32("x_runs_at", "data offset of axonc_run_t[]"),
        _u32("target_channels", "channels of the target box"),
        _u32("target_columns", "places of the target box along x"),
        _u32("taps", "taps of the kernel along x"),
    ),
)

CHANNEL = Record(
    "channel",
    "What a source channel reaches: channels of the target box, with a weight for each at every tap.",
    (
        _u32("weights", "index of the first of its weights, [taps along y][taps along x][count]"),
        Field("first", "u16", "first target channel"),
        Field("count", "u16", "target channels"),
    ),
)

RUN = Record(
    "run",
    "What a place along an axis reaches: neighbouring places of the target box, through taps stored side by side.",
    (
        Field("target", "u16", "first target place"),
        Field("tap", "u16", "its tap, in the order of storage"),
        Field("count", "u16", "places; more than 1 only along x, where a channel reaches all target channels"),
    ),
)

SYNAPSE_FIXED = Record(
    "synapse_fixed",
    "i = sat(decay(i, decay_factor) + requantize(x, multiplier, shift) + offset)",
    (
        _i32("decay", "Q30"),
        _i32("multiplier", "accumulator to current"),
        _u32("shift", "accumulator to current"),
        _i32("offset", "in the format of the current"),
    ),
)

MEMBRANE_FIXED = Record(
    "membrane_fixed",
    "v = sat(leak + decay(v - leak, decay) + requantize(input, multiplier, shift) + offset); spike if v > threshold",
    (
        _i32("decay", "Q30"),
        _i32("multiplier", "input to voltage"),
        _u32("shift", "input to voltage"),
        _i32("offset", "in the format of the voltage"),
        _i32("leak", "resting voltage"),
        _i32("threshold", "a spike when the voltage is above it"),
        _i32("reset", "the voltage after a spike, or what is subtracted"),
        _i32("lowest", "lower bound of the voltage after the reset"),
    ),
)

SYNAPSE_FLOAT = Record(
    "synapse_float",
    "i = (decay * i + gain * x) + constant",
    (_f32("decay", ""), _f32("gain", ""), _f32("constant", ""), _f32("reserved", "0")),
)

MEMBRANE_FLOAT = Record(
    "membrane_float",
    "v = (decay * v + gain * input) + constant; spike if v > threshold",
    (
        _f32("decay", ""),
        _f32("gain", ""),
        _f32("constant", ""),
        _f32("threshold", "a spike when the voltage is above it"),
        _f32("reset", "the voltage after a spike, or what is subtracted"),
        _f32("lowest", "lower bound of the voltage after the reset"),
        _f32("reserved0", "0"),
        _f32("reserved1", "0"),
    ),
)

LEVELS = Record(
    "levels",
    "Voltages that take the values of a table. Codes count from the level nearest to 0, modulo the size of the table: "
    "cleared memory is the state at the start.",
    (
        _u32("bits", "of a code"),
        _u32("first", "the level, in ascending order, whose code is 0"),
        _u32("edges_at", "data offset of float[2^bits - 1], ascending: the largest voltage nearest to each level"),
        _u32("values_at", "data offset of float[2^bits], by code"),
    ),
)

GATED = Record(
    "gated",
    "Parameters of gated units. A lane is sat16(requantize(sum, multiplier, shift) + bias).",
    (
        _u32("scales_at", "data offset of axonc_scale_t[lanes][units or 1]"),
        _u32("scale_stride", "records from one unit's to the next; 0: all share one"),
        _u32("biases_at", "data offset of int16_t[lanes][units]"),
        _u32("thresholds_at", "data offset of int16_t[units or 1]; 0: there is none"),
        _u32("threshold_stride", "numbers from one unit's to the next; 0: all share one"),
        _u32("frac", "fractional bits of what a unit gives"),
        _u32("cell_frac", "fractional bits of the cell"),
        _i32("zoneout", "Q0.15"),
        _u32("reserved", "0", 2),
    ),
)

SCALE = Record(
    "scale",
    "From the sum of a lane to Q3.12: requantize(sum * 2^up, multiplier, shift).",
    (
        _i32("multiplier", "2^30 or more in magnitude where `up` is not 0"),
        Field("up", "u16", "0 to 31"),
        Field("shift", "u16", "at least AXONC_WORD_SHIFT"),
    ),
)

RECORDS = (
    HEADER,
    STATUS,
    POPULATION,
    CLOCK,
    LIST,
    LISTED,
    SOURCE,
    PROJECTION,
    SYNAPSE,
    PAIR,
    WIDE,
    KERNEL,
    CHANNEL,
    RUN,
    SYNAPSE_FIXED,
    MEMBRANE_FIXED,
    SYNAPSE_FLOAT,
    MEMBRANE_FLOAT,
    LEVELS,
    GATED,
    SCALE,
)

RESETS = ("none", "value", "subtract", "subtract_guarded", "subtract_next")
FORMATS = (
    "dense",
    "sparse",
    "kernel",
    "sparse16",
    "dense16",
    "dense4",
    "dense2",
    "wide",
    "pairs",
    "signs",
    "dram_dense",
    "dram_sparse",
    "kernel16",
    "kernel4",
    "kernel2",
    "blocks",
)
ERRORS = ("none", "bad_data", "queue_overflow", "bad_format")
ENUMS = (("reset", RESETS), ("format", FORMATS), ("error", ERRORS))
KERNEL_EXTENT = 65535
"""Places along an axis, channels or taps that a convolution can have: their numbers have 16 bits."""


def _c_enum(name: str, values: tuple[str, ...]) -> str:
    members = ", ".join(f"AXONC_{name.upper()}_{value.upper()} = {i}" for i, value in enumerate(values))
    return f"typedef enum {{ {members} }} axonc_{name}_t;"


def _c_record(record: Record) -> str:
    lines = [f"/* {record.doc} */", "typedef struct {"]
    for field in record.fields:
        array = f"[{field.count}]" if field.count > 1 else ""
        comment = f" /* {field.doc} */" if field.doc else ""
        lines.append(f"    {_C_TYPES[field.type]} {field.name}{array};{comment}")
    name = f"axonc_{record.name}_t"
    lines.append(f"}} {name};")
    lines.append(f'_Static_assert(sizeof({name}) == {record.dtype.itemsize}, "{name}: size");')
    lines += [
        f'_Static_assert(offsetof({name}, {f.name}) == {record.offset(f.name)}, "{name}.{f.name}: offset");'
        for f in record.fields
    ]
    return "\n".join(lines)


def c_header() -> str:
    """The text of ``axonc_schema.h``."""
    parts = [
        "/* The layout of a core's data and work memory. Generated from the compiler's schema: do not edit. */",
        "#ifndef AXONC_SCHEMA_H\n#define AXONC_SCHEMA_H",
        "#include <stddef.h>\n#include <stdint.h>",
        f"#define AXONC_MAGIC UINT32_C(0x{MAGIC:08X})\n#define AXONC_ABI UINT32_C({ABI})\n"
        f"#define AXONC_PARITY_BIT {PARITY_BIT}",
        f"#define AXONC_PAYLOAD_WORDS {max(PAYLOAD_WORDS)} /* at most */\n#define AXONC_UNUSED {UNUSED:#x}u",
        *(_c_enum(name, values) for name, values in ENUMS),
        *(_c_record(record) for record in RECORDS),
        "#endif",
    ]
    return "\n\n".join(parts) + "\n"
