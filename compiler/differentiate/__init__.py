"""Differentiation: from a graph in steps to the graph that walks the sequence backwards."""

from .adjoint import Backward
from .parameters import KINDS, Parameter, parameters
from .reverse import DEFAULT, differentiate

__all__ = ["DEFAULT", "KINDS", "Backward", "Parameter", "differentiate", "parameters"]
