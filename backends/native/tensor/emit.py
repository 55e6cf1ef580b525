"""Lowering: a graph in steps becomes one C program and a file of constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axonc.ir import Graph, Node
from axonc.ir.ops import Delay, Map, Reduce, Window
from axonc.ir.serialize import to_bytes
from axonc.ir.state import carried
from axonc.ir.target import Program
from axonc.ir.version import __version__

from ...templates import environment
from .emission import Block, Emission, copied
from .emitters import EMITTERS
from .exactness import described as inexact
from .exactness import signals_of
from .loops import indented
from .memory import plan
from .names import comment_text
from .neurons import delay_taken
from .types import F32, U32
from .values import Buffer

RUNTIME = Path(__file__).parent / "runtime"
NAME = "program_0"
ALIGNMENT = 64
LINES = 400
"""About the lines of one C function: long ones take the compiler long."""


def lower(graph: Graph) -> Program:
    """The program of a checked graph."""
    text, constants, report = emit(graph, NAME)
    files = {
        "graph.axg": to_bytes(graph),
        f"src/{NAME}.c": text.encode(),
        f"data/{NAME}.bin": constants,
        **{f"src/{name}": content for name, content in runtime_files().items()},
    }
    return Program(files, report)


def runtime_files() -> dict[str, bytes]:
    """The headers of every program."""
    return {path.name: path.read_bytes() for path in sorted(RUNTIME.iterdir()) if path.is_file()}


def emit(graph: Graph, name: str) -> tuple[str, bytes, Mapping[str, Any]]:
    """The C text of a graph, its constants, and the report; ``name`` begins what the text defines."""
    e = Emission(graph)
    _step(e)
    for buffer in _lists(e):
        e.buffers[buffer.name] = buffer
        e.states.add(buffer.name)
    states, slots = plan(e)
    blob = _blob(e)
    text = (
        environment("axonc.backends.native.tensor")
        .get_template("program.c.j2")
        .render(
            name=name,
            title=comment_text(graph.name),
            nodes=len(graph.nodes),
            version=__version__,
            digest=comment_text(graph.properties.get("source_sha256", "unknown"), 64),
            kernels=sorted(e.kernels),
            constants=[buffer.declaration for buffer, _ in e.constants.values()] or ["unsigned char none[64];"],
            constant_bytes=len(blob),
            states=[*(["size_t active;"] if e.longest else []), *(state.declaration for state in states)]
            or ["unsigned char none[64];"],
            slots=[[member.declaration for member in slot.members] for slot in slots],
            reset=e.reset,
            state=_carried(e),
            parts=_parts(e.blocks),
        )
    )
    memory = {"states": sum(state.bytes for state in states), "values": sum(slot.bytes for slot in slots)}
    report = {"bytes": {"constants": len(blob), **memory}, "inexact": inexact(graph)}
    return text, blob, report


def _step(e: Emission) -> None:
    """The blocks of a step: what delays give, every other node in order, what delays take."""
    delays = [node for node in e.graph if isinstance(node.op, Delay)]
    places = {name: place for place, name in enumerate(recordable(e.graph))}
    for node in [*delays, *(node for node in e.graph.order if not isinstance(node.op, Delay))]:
        e.values[node.name] = EMITTERS[type(node.op)](node.op, node, e)
        for name in signals_of(node):
            _keep(e, name, places[name])
        e.close(_title(e, node))
    for node in delays:
        delay_taken(node, e)
        e.close(f"{comment_text(node.name)} takes its input.")


@dataclass(frozen=True)
class Part:
    """A part of the state: where it lies, its bytes, and, of a delay, the steps that its ring holds, else 1."""

    pointer: str
    bytes: int
    steps: int


def _carried(e: Emission) -> list[Part]:
    """What a run takes over and hands on, in the order of `axonc.ir.state.carried`."""
    found = []
    for name in carried(e.graph):
        value, op = e.values[name], e.graph[name.rpartition(":")[0]].op
        steps = op.steps if isinstance(op, Delay) else 1
        found.append(Part(value.pointer, value.size * value.dtype.itemsize, steps))
    return found


def _keep(e: Emission, name: str, place: int) -> None:
    """Record a signal if it is wanted."""
    value = e.values[name]
    if value.contiguous:
        e.emit([f"axonc_keep(call, {place}, {value.pointer}, {value.size * value.dtype.itemsize});"])
    else:
        laid = e.new(f"{name}_kept", value.shape, value.dtype)
        keep = f"axonc_keep(call, {place}, {laid.pointer}, {laid.size * laid.dtype.itemsize});"
        e.emit([f"if (call->records[{place}] != NULL) {{", *indented([*copied(laid, value), keep]), "}"])


def recordable(graph: Graph) -> tuple[str, ...]:
    """Every node and every state."""
    return tuple(name for node in graph for name in signals_of(node))


def _title(e: Emission, node: Node) -> str:
    function = f" {node.op.function}" if isinstance(node.op, (Map, Reduce, Window)) else ""
    origin = f", of {comment_text(node.origin)}" if node.origin not in ("", node.name) else ""
    return f"{comment_text(node.name)}: {node.op.name}{function} -> {e.graph.signals[node.name]}{origin}"


def _lists(e: Emission) -> list[Buffer]:
    """The sources of a matrix that are not 0, and their values."""
    return [Buffer("sources", U32, e.longest), Buffer("numbers", F32, e.longest)] if e.longest else []


def _blob(e: Emission) -> bytes:
    """All constants, each on a multiple of 64 bytes, as C lays out their struct."""
    parts = [array.tobytes().ljust(array.dtype.itemsize, b"\0") for _, array in e.constants.values()]
    return b"".join(part + bytes(-len(part) % ALIGNMENT) for part in parts) or bytes(ALIGNMENT)


def _parts(blocks: Sequence[Block]) -> list[list[Block]]:
    """The blocks in functions of about `LINES` lines."""
    parts: list[list[Block]] = [[]]
    for block in blocks:
        if sum(len(other.lines) for other in parts[-1]) > LINES:
            parts.append([])
        parts[-1].append(block)
    return parts
