"""Frontends: a model file becomes a graph of stage ``model``."""

from .nir import import_nir, nodes_of, read_nir, with_inputs

__all__ = ["import_nir", "nodes_of", "read_nir", "with_inputs"]
