"""Passes: rewrites of the graph, one a file."""

from .base import Pass, run_pipeline
from .discretise import Discretise
from .form import form_problems, is_quantised
from .loihi import QuantizeLoihi
from .populations import ToPopulations
from .prune import Prune
from .quantize import STATES, Quantize

PASSES: tuple[type[Pass], ...] = (Discretise, ToPopulations, Quantize, QuantizeLoihi)
"""Every pass, in the order in which the standard pipeline runs them."""

OPTIONAL: tuple[type[Pass], ...] = (Prune,)
"""Passes that run when they are asked for."""

__all__ = [
    "OPTIONAL",
    "PASSES",
    "STATES",
    "Discretise",
    "Pass",
    "Prune",
    "Quantize",
    "QuantizeLoihi",
    "ToPopulations",
    "form_problems",
    "is_quantised",
    "run_pipeline",
]
