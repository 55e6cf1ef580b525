"""The tables of the runtime's arithmetic: C text from the interpreter's numbers."""

from __future__ import annotations

from axonc.ir.arithmetic import SEGMENTS, SIGMOID, TANH, Int64

TABLES = {"sigmoid": SIGMOID, "tanh": TANH}
COLUMNS = 12


def c_tables() -> str:
    """The text of ``axonc_tables.h``."""
    parts = [
        "/* Tables between -8 and 8 in Q0.15. Generated from the compiler's arithmetic: do not edit. */",
        "#ifndef AXONC_TABLES_H\n#define AXONC_TABLES_H",
        "#include <stdint.h>",
        f"#define AXONC_SEGMENTS {SEGMENTS}",
        *(_c_table(name, table) for name, table in TABLES.items()),
        "#endif",
    ]
    return "\n\n".join(parts) + "\n"


def _c_table(name: str, table: Int64) -> str:
    values = table.tolist()
    rows = (values[first : first + COLUMNS] for first in range(0, len(values), COLUMNS))
    lines = ["    " + ", ".join(map(str, row)) + "," for row in rows]
    return "\n".join([f"static const int16_t axonc_{name}_table[AXONC_SEGMENTS + 1] = {{", *lines, "};"])
