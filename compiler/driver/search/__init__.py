"""The smallest program that keeps an accuracy: formats and densities of single nodes, found by measuring."""

from .result import Move, Search, Step
from .run import search

__all__ = ["Move", "Search", "Step", "search"]
