"""Passes: rewrites of the graph, one a file."""

from .base import Pass, run_pipeline
from .discretise import Discretise
from .equalise import Equalise
from .form import form_problems, is_quantised
from .host import AUTO, CORE_OPS, HostNodes
from .loihi import QuantizeLoihi
from .populations import ToPopulations
from .prune import Prune
from .prune_groups import PruneGroups
from .prune_masks import Masks, PruneMasks
from .quantize import STATES, Quantize
from .remove_silent import RemoveSilent
from .remove_units import RemoveUnits
from .round_inputs import RoundInputs, rounded_sources
from .split_inputs import SplitInputs, splits
from .tune_thresholds import TuneThresholds

PASSES: tuple[type[Pass], ...] = (Discretise, ToPopulations, Equalise, RoundInputs, Quantize, QuantizeLoihi)
"""Every pass, in the order in which the standard pipeline runs them."""

OPTIONAL: tuple[type[Pass], ...] = (
    Prune,
    PruneGroups,
    PruneMasks,
    TuneThresholds,
    RemoveSilent,
    RemoveUnits,
    SplitInputs,
)
"""Passes that run when they are asked for, or needed."""

__all__ = [
    "AUTO",
    "CORE_OPS",
    "OPTIONAL",
    "PASSES",
    "STATES",
    "Discretise",
    "Equalise",
    "HostNodes",
    "Masks",
    "Pass",
    "Prune",
    "PruneGroups",
    "PruneMasks",
    "Quantize",
    "QuantizeLoihi",
    "RemoveSilent",
    "RemoveUnits",
    "RoundInputs",
    "SplitInputs",
    "ToPopulations",
    "TuneThresholds",
    "form_problems",
    "is_quantised",
    "rounded_sources",
    "run_pipeline",
    "splits",
]
