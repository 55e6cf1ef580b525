"""A graph seen as populations and projections: the form in which many-core targets map and lower it."""

from .build import activity, joined, network, rooms
from .ends import behind_delay, output_population
from .net import Network
from .population import (
    ACTIVITY,
    ACTIVITY_GATED,
    FLOAT_LANES,
    POPULATIONS,
    Population,
    Units,
    gated_lanes,
    usual_activity,
)
from .projection import Projection, SharedKernel
from .projections import in_dram, matrices_behind, matrix_projection, projections_into

__all__ = [
    "ACTIVITY",
    "ACTIVITY_GATED",
    "FLOAT_LANES",
    "POPULATIONS",
    "Network",
    "Population",
    "Projection",
    "SharedKernel",
    "Units",
    "activity",
    "behind_delay",
    "gated_lanes",
    "in_dram",
    "joined",
    "matrices_behind",
    "matrix_projection",
    "network",
    "output_population",
    "projections_into",
    "rooms",
    "usual_activity",
]
