"""The native target: the runtime of the cores compiled for the host, the fast way through a data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from axonc.ir.machine import Machine as HostMachine

from ..spinnaker2.backend import CoreTarget
from ..spinnaker2.description import load_machine
from ..spinnaker2.engine import CoreImage, Machine, NativeMachine, Route, Wiring
from ..spinnaker2.memory import MemoryMap
from ..spinnaker2.toolchain import compile_library


@dataclass(frozen=True)
class Native(CoreTarget):
    """The same C and the same core data, run on the host. `tensor.NativeFloat` is what float32 weights ask for."""

    name: ClassVar[str] = "native"
    summary: ClassVar[str] = "the same C compiled for this computer, bit-identical; with float32 weights any graph"
    weights: ClassVar[tuple[str, ...]] = (*CoreTarget.weights, "float32")
    timed: ClassVar[bool] = False

    def machine(self, description: Path | None) -> HostMachine:
        """Few cores of large memory, with what a TOML description says instead."""
        return load_machine(description, Path(__file__).parent / "machine.toml")

    def compile(self, sources: Path, program: str) -> None:
        compile_library(sources, f"{program}.c", f"../images/{program}.so")

    def engine(
        self,
        directory: Path,
        described: Mapping[str, Any],
        cores: list[CoreImage],
        routes: list[Route],
        memory: MemoryMap,
        wiring: Wiring,
    ) -> Machine:
        images = [directory / "images" / f"{program}.so" for program in described["programs"]]
        return NativeMachine(images, cores, routes, memory, wiring=wiring)
