"""Structural pruning: which units of a graph can go, and the graph without them."""

from .bounds import Bounds, bounds
from .cut import without
from .layers import Layer, layers
from .needed import needed

__all__ = ["Bounds", "Layer", "bounds", "layers", "needed", "without"]
