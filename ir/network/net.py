"""Populations and the projections between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ..graph import Node
from .population import Population
from .projection import Projection


@dataclass(frozen=True, eq=False)
class Network:
    """Populations (inputs first) and projections of a quantised graph."""

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]

    @cached_property
    def by_name(self) -> dict[str, Population]:
        """The populations by their names."""
        return {population.name: population for population in self.populations}

    @cached_property
    def fan_in(self) -> dict[str, tuple[Projection, ...]]:
        """The projections into each population."""
        return by_end(self.populations, self.projections, "target")

    @cached_property
    def fan_out(self) -> dict[str, tuple[Projection, ...]]:
        """The projections out of each population."""
        return by_end(self.populations, self.projections, "source")


def by_end(
    populations: Iterable[Population | Node], projections: Iterable[Projection], end: Literal["source", "target"]
) -> dict[str, tuple[Projection, ...]]:
    """The projections that have each population as an end, in their order."""
    found: dict[str, list[Projection]] = {population.name: [] for population in populations}
    for projection in projections:
        found.setdefault(getattr(projection, end), []).append(projection)
    return {name: tuple(joined) for name, joined in found.items()}
