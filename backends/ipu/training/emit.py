"""Emitting the project of a training: the parts that all have, and one program that says what `Training` says."""

from __future__ import annotations

from collections.abc import Mapping
from math import isinf
from pathlib import Path
from typing import Any

import numpy as np

from axonc.ir.version import __version__

from ...native.tensor.names import RESERVED, Names, comment_text
from ...templates import environment
from ..cpp import KEYWORDS, cpp_string
from ..emit import NATIVE
from ..emit import RUNTIME as OF_TARGET
from ..layout import Layout
from ..pack import ALIGNMENT
from .pieces import Call, Execute, Field, Number, Repeat, Stage, Step, Stream, Tensor, Transfer, Vertices
from .program import Training
from .types import POPLAR
from .walk import stages_of, tensors_of

HERE = Path(__file__).parent
RUNTIME = HERE / "runtime"
SHARED = ("host.cpp", "host.hpp", "network.hpp", "tensors.cpp", "codelets/workers.hpp", "codelets/neurons.hpp")
"""What it has in common with programs that do not train."""
NUMBERS = (NATIVE / "functions.h", NATIVE.parents[1] / "training" / "runtime" / "elements.h")
"""Functions, losses and moves of parameters: the same files as on this computer."""


def runtime_files() -> dict[str, bytes]:
    """What every project of a training has, by relative path."""
    paths = sorted(path for path in RUNTIME.rglob("*") if path.suffix in (".cpp", ".hpp"))
    own = {path.relative_to(RUNTIME).as_posix(): path.read_bytes() for path in paths}
    numbers = {f"codelets/{path.name}": path.read_bytes() for path in NUMBERS}
    return {**{name: (OF_TARGET / name).read_bytes() for name in SHARED}, **numbers, **own}


def emit(training: Training) -> dict[str, bytes]:
    """All source files by relative path."""
    files = runtime_files()
    hosted = sorted([*(name for name in files if name.endswith(".cpp") and "/" not in name), "program.cpp"])
    texts = {
        "program.cpp": _render("training.cpp.j2", **_Writer(training, files).program()),
        "CMakeLists.txt": _render("CMakeLists.txt.j2", sources=hosted),
    }
    return {**files, **{name: text.encode() for name, text in texts.items()}}


def pack(training: Training) -> bytes:
    """``weights.bin``: what the program begins with, in the order of its uploads."""
    parts = (np.ascontiguousarray(array).tobytes() for array in training.draft.stored.values())
    return b"".join(part + bytes(-len(part) % ALIGNMENT) for part in parts)


