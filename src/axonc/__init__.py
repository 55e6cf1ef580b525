"""axonc: a neuromorphic compiler. NIR and ONNX models become C for many-core machines, equal to a reference.

>>> graph = axonc.load("model.nir", semantics="snntorch,dt=1e-4")
>>> program = axonc.compile(graph, target="spinnaker2")
>>> result = program.run(x, record=["lif1"])
"""

from axonc.compiler.driver.api import compile
from axonc.compiler.driver.evaluate import evaluate
from axonc.compiler.driver.export_model import export
from axonc.compiler.driver.loading import load
from axonc.compiler.driver.planning import plan
from axonc.compiler.driver.program import Program
from axonc.compiler.driver.program import open_build as open
from axonc.compiler.driver.prune import prune
from axonc.compiler.driver.search import search
from axonc.compiler.driver.sweep import sweep
from axonc.compiler.driver.train import train
from axonc.compiler.semantics import Semantics
from axonc.ir import (
    AxoncError,
    Diagnostic,
    Graph,
    MismatchError,
    ModelError,
    Result,
    ToolError,
    initial_state,
    interpret,
)
from axonc.ir.version import __version__

__all__ = [
    "AxoncError",
    "Diagnostic",
    "Graph",
    "MismatchError",
    "ModelError",
    "Program",
    "Result",
    "Semantics",
    "ToolError",
    "__version__",
    "compile",
    "evaluate",
    "export",
    "initial_state",
    "interpret",
    "load",
    "open",
    "plan",
    "prune",
    "search",
    "sweep",
    "train",
]
