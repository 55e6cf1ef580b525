"""What reading a model finds: problems, which refuse it, and repairs, which are told."""

from __future__ import annotations

from dataclasses import dataclass, field

from axonc.ir import Diagnostic

Shape = tuple[int, ...]


@dataclass
class Report:
    """Both lists, in the order of finding."""

    problems: list[Diagnostic] = field(default_factory=list)
    repairs: list[Diagnostic] = field(default_factory=list)

    def refuse(self, code: str, node: str, found: str, limit: str = "", remedy: str = "") -> None:
        """Add a problem."""
        self.problems.append(Diagnostic(code, node, found, limit, remedy))

    def repair(self, code: str, node: str, found: str, done: str) -> None:
        """Add a repair: what was found, and what was done about it."""
        self.repairs.append(Diagnostic(code, node, found, done))

    def lines(self) -> str:
        """The repairs as text, one line each, none twice."""
        return "\n".join(dict.fromkeys(map(str, self.repairs)))