class _Writer:
    """Names in C++, and the texts that use them."""

    def __init__(self, training: Training, files: Mapping[str, bytes]) -> None:
        self.training = training
        self.codelets = sorted(name for name in files if name.startswith("codelets/") and name.endswith(".cpp"))
        members, locals_ = Names(RESERVED | KEYWORDS), Names(RESERVED | KEYWORDS | LOCALS)
        self.tensors = {tensor: members.unique(tensor.name) for tensor in tensors_of(training)}
        self.layouts = self._layouts(training, locals_)
        self.stages = {stage: locals_.unique(stage.name) for stage in stages_of(training)}
        self.functions = {function: locals_.unique(f"do {function.name}") for function in training.functions}
        self.buffers = {
            buffer: locals_.unique(buffer.name) for buffer in (*training.inputs.values(), *training.checkpoints)
        }

    def _layouts(self, training: Training, names: Names) -> dict[Layout, str]:
        """Every layout by a name: that of the first forward node on it; where there is none, that of its tile."""
        found: dict[Layout, str] = {}
        for (side, node), place in training.draft.places.items():
            if side == "forward" and place.layout not in found:
                found[place.layout] = names.unique(f"on {node}")
        used = [*(tensor.layout for tensor in self.tensors)]
        used += [vertices.layout for stage in stages_of(training) for vertices in stage.vertices]
        for layout in used:
            if layout not in found:
                found[layout] = names.unique(f"on tile {layout.first_tile}")
        return found

    def program(self) -> dict[str, Any]:
        training, graph = self.training, self.training.task.forward
        step = self._sequence(training.step, "  ")  # in the order in which the host sends and receives
        return {
            "title": "A network" if not graph.name else comment_text(graph.name),
            "version": __version__,
            "digest": graph.properties.get("source_sha256", "unknown"),
            "steps": training.task.steps,
            "batch": training.task.batch,
            "layouts": [
                {"var": var, "neurons": layout.neurons, "first": layout.first_tile, "each": layout.per_tile}
                for layout, var in self.layouts.items()
            ],
            "tensors": [self._tensor(tensor) for tensor in self.tensors],
            "stored": [self._tensor(tensor) for tensor in training.draft.stored],
            "stages": [self._stage(stage) for stage in self.stages],
            "system": cpp_string(training.machine.system),
            "tiles": training.machine.tiles,
            "codelets": list(map(cpp_string, self.codelets)),
            "buffers": [
                {
                    "var": var,
                    "name": cpp_string(buffer.name),
                    "tensors": [f"n.{self.tensors[tensor]}" for tensor in buffer.tensors],
                    "rows": buffer.rows,
                }
                for buffer, var in self.buffers.items()
            ],
            "inputs": [
                {"var": self.buffers[buffer], "name": cpp_string(buffer.name)} for buffer in training.inputs.values()
            ],
            "learned": [{"var": self.tensors[tensor], "name": cpp_string(tensor.name)} for tensor in training.left],
            "functions": [
                {"var": var, "comment": comment_text(function.name), "body": self._sequence(function.body, "  ")}
                for function, var in self.functions.items()
            ],
            "begin": self._one(Execute(training.begin), "  "),
            "step": step,
        }

    def _tensor(self, tensor: Tensor) -> dict[str, str]:
        return {
            "var": self.tensors[tensor],
            "type": POPLAR[tensor.dtype],
            "name": cpp_string(tensor.name),
            "layout": self.layouts[tensor.layout],
            "sizes": _sizes(tensor),
        }

    def _stage(self, stage: Stage) -> dict[str, Any]:
        return {
            "function": self.stages[stage],
            "name": cpp_string(stage.name),
            "vertices": [self._vertices(vertices) for vertices in stage.vertices],
        }

    def _vertices(self, vertices: Vertices) -> dict[str, Any]:
        return {
            "codelet": cpp_string(vertices.codelet),
            "layout": self.layouts[vertices.layout],
            "fields": [self._field(field) for field in vertices.fields],
            "numbers": [f'{{"{name}", {_number(value)}}}' for name, value in vertices.numbers.items()],
            "instructions": vertices.instructions,
        }

    def _field(self, field: Field) -> str:
        names = [f"n.{self.tensors[tensor]}" for tensor in field.tensors]
        if field.rows:
            return f'FieldOf::rows("{field.name}", {{{", ".join(names)}}})'
        if not names:
            return f'FieldOf::none("{field.name}", {POPLAR[field.dtype]})'
        like = "" if field.like is None else f", Pieces{{{self.layouts[field.like.layout]}, {_sizes(field.like)}}}"
        return f'FieldOf::{field.view}("{field.name}", {names[0]}{like})'

    def _sequence(self, steps: tuple[Step, ...], indent: str) -> str:
        inner = indent + "    "
        lines = [inner + self._one(step, inner) for step in steps]
        return "Sequence{\n" + ",\n".join(lines) + f"\n{indent}}}" if lines else "Sequence()"

    def _one(self, step: Step, indent: str) -> str:
        if isinstance(step, Execute):
            return f"Execute({self.stages[step.stage]}(graph, n))"
        if isinstance(step, Call):
            return f"Call({self.functions[step.function]})"
        if isinstance(step, Repeat):
            return f"Repeat({step.count}, {self._sequence(step.body, indent)})"
        if isinstance(step, Stream):
            name, way = self.tensors[step.tensor], "send" if step.away else "receive"
            return f'trainer.{way}("{step.tensor.name}", n.{name})'
        return self._transfer(step)

    def _transfer(self, step: Transfer) -> str:
        rows, index = self.buffers[step.buffer], f"n.{self.tensors[step.index]}.tensor"
        ends = f"{rows}.tensor, {rows}.buffer" if step.away else f"{rows}.buffer, {rows}.tensor"
        return f"Copy({ends}, {index})"


_WORDS = "graph n set store trainer device arguments begin step run axonc poplar program"
LOCALS = frozenset(_WORDS.split())
"""What the functions of the program call their own."""


def _sizes(tensor: Tensor) -> str:
    """As `Pieces` has them."""
    return f"{tensor.each}, {tensor.fixed}" if tensor.fixed else f"{tensor.each}"


def _number(value: Number) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}U"
    if isinf(value):
        return "INFINITY"
    return f"{np.float32(value)}F"  # as many digits as tell it apart; there is a point or an exponent


def _render(template: str, **values: object) -> str:
    return environment("axonc.backends.ipu.training", "axonc.backends.ipu").get_template(template).render(values)
