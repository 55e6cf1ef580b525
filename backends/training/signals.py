"""How training programs hold signals."""

from __future__ import annotations

from axonc.ir import Kind, Signal


def type_of(signal: Signal) -> str:
    """The numpy type in which a signal is held: events, as many as a byte counts, or floats."""
    return "u1" if signal.kind is Kind.EVENT and signal.peak <= 255 else "f4"
