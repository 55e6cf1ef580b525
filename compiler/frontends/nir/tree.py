"""A model as it stands in a file or in memory, before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

METADATA = "axonc"
"""The entry of a node's metadata that is axonc's own."""


@dataclass(frozen=True)
class Tree:
    """One node: its type, its fields, what its writer remarked and, for a graph, its nodes and edges."""

    type: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    nodes: Mapping[str, Tree] = field(default_factory=dict)
    edges: tuple[tuple[str, str], ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> Mapping[str, Any] | None:
        """What axonc keeps in the metadata; None where it keeps nothing."""
        kept = self.metadata.get(METADATA)
        return kept if isinstance(kept, Mapping) else None
