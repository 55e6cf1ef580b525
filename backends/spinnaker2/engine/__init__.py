"""The machine model of a SpiNNaker2-style chip: real programs, an interpreted network, exact records."""

from __future__ import annotations

from .fault import MachineFault
from .machine import BUDGET, CoreImage, Machine, Probe, Route, RunResult
from .native import NativeMachine

__all__ = ["BUDGET", "CoreImage", "Machine", "MachineFault", "NativeMachine", "Probe", "Route", "RunResult"]
