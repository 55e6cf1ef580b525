"""Types of numpy in C++ and in Poplar."""

CPP = {"u1": "unsigned char", "u2": "unsigned short", "u4": "unsigned int", "f4": "float"}
POPLAR = {"u1": "UNSIGNED_CHAR", "u2": "UNSIGNED_SHORT", "u4": "UNSIGNED_INT", "f4": "FLOAT"}
