"""Placement of checkpoints in back-propagation through time, for any executor: problems, plans, actions."""

from .actions import Action, Do, Place
from .check import IllegalActionError, Tally, tally
from .compression import spike_bytes
from .families import KINDS
from .plan import Plan, choose, gap, longest, lower_bound, make_plan, plans
from .problem import Problem

__all__ = [
    "KINDS",
    "Action",
    "Do",
    "IllegalActionError",
    "Place",
    "Plan",
    "Problem",
    "Tally",
    "choose",
    "gap",
    "longest",
    "lower_bound",
    "make_plan",
    "plans",
    "spike_bytes",
    "tally",
]
