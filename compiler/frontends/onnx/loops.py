"""Models whose loop was unrolled, as sequences; each is compared with the model as it is, on random data."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from axonc.ir import Signal
from axonc.ir.elements import dtype_of, is_float
from axonc.ir.interpret import interpret
from axonc.ir.ops import Array

from .draft import Draft, OperatorError, Value
from .imported import Imported, graph_of
from .recurrence import NotSequentialError, State
from .removal import KeptError
from .rolling import WAYS, rolled
from .unrolled import NotRolledError, find_unrolled

TOLERANCE = 1e-6
"""How much the outputs of the two may differ, in float64."""

ToSequence = Callable[[Draft, Mapping[str, Value]], Imported]


def rolled_up(draft: Draft, outputs: Mapping[str, Value], to_sequence: ToSequence) -> list[Imported]:
    """The forms as sequences in which the model gives the same outputs; none if it has no unrolled loop
    with a state.

    Raises:
        NotRolledError: something was, but there is no such form.
    """
    if find_unrolled(draft) is None:
        return []
    forms, why = list[Imported](), ""
    for late in WAYS:
        try:
            made, ends, lengths = rolled(draft, outputs, late)
            if not any(isinstance(node.op, State) for node in made.nodes.values()):
                return []
            form = to_sequence(made, ends)
            compare(Imported(draft, outputs, {}), form)
        except (KeptError, NotRolledError, NotSequentialError, OperatorError) as error:
            why = str(error)
            continue
        forms.append(form.told(rolled_up=f"{' and '.join(map(str, lengths))} steps that the model spells out"))
    if not forms:
        raise NotRolledError(why)
    return forms


def _random(rng: np.random.Generator, signal: Signal) -> Array:
    if is_float(signal.format):
        return rng.normal(0, 1, signal.shape)
    return rng.integers(0, 2, signal.shape).astype(dtype_of(signal.format))


def compare(whole: Imported, form: Imported) -> None:
    """`NotRolledError` if a model and its form as a sequence differ."""
    graph, steps = graph_of(whole), graph_of(form)
    rng = np.random.default_rng(0)
    data = {node.name: _random(rng, graph.signals[node.name]) for node in graph.inputs}
    stepped = {name: np.moveaxis(x, form.axes[name], 0) for name, x in data.items()}
    with np.errstate(all="ignore"):
        expected = interpret(graph, {name: x[None] for name, x in data.items()}, precision="float64").outputs
        found = interpret(steps, stepped, precision="float64").outputs
    for name, one, other in zip(form.outputs, expected.values(), found.values(), strict=True):
        at = form.placed[name]
        shown = np.moveaxis(other, 0, at) if isinstance(at, int) else other[-1]
        if not np.allclose(one[0], shown, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            raise NotRolledError(f"as steps it gives another {name}")
