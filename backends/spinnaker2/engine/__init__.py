"""The machine model of a SpiNNaker2-style chip: real programs, an interpreted network, exact records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..toolchain import ToolchainError
from .fault import MachineFault
from .inputs import NOTHING, Inputs
from .machine import BRANCH_CYCLES, BUDGET, CoreImage, Machine, Probe, RunResult, Write, processors
from .native import NativeMachine
from .wiring import Route, Wiring

if TYPE_CHECKING:
    from .emulated import EmulatedMachine

__all__ = [
    "BRANCH_CYCLES",
    "BUDGET",
    "NOTHING",
    "CoreImage",
    "Inputs",
    "Machine",
    "MachineFault",
    "NativeMachine",
    "Probe",
    "Route",
    "RunResult",
    "Wiring",
    "Write",
    "load_emulated_machine",
    "processors",
]


def load_emulated_machine() -> type[EmulatedMachine]:
    """`EmulatedMachine`. Imported when asked for: the host's machine does without the emulator's packages."""
    try:
        from .emulated import EmulatedMachine
    except ImportError as error:
        raise ToolchainError(f'{error.name} is missing; pip install "axonc[spinnaker2]"') from error
    return EmulatedMachine
