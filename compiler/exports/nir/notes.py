"""What an export has to tell: one line for each thing that the format cannot express, with all nodes that it is of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from axonc.ir import Diagnostic

KEPT = "axonc's metadata in the file keep it exactly"


@dataclass
class Notes:
    """The nodes of each thing, in the order in which they were found."""

    lost: dict[str, list[str]] = field(default_factory=dict)
    renamed: list[tuple[str, str]] = field(default_factory=list)

    def lose(self, node: str, what: str) -> None:
        """NIR has no field for ``what`` of a node."""
        self.lost.setdefault(what, []).append(node)

    def diagnostics(self) -> Iterator[Diagnostic]:
        """One line each."""
        for what, nodes in self.lost.items():
            found = f"{what}; NIR has no field for it"
            yield Diagnostic("AX711", ", ".join(filter(None, nodes)), found, KEPT)
        for name, written in self.renamed:
            yield Diagnostic("AX712", name, f"written as {written!r}", KEPT)
