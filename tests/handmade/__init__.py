"""Helpers of the backend tests: cores built by hand, what they must compute, and their executables."""

from __future__ import annotations

from .build import compile_program, make_machine
from .cores import LOCAL_BITS, Core, Layout, Population, Projection, build_core, program_text
from .simulation import Simulation

__all__ = [
    "LOCAL_BITS",
    "Core",
    "Layout",
    "Population",
    "Projection",
    "Simulation",
    "build_core",
    "compile_program",
    "make_machine",
    "program_text",
]
