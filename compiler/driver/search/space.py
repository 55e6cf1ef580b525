"""What a search may change: chains of formats and densities, each from the largest to the smallest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from axonc.ir import Diagnostic, Graph, Node, raise_if_any
from axonc.ir.ops import Linear, Neuron

from ...number_formats import FormatChoice, What
from ...passes import ToPopulations, run_pipeline
from ...passes.host import GATED
from ...passes.prune import Prune
from ...passes.quantize import LEVELS, STATES
from ...passes.weight_formats import WEIGHT_FORMATS
from ..options import Options
from .result import Move

WEIGHTS, STATE, DENSITY = KINDS = ("weights", "state", "density")
Value = str | float
Point = tuple[int, ...]
"""A place in the chain of every knob."""


@dataclass(frozen=True)
class Knob:
    """One thing to choose: the format of all weights into a population, that of its states, or the share of a
    matrix's weights that stays."""

    node: str
    kind: str
    chain: tuple[Value, ...]


@dataclass(frozen=True)
class Space:
    """All knobs, and the options that are the same for every point."""

    base: Options
    knobs: tuple[Knob, ...]

    @property
    def start(self) -> Point:
        """Everything as large as it may be."""
        return (0,) * len(self.knobs)

    def further(self, point: Point, index: int) -> Iterator[Point]:
        """The points that differ in one knob, which has gone one further, two, and so on."""
        for place in range(point[index] + 1, len(self.knobs[index].chain)):
            yield (*point[:index], place, *point[index + 1 :])

    def move(self, before: Point, after: Point) -> Move:
        """What changes between two points that differ in one knob."""
        (index,) = (index for index, place in enumerate(after) if place != before[index])
        knob = self.knobs[index]
        return Move(knob.node, knob.kind, knob.chain[after[index]])

    def chosen(self, point: Point) -> Iterator[tuple[Knob, Value]]:
        """Every knob with its value."""
        return ((knob, knob.chain[place]) for knob, place in zip(self.knobs, point, strict=True))

    def options(self, point: Point) -> Options:
        """The compilation of a point. What most nodes have is the model's, the others' stand beside it."""
        chosen = list(self.chosen(point))
        every = [FormatChoice(k.node, what, str(v)) for what in _WHAT for k, v in chosen if k.kind == what]
        usual = {what: _most([choice.format for choice in every if choice.what == what]) for what in _WHAT}
        single = tuple(choice for choice in every if choice.format != usual[choice.what])
        shares = tuple(
            Prune(round(1.0 - float(v), 12), nodes=(k.node,)) for k, v in chosen if k.kind == DENSITY and v != 1.0
        )
        weights, state = (usual[what] or getattr(self.base, what) for what in _WHAT)
        formats, prune = self.base.formats + single, self.base.prune + shares
        return replace(self.base, weights=weights, state=state, formats=formats, prune=prune)


_WHAT: tuple[What, ...] = (WEIGHTS, STATE)  # type: ignore[assignment]


def _most(names: Sequence[str]) -> str | None:
    """The most frequent name, the first of several."""
    return max(dict.fromkeys(names), key=names.count, default=None)


def search_space(graph: Graph, base: Options, chains: Mapping[str, Sequence[Value]]) -> Space:
    """The knobs of a graph in steps: of each population its weights' and states' formats, of each matrix its density.

    Nodes whose format ``base`` chooses keep it.
    """
    raise_if_any(_problems(chains))
    populations = run_pipeline(graph, [ToPopulations(base.on_host)])[-1][1]
    knobs = [
        Knob(node.name, what, tuple(chains[what]))
        for node in populations
        if isinstance(node.op, (Neuron, *GATED))
        for what in _WHAT
        if chains.get(what) and not _is_fixed(populations, node, what, base)
    ]
    if chains.get(DENSITY):
        knobs += [Knob(n.name, DENSITY, tuple(chains[DENSITY])) for n in graph if isinstance(n.op, Linear)]
    return Space(base, tuple(knobs))


def _is_fixed(graph: Graph, population: Node, what: What, base: Options) -> bool:
    """Whether the user has chosen it, of the population or, of its weights, of what enters it."""
    nodes = [population, *(graph[name] for name in (*population.inputs, *population.reads) if what == WEIGHTS)]
    return any(choice.what == what and choice.matches(node) for choice in base.formats for node in nodes)


def _problems(chains: Mapping[str, Sequence[Value]]) -> Iterator[Diagnostic]:
    """Values that do not exist or are not in order, and a search for nothing."""
    known = {WEIGHTS: tuple(WEIGHT_FORMATS), STATE: (*STATES,)}
    for kind, names in known.items():
        for value in chains.get(kind, ()):
            if value not in names:
                listed = ", ".join(names if kind == WEIGHTS else ("float32", "q8 to q32", *LEVELS))
                yield Diagnostic("AX403", "", f"{kind} {value!r}", f"known: {listed}", "choose of them")
    shares = [float(value) for value in chains.get(DENSITY, ())]
    if any(not 0 < share <= 1 for share in shares) or sorted(set(shares), reverse=True) != shares:
        limit = "shares of weights that stay, above 0 to 1, each below the one before"
        yield Diagnostic("AX403", "", f"densities {', '.join(f'{s:g}' for s in shares)}", limit, "correct them")
    twice = [kind for kind in KINDS if len(set(chains.get(kind, ()))) < len(chains.get(kind, ()))]
    yield from (Diagnostic("AX403", "", f"a {kind} stands twice", "once", "correct it") for kind in twice)
    if all(len(chains.get(kind, ())) < 2 for kind in KINDS):
        yield Diagnostic("AX403", "", "nothing to choose", "two values of one kind", "give --weights int8,int4,...")
