"""Frontends: a model file becomes a graph, of stage ``model`` from NIR, in steps from ONNX (in `onnx`, loaded when
it is needed)."""

from .nir import import_nir, nodes_of, read_nir, recovered_dt, seen_time_steps, with_inputs

__all__ = ["import_nir", "nodes_of", "read_nir", "recovered_dt", "seen_time_steps", "with_inputs"]
