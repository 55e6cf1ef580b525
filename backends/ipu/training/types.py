"""Types of numpy in C++ and in Poplar."""

CPP = {"u1": "unsigned char", "u4": "unsigned int", "f4": "float"}
POPLAR = {"u1": "UNSIGNED_CHAR", "u4": "UNSIGNED_INT", "f4": "FLOAT"}
