"""The table of targets. Backends are imported when they are asked for, so that their extras stay optional."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from axonc.ir import Diagnostic, ModelError, ToolError
from axonc.ir.target import Backend

TARGETS = {
    "reference": ("axonc.backends.reference", "Reference"),
    "native": ("axonc.backends.native", "Native"),
    "spinnaker2": ("axonc.backends.spinnaker2.backend", "SpiNNaker2"),
    "ipu": ("axonc.backends.ipu.backend", "IPU"),
}
"""Module and class of every target."""

FLOAT = {"native": ("axonc.backends.native.tensor", "NativeFloat"), "ipu": ("axonc.backends.ipu.backend", "IPUFloat")}
"""Module and class where a target runs programs with float32 weights otherwise."""

ENGINES = {"emulator": "spinnaker2", "native": "native", "reference": "reference"}
"""What can run a build: the target whose engine it is."""


def backend(name: str, weights: str | None = None) -> Backend:
    """The backend of a target, for programs with such weights (None: its default).

    Raises:
        ModelError: there is none.
        ToolError: its extra is not installed.
    """
    if name not in TARGETS:
        raise ModelError(Diagnostic("AX603", "", f"the target {name!r}", f"known: {', '.join(TARGETS)}", "choose one"))
    module, cls = FLOAT[name] if weights == "float32" and name in FLOAT else TARGETS[name]
    try:
        return cast(Backend, getattr(import_module(module), cls)())
    except ModuleNotFoundError as error:
        raise missing_extra(name, error) from error


def engine_target(engine: str) -> str:
    """The target whose engine it is; `ModelError` if there is none."""
    if engine not in ENGINES:
        raise ModelError(
            Diagnostic("AX603", "", f"the engine {engine!r}", f"known: {', '.join(ENGINES)}", "choose one")
        )
    return ENGINES[engine]


def missing_extra(name: str, error: ModuleNotFoundError) -> ToolError:
    """The error of a target whose optional dependencies are not installed."""
    remedy = f'pip install "axonc[{name}]"'
    return ToolError(Diagnostic("AX901", "", f"the target {name} needs the package {error.name}", "", remedy))
