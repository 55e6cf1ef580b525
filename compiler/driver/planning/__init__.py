"""``axonc plan``: where to keep checkpoints of a sequence that training goes back through."""

from .result import Planning
from .run import plan

__all__ = ["Planning", "plan"]
