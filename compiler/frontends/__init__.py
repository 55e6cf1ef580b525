"""Frontends: a model file becomes a graph, of stage ``model`` from NIR, in steps from ONNX."""

from .nir import import_nir, read_nir, recovered_dt, seen_time_steps
from .onnx import OnnxOptions, import_onnx, parse_options, read_onnx

__all__ = [
    "OnnxOptions",
    "import_nir",
    "import_onnx",
    "parse_options",
    "read_nir",
    "read_onnx",
    "recovered_dt",
    "seen_time_steps",
]
