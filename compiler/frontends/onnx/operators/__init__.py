"""What each ONNX operator becomes: explicit tables, one file a kind of operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..call import Call, Made
from .control import CONTROL
from .custom import CUSTOM
from .elementwise import ELEMENTWISE
from .layout import LAYOUT
from .linear import LINEAR
from .pooling import POOLING
from .quantization import QUANTIZATION
from .recurrent import RECURRENT
from .reduction import REDUCTION

OPERATORS: Mapping[str, Callable[[Call], Made]] = {
    **ELEMENTWISE,
    **LAYOUT,
    **LINEAR,
    **POOLING,
    **QUANTIZATION,
    **RECURRENT,
    **REDUCTION,
    **CONTROL,
}
"""Every standard operator with a maker of its own; others may be defined by these (see `bodies`)."""

__all__ = ["CUSTOM", "OPERATORS"]
