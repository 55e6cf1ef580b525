"""Graphs in float as C for this computer: one program, whatever the graph is made of."""

from .check import problems
from .exactness import TOLERANCE, inexact_operation
from .lower import lower, recordable
from .run import build, run

__all__ = ["TOLERANCE", "build", "inexact_operation", "lower", "problems", "recordable", "run"]
