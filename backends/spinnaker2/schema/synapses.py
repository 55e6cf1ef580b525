"""Synapses: what a key block feeds, and rows and kernels of weights."""

from __future__ import annotations

from .record import Field, Record, u32

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
        u32("format", "axonc_format_t"),
        u32("population", "index of the target population"),
        u32("first_target", "first accumulator of the window; kernel: of its lane"),
        u32("targets", "accumulators in the window"),
        u32("ring_offset", "steps ahead of the ring's head at which events act"),
        u32(
            "rows_at",
            "data offset; dense: of int8_t[rows][targets], dense16: of int16_t, dense4 and dense2: of rows of words, "
            "8 or 16 weights each; sparse, pairs and blocks: of uint16_t[rows + 1]; signs: of uint16_t[2 * rows + 1]; "
            "sparse16 and wide: of uint32_t[rows + 1]; kernel, kernel16, kernel4 and kernel2: of weights as those of "
            "one row of dense, dense16, dense4 and dense2; dram_dense: offset in DRAM of int8_t[rows][targets]; "
            "dram_sparse: as sparse",
        ),
        u32(
            "synapses_at",
            "data offset; sparse: of axonc_synapse_t[], pairs: of axonc_pair_t[], wide: of axonc_wide_t[]; blocks: of "
            "int8_t[blocks][4], and behind them their first targets, uint8_t[blocks]; signs: of "
            "uint8_t[], the targets of each row's weights of 1, then of -1; sparse16: of the targets of all synapses, "
            "uint16_t[], and behind them their weights, int8_t[]; kernels: of axonc_kernel_t; dram_sparse: offset in "
            "DRAM of axonc_synapse_t[]",
        ),
        u32("rows", "source neurons"),
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
        u32("channels", "channels of the source box"),
        u32("columns", "places of the source box along x"),
        u32("first_channel", "entry of the box's first channel in its table, modulo 2^32"),
        u32("first_y", "entry of the box's first y"),
        u32("first_x", "entry of the box's first x"),
        u32("channel_count", "entries of the table of channels"),
        u32("y_count", "entries of the table of y"),
        u32("x_count", "entries of the table of x"),
        u32("channels_at", "data offset of axonc_channel_t[channel_count]"),
        u32("y_starts_at", "data offset of uint32_t[y_count + 1], into the runs"),
        u32("y_runs_at", "data offset of axonc_run_t[]"),
        u32("x_starts_at", "data offset of uint32_t[x_count + 1], into the runs"),
        u32("x_runs_at", "data offset of axonc_run_t[]"),
        u32("target_channels", "channels of the target box"),
        u32("target_columns", "places of the target box along x"),
        u32("taps", "taps of the kernel along x"),
    ),
)

CHANNEL = Record(
    "channel",
    "What a source channel reaches: channels of the target box, with a weight for each at every tap.",
    (
        u32("weights", "index of the first of its weights, [taps along y][taps along x][count]"),
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

KERNEL_EXTENT = 65535
"""Places along an axis, channels or taps that a convolution can have: their numbers have 16 bits."""
