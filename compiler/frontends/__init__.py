"""Frontends: a model file becomes a graph of stage ``model``."""

from .nir import import_nir, read_nir, recovered_dt, seen_time_steps

__all__ = ["import_nir", "read_nir", "recovered_dt", "seen_time_steps"]
