"""Building and running a program: one library for each level of the host's vectors, called sample by sample."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from axonc.ir import Diagnostic, Graph, ModelError, Result
from axonc.ir.interpret.run import Carried, Data, batches, check_references, initial_state, result
from axonc.ir.ops import Array, Delay
from axonc.ir.state import State, carried, held_as, sample_of, state_of

from ...spinnaker2.engine.bindings import host_level
from ...spinnaker2.toolchain import HOST_FORMS, build_shared, library_form
from .emit import ALIGNMENT, NAME, emit, recordable, runtime_files
from .held import held_types
from .types import F32, DType, carrier

OPTIONS = ("-fno-math-errno", "-lm")


def build(directory: Path, name: str = NAME) -> None:
    """Compile the program of that name in ``src/`` into ``images/``."""
    (directory / "images").mkdir(exist_ok=True)
    levels = HOST_FORMS if platform.machine().lower() in ("x86_64", "amd64") else (0,)

    def form(level: int) -> None:
        output = library_form(Path(f"../images/{name}.so"), level)
        build_shared(directory / "src", [f"{name}.c"], str(output), options=(*HOST_FORMS[level], *OPTIONS))

    with ThreadPoolExecutor() as pool:
        list(pool.map(form, levels))


@dataclass(frozen=True)
class Compiled:
    """A program in memory: its library, the prefix of its functions, its constants. Runs share nothing."""

    library: ctypes.CDLL
    name: str
    constants: Array

    def run(self, graph: Graph, data: Mapping[str, Array], record: Sequence[str] = ()) -> dict[str, Array]:
        """Outputs and recorded signals over data [B, T, *shape] by input name, each sample from the initial state."""
        return self.run_on(graph, data, record)[0]

    def run_on(
        self, graph: Graph, data: Mapping[str, Array], record: Sequence[str] = (), state: State | None = None
    ) -> tuple[dict[str, Array], State]:
        """The same from a complete state of the batch (None: the initial one), and the state at the end."""
        batch, steps = next(iter(data.values())).shape[:2]
        types = held_types(graph)
        given = [_as_held(data[node.name], types[node.name]) for node in graph.inputs]
        wanted = list(dict.fromkeys([*(node.name for node in graph.outputs), *record]))
        forms = _forms(graph, types, wanted)
        traces = {name: np.zeros((batch, steps, *shape), carrier(dtype)) for name, (shape, dtype) in forms.items()}
        memory = aligned(int(getattr(self.library, f"{self.name}_memory_bytes")()))
        places = recordable(graph)
        held = _as_held_state(graph, types, state or initial_state(graph, batch))
        for sample in range(batch):
            inputs = (ctypes.c_void_p * len(given))(*(array[sample].ctypes.data for array in given))
            records = (ctypes.c_void_p * len(places))()
            for name, trace in traces.items():
                records[places.index(name)] = trace[sample].ctypes.data
            parts = (ctypes.c_void_p * len(held))(*(array[sample, ...].ctypes.data for array in held.values()))
            self._call(graph, memory, steps, inputs, records, parts)
        signals = carried(graph)
        with np.errstate(invalid="ignore"):  # NaN stays NaN in the narrow types too
            left = {name: array.astype(held_as(signals[name]), copy=False) for name, array in held.items()}
            return {name: trace.astype(forms[name][1], copy=False) for name, trace in traces.items()}, left

    def _call(self, graph: Graph, memory: Array, steps: int, inputs: Any, records: Any, state: Any) -> None:
        function = getattr(self.library, f"{self.name}_run")
        pointers = (ctypes.c_void_p(of.ctypes.data) for of in (memory, self.constants))
        if failed := function(*pointers, ctypes.c_size_t(steps), inputs, records, state):
            name = graph.order[failed - 1].name
            found, limit = "an index outside of what it indexes", "they run from 0, or from the end if negative"
            raise ModelError(Diagnostic("AX701", name, found, limit, "correct the data"))


def _forms(graph: Graph, types: Mapping[str, DType], names: Sequence[str]) -> dict[str, tuple[tuple[int, ...], DType]]:
    """Shape and type of what is recorded; states are float32."""
    known = {}
    for node in graph:
        known[node.name] = (graph.signals[node.name].shape, types[node.name])
        states = node.op.states()
        known.update({f"{node.name}:{state}": (signal.shape, F32) for state, signal in states.items()})
    return {name: known[name] for name in names}


def _as_held(array: Array, dtype: DType) -> Array:
    """An input in the type that C holds it in."""
    with np.errstate(invalid="ignore"):
        return np.ascontiguousarray(array.astype(dtype, copy=False).astype(carrier(dtype), copy=False))


def _as_held_state(graph: Graph, types: Mapping[str, DType], state: State) -> dict[str, Array]:
    """A copy of a state in the types that C holds its parts in: lines in those of their delays."""
    own = {f"{node.name}:line": types[node.name] for node in graph if isinstance(node.op, Delay)}
    held = {name: own.get(name, held_as(signal)) for name, signal in carried(graph).items()}
    return {name: np.array(_as_held(state[name], dtype), order="C") for name, dtype in held.items()}


def aligned(size: int) -> Array:
    """Memory on a multiple of 64 bytes."""
    whole = np.empty(size + ALIGNMENT, np.uint8)
    return whole[-whole.ctypes.data % ALIGNMENT :][:size]


def opened(directory: Path) -> Compiled:
    """The program built in a directory, in the form with the widest vectors that this processor has."""
    library = directory / "images" / f"{NAME}.so"
    forms = (library_form(library, level) for level in HOST_FORMS if level <= host_level())
    best = next((form for form in forms if form.exists()), library)
    return _opened(directory, best, best.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _opened(directory: Path, library: Path, changed: int) -> Compiled:
    stored = np.fromfile(directory / "data" / f"{NAME}.bin", np.uint8)
    return _loaded(ctypes.CDLL(str(library.resolve())), NAME, stored)


def _loaded(library: ctypes.CDLL, name: str, stored: Array) -> Compiled:
    getattr(library, f"{name}_memory_bytes").restype = ctypes.c_size_t
    getattr(library, f"{name}_run").restype = ctypes.c_int
    constants = aligned(stored.size)
    constants[:] = stored
    return Compiled(library, name, constants)


def compiled_together(graphs: Sequence[Graph], folder: Path) -> list[Compiled]:
    """Programs of many checked graphs in one library for any host of the architecture, made in ``folder``: one call
    of the compiler instead of one for each."""
    emitted = [emit(graph, f"program_{index}") for index, graph in enumerate(graphs)]
    files = {f"program_{index}.c": text.encode() for index, (text, _, _) in enumerate(emitted)}
    all_of_them = "".join(f'#include "{name}"\n' for name in files).encode()
    for name, content in {**runtime_files(), **files, "all.c": all_of_them}.items():
        (folder / name).write_bytes(content)
    build_shared(folder, ["all.c"], "all.so", options=(*HOST_FORMS[0], *OPTIONS))
    library = ctypes.CDLL(str((folder / "all.so").resolve()))
    constants = (np.frombuffer(blob, np.uint8) for _, blob, _ in emitted)
    return [_loaded(library, f"program_{index}", stored) for index, stored in enumerate(constants)]


def run(directory: Path, graph: Graph, x: Data, record: Sequence[str], state: Carried | None = None) -> Result:
    """The result of the program built in ``directory``, as `interpret` gives it."""
    data, batched = batches(graph, x)
    check_references(graph, record, recordable(graph))
    first = None if state is None else state_of(graph, state, len(next(iter(data.values()))))
    traces, left = opened(directory.resolve()).run_on(graph, data, record, first)
    shaped = {name: trace if batched else trace[0] for name, trace in traces.items()}
    outputs = {node.name: shaped[node.name] for node in graph.outputs}
    last = left if batched else sample_of(left, 0)
    return result(graph, outputs, {name: shaped[name] for name in record}, state=last)


__all__ = ["Compiled", "aligned", "build", "compiled_together", "opened", "run"]
