"""What a core finds at the start of its data, and what it keeps of events and time."""

from __future__ import annotations

from .record import Field, Record, i32, u32

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

HEADER = Record(
    "header",
    "What a core holds; at the start of its data.",
    (
        u32("magic", "AXONC_MAGIC"),
        u32("abi", "AXONC_ABI"),
        u32("data_bytes", "size of the data"),
        u32("work_bytes", "size of the work area"),
        u32("phases", "slots per model step"),
        u32("local_bits", "low bits of a key: the neuron within its block"),
        u32("population_count", "populations on this core"),
        u32("populations_at", "data offset of axonc_population_t[population_count]"),
        u32("first_block", "first key block this core listens to"),
        u32("block_count", "key blocks in the window of this core"),
        u32("sources_at", "data offset of axonc_source_t[block_count]"),
        u32("projections_at", "data offset of axonc_projection_t[]"),
        u32("fifo_at", "work offsets of the event queues, by parity", 2),
        u32("packet_words", "words of a packet: its key, and payload words of which each carries a graded event"),
        u32("fifo_capacity", "packets that each queue holds"),
        u32("cleared_bytes", "bytes at the start of the work area that a reset clears"),
        u32("gap", "idle steps between two samples: the largest delay of a projection"),
        u32("record_steps", "steps that the recording buffers hold"),
        u32("list_at", "work offset of axonc_list_t, the input events of this core; 0 if it sends none"),
        u32("list_capacity", "packets that the list holds"),
        u32("fetch_at", "work offset of the buffer into which rows are fetched from DRAM; 0 if there are none"),
    ),
)

STATUS = Record(
    "status",
    "What a core tells its host, and is told; at the start of the work area.",
    (
        u32("slot", "the next slot to run"),
        u32("steps", "model steps of a sample, written by the host"),
        u32("samples", "samples to run one after the other, written by the host"),
        u32("received", "packets taken from the queues"),
        u32("sent", "packets sent"),
        u32("stray", "events, or packets of unknown blocks, that no projection of this core listens to"),
        u32("saturations", "state updates that were clipped"),
        u32("queue_peak", "the most packets that waited in a queue"),
        u32("dropped", "packets that found no room in a queue, counted by the platform"),
        u32("overruns", "slots that took longer than a tick, counted by the platform"),
        u32("macs", "weights added, or multiplied by an event's value and added, modulo 2^32"),
        u32("resumed", "1: the first sample goes on from states that the host wrote; it has run, but for its gap"),
        u32("fetches", "rows fetched from DRAM"),
        u32("fetched", "bytes of them, modulo 2^32"),
        u32("reserved", "0", 2),
    ),
)

POPULATION = Record(
    "population",
    "A slice of a population of neurons.",
    (
        u32("count", "neurons"),
        u32("accumulators", "accumulators: lanes of one a neuron, one lane after the other"),
        u32("start", "slot of model step 0"),
        u32("first_head", "ring index at slot 0"),
        u32("first_phase", "phase at slot 0"),
        u32("ring_mask", "depth of the accumulator ring - 1"),
        u32("clock_at", "work offset of axonc_clock_t"),
        u32("accumulators_at", "work offset of int32_t[ring depth][accumulators]"),
        u32(
            "current_at",
            "work offset of the synaptic current, or of what a gated unit gave; one state word a neuron; 0: none",
        ),
        u32(
            "voltage_at",
            "work offset of the membrane voltage or the cell, one state word a neuron; of a voltage of levels: its "
            "code, uint8_t",
        ),
        u32("synapse_at", "data offset of the synapse parameters; 0 if it has none"),
        u32("synapse_stride", "bytes from one neuron's parameters to the next; 0: all share one row"),
        u32("membrane_at", "data offset of the membrane parameters, or of axonc_gated_t"),
        u32("membrane_stride", "bytes from one neuron's parameters to the next; 0: all share one row"),
        Field("reset", "u8", "axonc_reset_t"),
        Field("old_current", "u8", "1: the membrane sees the current of the step before"),
        Field(
            "spikes",
            "u16",
            "the most events of a neuron in a step; spikes, if 1, are recorded in a bit a neuron, else in a byte",
        ),
        u32("plain", "1: one spike a step, a reset that is never pending, no lower bound"),
        u32("key", "key of the first neuron, parity 0"),
        u32("voltage_words", "words that the voltages of all neurons take"),
        u32("current_words", "words that the currents of all neurons take"),
        i32("voltage_limit", "the largest voltage in fixed point"),
        i32("current_limit", "the largest current in fixed point"),
        u32("levels_at", "data offset of axonc_levels_t; 0 if the voltage does not take levels"),
        u32(
            "shifts_at",
            "data offset of uint8_t[lanes - 1][count], the shifts of what neurons sum in all lanes but the first; 0 if "
            "they are not added",
        ),
        u32("spikes_record_at", "work offset of the recorded spikes, a row a step; 0: not recorded"),
        u32("voltage_record_at", "work offset of the recorded voltages, voltage_words a step; 0: not recorded"),
        u32("current_record_at", "work offset of the recorded currents, current_words a step; 0: not recorded"),
        u32("segment", "steps of a segment, at whose beginning the cell counts as 0; 0: there are none"),
        u32("segment_at", "work offset of the number of the next step within its segment, uint32_t; 0: none"),
    ),
)

CLOCK = Record(
    "clock",
    "Where a population stands in time.",
    (
        u32("head", "ring index of the accumulators of the step now due"),
        u32("phase", "slots since that step fell due, modulo the phases"),
        u32("step", "model steps done in this sample, idle ones included"),
        u32("sample", "samples done"),
    ),
)

LIST = Record(
    "list",
    "Input events that a core sends of its own accord, written by the host; the packets follow.",
    (
        u32("count", "packets in the list"),
        u32("next", "the first that is still to be sent; 0 at the start"),
        u32("reserved", "0", 2),
    ),
)

LISTED = Record(
    "listed",
    "A packet of a list; the list is in the order of slots. Its payload follows.",
    (u32("slot", "when to send it"), u32("key", "what to send, parity 0")),
)

ERRORS = ("none", "bad_data", "queue_overflow", "bad_format")
