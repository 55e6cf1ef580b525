"""Recording on the cores: which buffers a slice has and how large they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from axonc.ir.mapping import Slice
from axonc.ir.network import Units
from axonc.ir.ops import FixedGated
from axonc.ir.target import HostInterface

from .memory import round_up
from .parameters import Place, equations, has_second_state, state_bytes, state_dtype, state_place
from .schema import ALIGN

WORD_BITS = 32


@dataclass(frozen=True)
class Buffer:
    """A recorded signal of a slice: the ``field`` of a population record that points at it, the references by which
    it is asked for (``lif1``, ``lif1:v``), the bytes of a step and the number format."""

    field: str
    names: tuple[str, ...]
    row_bytes: int
    format: str


@dataclass(frozen=True)
class Recording:
    """The buffers of a slice, each for ``steps`` steps."""

    buffers: tuple[Buffer, ...] = ()
    steps: int = 0

    @property
    def bytes(self) -> int:
        """Bytes of all of them."""
        return sum(self.buffer_bytes(buffer) for buffer in self.buffers)

    def buffer_bytes(self, buffer: Buffer) -> int:
        """Bytes of one."""
        return round_up(self.steps * buffer.row_bytes, ALIGN)


def recording(op: Units, part: Slice, host: HostInterface) -> Recording:
    """What the host wants to be recorded of a slice."""
    wanted = set(host.record)
    return Recording(tuple(b for b in _buffers(op, part) if wanted.intersection(b.names)), host.record_steps)


def _buffers(op: Units, part: Slice) -> Iterator[Buffer]:
    """All that can be recorded; the output of a population without a gate is its voltage."""
    name = part.population
    if isinstance(op, FixedGated):
        yield from _gated_buffers(op, name, _state(op, part, "voltage"))
        return
    gate = equations(op).gate
    if gate is not None:
        bits = gate.spikes == 1
        row = round_up(part.count, WORD_BITS) // 8 if bits else round_up(part.count, 4)
        yield Buffer("spikes_record_at", (name,), row, "bits" if bits else "uint8")
    voltage = (f"{name}:v",) if gate is not None else (f"{name}:v", name)
    yield replace(_state(op, part, "voltage"), names=voltage)
    if has_second_state(op):
        yield replace(_state(op, part, "current"), names=(f"{name}:i",))


def _state(op: Units, part: Slice, place: Place) -> Buffer:
    """The buffer of a state that has no name yet."""
    row = round_up(part.count * state_bytes(op, place), 4)
    return Buffer(f"{place}_record_at", (), row, state_dtype(op, place).name)


def _gated_buffers(op: FixedGated, name: str, state: Buffer) -> Iterator[Buffer]:
    """The cell of gated units and what they gave, which may be the same."""
    references = {f"{name}:{cell}": state_place(op, cell) for cell in op.states()} | {name: state_place(op, None)}
    for place in ("voltage", "current"):
        if names := tuple(reference for reference, found in references.items() if found == place):
            yield replace(state, field=f"{place}_record_at", names=names)
