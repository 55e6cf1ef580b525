"""Passes: rewrites of the graph, one a file."""

from .base import Pass, run_pipeline
from .discretise import Discretise
from .equalise import Equalise
from .form import form_problems, is_quantised
from .loihi import QuantizeLoihi
from .populations import ToPopulations
from .quantize import STATES, Quantize
from .round_inputs import RoundInputs

PASSES: tuple[type[Pass], ...] = (Discretise, ToPopulations, Equalise, RoundInputs, Quantize, QuantizeLoihi)
"""Every pass, in the order in which the standard pipeline runs them."""

__all__ = [
    "PASSES",
    "STATES",
    "Discretise",
    "Equalise",
    "Pass",
    "Quantize",
    "QuantizeLoihi",
    "RoundInputs",
    "ToPopulations",
    "form_problems",
    "is_quantised",
    "run_pipeline",
]
