"""The reference interpreter: what a graph in steps means, in numpy."""

from .kernels import KERNELS, Kernel, Precision
from .run import initial_state, interpret, split_reference

__all__ = ["KERNELS", "Kernel", "Precision", "initial_state", "interpret", "split_reference"]
