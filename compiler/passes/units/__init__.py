"""Structural pruning: which units of a graph can go, and the graph without them."""

from .bounds import Bounds, bounds
from .cut import without
from .fold import folded
from .layers import Layer, layers
from .needed import needed

__all__ = ["Bounds", "Layer", "bounds", "folded", "layers", "needed", "without"]
