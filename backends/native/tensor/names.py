"""Names of the model in C: none of them reaches the text as it is."""

from __future__ import annotations

import re

LONGEST = 40

_WORDS = (
    "auto bool break case char const continue default do double else enum errno extern false float for goto if inline "
    "int long register restrict return short signed sizeof static stderr stdin stdout struct switch true typedef union "
    "unsigned void volatile while active sources numbers none"
)
RESERVED = frozenset(_WORDS.split())
"""What a member of a struct cannot be called: keywords and macros of C, and the members of every program."""


class Names:
    """Identifiers that are told apart, whatever the model calls its nodes."""

    def __init__(self, reserved: frozenset[str] = RESERVED) -> None:
        self._used: set[str] = set(reserved)

    def unique(self, name: str) -> str:
        """An identifier like ``name`` that nothing else has; it begins with a letter and has no capital ones."""
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:LONGEST].rstrip("_")
        plain = plain if plain[:1].isalpha() else f"n{plain}"
        found, count = plain, 1
        while found in self._used:
            count += 1
            found = f"{plain}_{count}"
        self._used.add(found)
        return found


def comment_text(name: str, longest: int = 60) -> str:
    """A name as it may stand in a C comment: printable ASCII, nothing that ends or starts a comment."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in "*\\" else "?" for c in name)
    plain = plain.replace("//", "/ /")
    return plain if len(plain) <= longest else plain[: longest - 3] + "..."
