"""The layout of a core's data: one description for numpy and for C.

A core's program finds everything at byte offsets: ``data`` (constant, made by the compiler, one blob a core)
and ``work`` (state, accumulators, event buffers; zeroed by the runtime). ``RECORDS`` gives every struct once;
`dtype` and `c_header` turn it into the numpy record type and the C header, whose static assertions hold
both equal.
"""

from .core import (
    ABI,
    ALIGN,
    CLOCK,
    ERRORS,
    HEADER,
    LIST,
    LISTED,
    MAGIC,
    PARITY_BIT,
    PAYLOAD_WORDS,
    POPULATION,
    STATUS,
    UNUSED,
)
from .header import ENUMS, RECORDS, c_header
from .neurons import GATED, LEVELS, MEMBRANE_FIXED, MEMBRANE_FLOAT, RESETS, SCALE, SYNAPSE_FIXED, SYNAPSE_FLOAT
from .record import Field, Record
from .synapses import CHANNEL, FORMATS, KERNEL, KERNEL_EXTENT, PAIR, PROJECTION, RUN, SOURCE, SYNAPSE, WIDE

__all__ = [
    "ABI",
    "ALIGN",
    "CHANNEL",
    "CLOCK",
    "ENUMS",
    "ERRORS",
    "FORMATS",
    "GATED",
    "HEADER",
    "KERNEL",
    "KERNEL_EXTENT",
    "LEVELS",
    "LIST",
    "LISTED",
    "MAGIC",
    "MEMBRANE_FIXED",
    "MEMBRANE_FLOAT",
    "PAIR",
    "PARITY_BIT",
    "PAYLOAD_WORDS",
    "POPULATION",
    "PROJECTION",
    "RECORDS",
    "RESETS",
    "RUN",
    "SCALE",
    "SOURCE",
    "STATUS",
    "SYNAPSE",
    "SYNAPSE_FIXED",
    "SYNAPSE_FLOAT",
    "UNUSED",
    "WIDE",
    "Field",
    "Record",
    "c_header",
]
