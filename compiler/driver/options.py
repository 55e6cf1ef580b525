"""Options of a compilation, and which of their values exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axonc.ir import Diagnostic, raise_if_any
from axonc.ir.interpret.run import Data
from axonc.ir.target import LIVE, Backend, HostInterface

from ..mapping import CHOICES, STRATEGIES
from ..number_formats import FormatChoice, What
from ..passes import STATES, Pass, RemoveUnits
from ..passes.quantize import LEVELS
from ..passes.weight_formats import WEIGHT_FORMATS
from .config import Config
from .quantisation import Quantisation

WEIGHTS = (*WEIGHT_FORMATS, "float32")
STATE_FORMATS = (*STATES, "loihi")


OVERFLOWS = ("error", "drop")
"""What events without room in a list are: an error that ends the run, or without effect."""

USUAL = Quantisation()
"""How numbers become integers if nothing is said."""


@dataclass(frozen=True)
class Options:
    """Options of a compilation; None takes the target's or the semantics' default.

    ``weights``: int8, int16, int4, int2 or ternary; float32 (targets reference and native, which then maps nothing).
    ``state``: q8 to q32, loihi, float32, or the name of levels (`passes.quantize.LEVELS`). ``formats``: other ones of
    single nodes. ``quantize``: how numbers get these formats. ``slice_size``: the most neurons in a slice, for all
    populations or by name. ``strategy``: fewest-cores, spread, least-latency or least-traffic.
    ``partitioner``: auto, naive, hypergraph, metis or mt-kahypar. ``machine``: a TOML file that overrides the shipped
    machine description. ``host``: what host and cores exchange through memory. ``calibrate``: input data,
    or a file with them, whose busiest steps cores are filled for, and from which ``quantize`` may take ranges and
    means. ``in_dram``: matrices whose rows lie in the chip's DRAM, by the names of the quantised graph.
    ``on_host``: nodes that the host runs, or ``auto`` for all that cores cannot (`HostNodes`). ``prune``: passes that
    run before all others. ``capacity``: how many events of a step a list has room for, for all populations or by name;
    ``overflow``: what more are, one of `OVERFLOWS`.
    """

    weights: str | None = None
    state: str | None = None
    slice_size: int | Mapping[str, int] | None = None
    strategy: str = "fewest-cores"
    partitioner: str = "auto"
    machine: Path | None = None
    host: HostInterface = LIVE
    calibrate: Data | str | Path | None = None
    on_host: tuple[str, ...] = ()
    in_dram: tuple[str, ...] = ()
    formats: tuple[FormatChoice, ...] = ()
    quantize: Quantisation = USUAL
    prune: tuple[Pass, ...] = ()
    capacity: int | Mapping[str, int] | None = None
    overflow: str = "error"


def merged_options(config: Config, **given: Any) -> Options:
    """The options that are given (None or (): not given), else the file's, else the defaults."""
    choices = list(config.formats)
    for what in ("weights", "state"):
        given[what], named = split_formats(what, given.get(what))
        choices += named
    values = {**config.compilation, **{name: value for name, value in given.items() if not _absent(value)}}
    values.pop("target", None)
    host = HostInterface(tuple(values.pop("record", ())), values.pop("record_steps", 0), values.pop("input_events", 0))
    return Options(**values, host=host, formats=tuple(choices))


def split_formats(
    what: What, given: str | Mapping[str, str] | Sequence[str] | None
) -> tuple[str | None, list[FormatChoice]]:
    """The format for all nodes, if one is given, and those of single ones: of ``{NODE: FORMAT}``, where ``*`` is all
    and ``op:KIND`` a kind of op, or of texts FORMAT, NODE=FORMAT and op:KIND=FORMAT."""
    if given is None or isinstance(given, str):
        return given, []
    if isinstance(given, Mapping):
        pairs = [("" if name == "*" else name, number) for name, number in given.items()]
    else:
        pairs = [(name, number) for name, _, number in (text.rpartition("=") for text in given)]
    raise_if_any(_said_twice(what, pairs))
    general = dict(pairs)
    every = general.pop("", None)
    return every, [_choice(name, what, number) for name, number in general.items()]


OF_OP = "op:"
"""What a kind of op is written with where a node could stand: ``op:conv=int4``."""


def _choice(name: str, what: What, number: str) -> FormatChoice:
    """What the caller says of a node, or of a kind of op."""
    return FormatChoice(name.removeprefix(OF_OP), what, number, "op" if name.startswith(OF_OP) else "node", 1)


