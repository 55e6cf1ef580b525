"""What checkpoints are placed for: a chain of equal steps, their sizes and costs, and a budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite

from axonc.ir import Diagnostic, raise_if_any


@dataclass(frozen=True)
class Problem:
    """Back-propagation through ``steps`` equal steps.

    Attributes:
        steps: T, from 1.
        state: c, the bytes that a step can be computed again from.
        tape: s, the bytes that the backward step needs of its forward step.
        memory: M, the bytes on chip (of the host: in memory); None: no limit.
        fixed: bytes that are held throughout.
        per_step: bytes a step that are held throughout, such as inputs and outputs.
        head: the tape's bytes of the first step, where they are fewer; None: s.
        forward, backward: what a step costs, in any unit of time.
        bandwidth: bytes off chip (of the host: in a file) in that unit; 0: there is no such memory.
        latency: what a transfer costs beside its bytes, in that unit.
        off_chip: the bytes there; None: no limit.
        block: steps of the sequence that one of these stands for; messages say it.
    """

    steps: int
    state: int
    tape: int
    memory: int | None = None
    fixed: int = 0
    per_step: int = 0
    head: int | None = None
    forward: float = 1.0
    backward: float = 2.0
    bandwidth: float = 0.0
    latency: float = 0.0
    off_chip: int | None = None
    block: int = 1

    def __post_init__(self) -> None:
        raise_if_any(self._problems())

    @property
    def base(self) -> int:
        """The bytes that every plan holds: what is held throughout, and the state of the step that runs."""
        return self.fixed + self.per_step * self.steps + self.state

    @property
    def free(self) -> int | None:
        """The bytes on chip for checkpoints and tapes; below 0 where nothing fits."""
        return None if self.memory is None else self.memory - self.base

    @property
    def two_levels(self) -> bool:
        """Whether there is memory off chip."""
        return self.bandwidth > 0

    def tapes(self, first: int, last: int) -> int:
        """The bytes of the tapes of the steps from ``first`` to before ``last``."""
        short = 0 if self.head is None or first > 0 or last == first else self.tape - self.head
        return (last - first) * self.tape - short

    def part(self, first: int, last: int) -> Problem:
        """The steps from ``first`` to before ``last``."""
        return replace(self, steps=last - first, head=None if first else self.head)

    def transfer(self, size: float) -> float:
        """The time that ``size`` bytes take off the chip or back."""
        return self.latency + size / self.bandwidth if self.two_levels else float("inf")

    def _problems(self) -> Iterator[Diagnostic]:
        least = {"steps": 1, "state": 0, "tape": 0, "memory": 0, "fixed": 0, "per_step": 0, "head": 0, "off_chip": 0}
        for name, limit in least.items():
            value = getattr(self, name)
            if value is not None and value < limit:
                yield Diagnostic("AX821", "", f"{name}={value}", f"at least {limit}", "correct it")
        for name in ("forward", "backward", "bandwidth", "latency"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0 and (value > 0 or name != "forward")):
                bounds = "a finite number " + ("above 0" if name == "forward" else "from 0")
                yield Diagnostic("AX821", "", f"{name}={value}", bounds, "correct it")
