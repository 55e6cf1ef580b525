"""Exports: a graph becomes a model file that other tools read."""

from .nir import Exported, export_nir

__all__ = ["Exported", "export_nir"]
