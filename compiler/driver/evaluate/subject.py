"""What is evaluated: the stages of one compilation, as files that a worker anywhere can open."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from pathlib import Path
from threading import Lock

from axonc.ir import Diagnostic, Graph, Kind, ModelError, Result, interpret
from axonc.ir.host import parts
from axonc.ir.ops import Array, FixedGated, FixedNeuron, Input, QuantConv, QuantLinear, ToFixed
from axonc.ir.serialize import load_graph
from axonc.ir.target import RunOptions

from ..pipeline import PRUNED
from ..program import Program
from ..targets import backend, missing_extra
from ..units import SENT, UNITS

FLOAT, CUT, QUANTISED, MAPPED = STAGES = ("float", "pruned", "quantised", "mapped")
"""The graph before compilation, in float32; the same as it was pruned; the compiled graph, interpreted; the compiled
program, run."""


@dataclass(frozen=True)
class Layer:
    """An input (of the cores, where the host computes it) or a population: its neurons, whether it sends events,
    whether these are graded, and the names of its states (``lif1:v``)."""

    name: str
    size: int
    given: bool
    events: bool
    states: tuple[str, ...]
    graded: bool = False


def layers_of(graph: Graph) -> list[Layer]:
    """The inputs and populations of a graph in steps, in the order in which a step computes them."""
    cores = parts(graph).cores
    return [
        Layer(
            node.name,
            prod(cores.signals[node.name].shape),
            isinstance(node.op, Input),
            cores.signals[node.name].kind in SENT or _is_rounded(cores, node.name),
            tuple(f"{node.name}:{state}" for state in node.op.states() if state in ("v", "i", "c")),
            cores.signals[node.name].kind is not Kind.EVENT,
        )
        for node in cores.order
        if isinstance(node.op, (Input, *UNITS))
    ]


def _is_rounded(graph: Graph, name: str) -> bool:
    return any(isinstance(reader.op, ToFixed) for reader in graph.consumers[name])


@dataclass(frozen=True)
class Parcel:
    """The files of a subject: in a ``folder`` of this computer, or themselves, to be sent elsewhere."""

    digest: str
    folder: Path | None = None
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def packed(self) -> Parcel:
        """One that is independent of this computer's folders."""
        return self if self.folder is None else replace(self, folder=None, files=_files(self.folder))


def _files(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@dataclass(frozen=True)
class Subject:
    """An opened parcel: the graph of every stage, and the build that the stage ``mapped`` runs on ``engine``."""

    stages: Mapping[str, Graph]
    build: Path
    engine: str

    @cached_property
    def layers(self) -> list[Layer]:
        """Those of the last stage."""
        return layers_of(list(self.stages.values())[-1])

    def run(self, stage: str, x: Mapping[str, Array], record: Sequence[str], keep_going: bool) -> Result:
        """One stage over samples [B, T, *shape]."""
        graph = self.stages[stage]
        if stage != MAPPED:
            return interpret(graph, x, record)
        try:
            program = Program(self.build)
            chosen = program.backend if self.engine == program.target else backend(self.engine)
            options = RunOptions(keep_going=keep_going, threads=1)  # it is workers that share the processors
            return chosen.run(self.build, graph, x, record, options)
        except ModuleNotFoundError as error:
            raise missing_extra(self.engine, error) from error


@contextmanager
def packed_program(program: Program, graph: Graph | None, engine: str | None) -> Iterator[Parcel]:
    """A parcel of a program, built for what runs it, and of the graph that it was compiled from."""
    chosen = program.engine(engine)
    with tempfile.TemporaryDirectory(prefix="axonc-evaluate-") as made:
        folder = Path(made)
        shutil.copytree(program.directory, folder / "build", ignore=shutil.ignore_patterns("golden"))
        if chosen.name not in (program.target, "reference"):
            try:
                chosen.build(folder / "build")
            except ModuleNotFoundError as error:
                raise missing_extra(chosen.name, error) from error
        (folder / "engine").write_text(chosen.name)
        if graph is not None:
            _require_same_inputs(graph, program.graph)
            graph.save(folder / "float.axg")
        digest = hashlib.sha256(repr(sorted(_digests(folder))).encode()).hexdigest()
        yield Parcel(digest, folder)


def _digests(folder: Path) -> Iterator[tuple[str, str]]:
    for name, content in _files(folder).items():
        yield name, hashlib.sha256(content).hexdigest()


def _require_same_inputs(graph: Graph, compiled: Graph) -> None:
    ours, theirs = ({n.name: g.signals[n.name].shape for n in (*g.inputs, *g.outputs)} for g in (graph, compiled))
    if ours != theirs or graph.stage != "steps":
        limit = "its inputs and outputs are those of the program"
        raise ModelError(Diagnostic("AX706", "", "the graph is of another model", limit, "give the one compiled"))


_opened: dict[Parcel, Subject] = {}
"""The last parcel that this process opened: a worker meets the same one again and again."""

_lock = Lock()


def opened(parcel: Parcel) -> Subject:
    """The subject in a parcel."""
    with _lock:
        if parcel not in _opened:
            _opened.clear()
            _opened[parcel] = _subject(parcel.folder) if parcel.folder is not None else _unpacked(parcel)
        return _opened[parcel]


def _unpacked(parcel: Parcel) -> Subject:
    """The subject in a folder of its own, which goes when the subject goes."""
    folder = Path(tempfile.mkdtemp(prefix="axonc-evaluate-"))
    for name, content in parcel.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    subject = _subject(folder)
    weakref.finalize(subject, shutil.rmtree, folder, ignore_errors=True)
    return subject


def _subject(folder: Path) -> Subject:
    compiled, engine = load_graph(folder / "build" / "graph.axg"), (folder / "engine").read_text()
    stages = {FLOAT: load_graph(folder / "float.axg")} if (folder / "float.axg").is_file() else {}
    if (cut := folder / "build" / PRUNED).is_file():
        stages[CUT] = load_graph(cut)
    integer = any(isinstance(node.op, (QuantLinear, QuantConv, FixedNeuron, FixedGated)) for node in compiled)
    stages[QUANTISED if integer else CUT if CUT in stages else FLOAT] = compiled
    return Subject(stages | ({MAPPED: compiled} if engine != "reference" else {}), folder / "build", engine)
