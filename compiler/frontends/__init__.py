"""Frontends: a model file becomes a graph of stage ``model``."""

from .nir import import_nir, read_nir, with_inputs

__all__ = ["import_nir", "read_nir", "with_inputs"]
