"""``axonc sweep``: a grid of options of a compilation over a data set, and the best of its points."""

from .result import Sweep
from .run import sweep

__all__ = ["Sweep", "sweep"]