def _said_twice(what: What, pairs: Sequence[tuple[str, str]]) -> Iterator[Diagnostic]:
    """One problem for every name that is given several formats; one format twice is one."""
    for name in dict.fromkeys(name for name, _ in pairs):
        said = list(dict.fromkeys(number for other, number in pairs if other == name))
        if len(said) > 1:
            found = f"{what} {' and '.join(said)} for {name or 'all nodes'}"
            remedy = "drop all but one" if name else f"name the nodes: --{what} NODE=FORMAT"
            yield Diagnostic("AX407", name, found, "one", remedy)


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, tuple) and not value)


def format_problems(target: Backend, weights: str, state: str, options: Options) -> list[Diagnostic]:
    """Values that a target does not take."""
    integer = target.mapped or weights != "float32"
    states = STATE_FORMATS if integer else ("float32",)
    checks = [
        ("", "weights", weights, target.weights),
        ("", "state", state, states),
        ("", "strategy", options.strategy, tuple(STRATEGIES)),
        ("", "partitioner", options.partitioner, CHOICES),
    ]
    single = {"weights": tuple(n for n in target.weights if n != "float32"), "state": states}
    checks += [(choice.pattern, choice.what, choice.format, single[choice.what]) for choice in options.formats]
    problems = [
        Diagnostic("AX403", node, f"{name} {value!r}", f"{target.name} takes {_listed(known)}", "choose one of them")
        for node, name, value, known in checks
        if value not in known
    ]
    return [*problems, *_slice_problems(options.slice_size), *_contradictions(weights, state, options)]


def _listed(names: tuple[str, ...]) -> str:
    return f"q8 to q32, float32, loihi, {', '.join(LEVELS)}" if names == STATE_FORMATS else ", ".join(names)


def _contradictions(weights: str, state: str, options: Options) -> list[Diagnostic]:
    """Options of which one has no meaning beside the other."""
    stated = [f"formats of {', '.join(c.pattern for c in options.formats)}"] if options.formats else []
    against = "weights float32"
    if state == "loihi":
        against = "state loihi"
        stated += [f"quantize {options.quantize}"] if options.quantize != USUAL else []
    problems = []
    if state == "loihi" and weights not in ("int8", "float32"):
        found, remedy = f"weights {weights} with state loihi", "choose int8, or another --state"
        problems.append(Diagnostic("AX407", "", found, "Loihi's weights have 8 bits", remedy))
    if weights == "float32" or state == "loihi":
        limit, remedy = f"with {against} nothing takes them", "leave one out"
        problems += [Diagnostic("AX407", "", text, limit, remedy) for text in stated]
    if options.quantize.needs_data and options.calibrate is None and weights != "float32":
        found, limit = f"quantize {options.quantize} without data", "ranges=data and bias_correction need some"
        problems.append(Diagnostic("AX407", "", found, limit, "give data: --calibrate X.npz"))
    return problems


def _slice_problems(size: int | Mapping[str, int] | None) -> list[Diagnostic]:
    sizes = {"": size} if isinstance(size, int) else (size or {})
    return [
        Diagnostic("AX403", name, f"a slice size of {value}", "at least 1", "correct it")
        for name, value in sizes.items()
        if value < 1
    ]


def settled_problems(options: Options) -> list[Diagnostic]:
    """Number formats that are asked for of a graph whose numbers have theirs."""
    given = [("weights", options.weights), ("state", options.state)]
    given += [(f"{choice.what} of {choice.pattern}", choice.format) for choice in options.formats]
    given += [("quantize", str(options.quantize))] if options.quantize != USUAL else []
    given += [("prune", str(step)) for step in options.prune if not isinstance(step, RemoveUnits)]
    return [
        Diagnostic("AX403", "", f"{name} {value!r}", "the graph is quantised already", "leave it out")
        for name, value in given
        if value is not None
    ]


def host_problems(host: HostInterface) -> list[Diagnostic]:
    """Sizes of lists and buffers that cannot be."""
    problems = []
    if host.input_events < 0:
        found = f"input lists of {host.input_events} events"
        problems.append(Diagnostic("AX403", "", found, "at least 1; 0 for live packets", "correct it"))
    if host.record and host.record_steps < 1:
        found = f"{len(host.record)} recorded signals for {host.record_steps} steps"
        problems.append(Diagnostic("AX403", "", found, "at least 1 step", "give record_steps"))
    return problems


def unknown_slices(size: int | Mapping[str, int] | None, known: set[str]) -> list[Diagnostic]:
    """Slice sizes for what is no population."""
    names = set(size) - known if isinstance(size, Mapping) else set()
    listed = ", ".join(sorted(known))
    return [Diagnostic("AX403", n, "a slice size for no population", f"known: {listed}") for n in sorted(names)]
