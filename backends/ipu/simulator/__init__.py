"""A simulator with the Poplar headers: C++ programs against the real API compile with any C++17 compiler and run.

`build_program` compiles host sources and codelets, `run_program` runs the result and returns what it printed and the
accounts of memory and cycles that the engine wrote.
"""

from __future__ import annotations

from .popc import CodeletError, compile_codelet
from .programs import Built, build_program
from .run import Finished, ProgramError, run_program

__all__ = ["Built", "CodeletError", "Finished", "ProgramError", "build_program", "compile_codelet", "run_program"]
