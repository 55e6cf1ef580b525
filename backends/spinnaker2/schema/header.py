"""The C header."""

from __future__ import annotations

from .core import ABI, CLOCK, ERRORS, HEADER, LIST, LISTED, MAGIC, PARITY_BIT, PAYLOAD_WORDS, POPULATION, STATUS, UNUSED
from .neurons import GATED, LEVELS, MEMBRANE_FIXED, MEMBRANE_FLOAT, RESETS, SCALE, SYNAPSE_FIXED, SYNAPSE_FLOAT
from .record import C_TYPES, Record
from .synapses import CHANNEL, FORMATS, KERNEL, PAIR, PROJECTION, RUN, SOURCE, SYNAPSE, WIDE

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

ENUMS = (("reset", RESETS), ("format", FORMATS), ("error", ERRORS))


def _c_enum(name: str, values: tuple[str, ...]) -> str:
    members = ", ".join(f"AXONC_{name.upper()}_{value.upper()} = {i}" for i, value in enumerate(values))
    return f"typedef enum {{ {members} }} axonc_{name}_t;"


def _c_record(record: Record) -> str:
    lines = [f"/* {record.doc} */", "typedef struct {"]
    for field in record.fields:
        array = f"[{field.count}]" if field.count > 1 else ""
        comment = f" /* {field.doc} */" if field.doc else ""
        lines.append(f"    {C_TYPES[field.type]} {field.name}{array};{comment}")
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
