"""Frontends: a model file becomes a graph of stage ``model``."""

from .nir import import_nir, nodes_of, read_nir, recovered_dt, seen_time_steps, with_inputs

__all__ = ["import_nir", "nodes_of", "read_nir", "recovered_dt", "seen_time_steps", "with_inputs"]
