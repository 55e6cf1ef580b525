"""Leaky integrate-and-fire neurons, as snnTorch and SpikingJelly write them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from axonc.ir import Float, Signal
from axonc.ir.ops import ONE, ZERO, Array, Delay, Gate, Membrane, Neuron, Op

from .editing import Editing
from .patterns import Names, Pattern, above, constant, events, matches

LEAKY: Pattern = (
    "any",
    ("add", ("mul", "decay", "v"), "x"),
    ("add", "v", ("div", ("sub", "x", "v"), "tau")),
    ("add", "v", ("mul", ("sub", "x", "v"), "rate")),
    ("add", "v", "x"),
)
"""decay v + x; v + (x - v) / tau; v + (x - v) rate; v + x."""


def _amount(of: str) -> Pattern:
    """What an event takes away: the threshold, or 1 where that is 1."""
    made = events(of, "threshold")
    return ("any", ("mul", made, "threshold"), ("select", above(of, "threshold"), "threshold", 0), ("as", "one", made))


FORMS: dict[str, Pattern] = {
    "subtract_next": ("any", ("sub", LEAKY, _amount("v")), ("add", ("sub", ("mul", "decay", "v"), _amount("v")), "x")),
    "subtract": (
        "any",
        ("sub", ("as", "m", LEAKY), _amount("m")),
        ("select", above("m", "threshold"), ("sub", ("as", "m", LEAKY), "threshold"), "m"),
    ),
    "value": (
        "any",
        ("mul", ("as", "m", LEAKY), ("sub", 1, events("m", "threshold"))),
        ("select", above("m", "threshold"), 0, ("as", "m", LEAKY)),
    ),
}
"""How v follows from its last value, by reset. What is tested is v itself with ``subtract_next``, else m."""


def with_neurons(editing: Editing) -> None:
    """Replace every such neuron by a `Neuron`."""
    for delay in list(editing.nodes.values()):
        op = delay.op
        if not isinstance(op, Delay) or op.steps != 1 or op.initial is not None or delay.name not in editing.nodes:
            continue
        follows = delay.inputs[0]
        for reset, names in _ways(editing, follows, delay.name):
            if _replaced(editing, follows, reset, names):
                break


def _ways(editing: Editing, follows: str, v: str) -> Iterator[tuple[str, Names]]:
    for reset, pattern in FORMS.items():
        for names in matches(editing.nodes, follows, pattern, {"v": v}):
            yield reset, names


def _replaced(editing: Editing, follows: str, reset: str, names: Names) -> bool:
    tested = follows if reset == "subtract_next" else names["m"]
    pattern = events("tested", "threshold")
    spikes = [
        name
        for name in editing.nodes
        if any(matches(editing.nodes, name, pattern, {"tested": tested, "threshold": names["threshold"]}))
    ]
    op = _neuron(editing, reset, names)
    if op is None or not spikes:
        return False
    before = dict(editing.nodes)
    z = spikes[0]
    editing.replace(z, op, (names["x"],))
    for other in spikes[1:]:
        editing.merge(other, z)
    ends = editing.become_state(follows, f"{z}:v")
    if names["v"] in editing.alive() or list(op.verify(None)):  # somebody else reads a part of the neuron
        editing.restore(before, ends)
        return False
    return True


def _neuron(editing: Editing, reset: str, names: Names) -> Neuron | None:
    """The neuron that the parts make; None if one is not constant, or of another shape."""
    source = editing.nodes[names["x"]].op
    threshold = constant(editing.nodes[names["threshold"]])
    rates = _rates(editing, names)
    signal = _output(editing, source, names["x"])
    if threshold is None or rates is None or signal.format != Float():
        return None
    if "one" in names and not np.all(threshold == 1):
        return None
    decay, gain = rates
    shape = signal.shape
    parts = [_fitted(part, shape) for part in (decay, gain, threshold)]
    if any(part is None for part in parts) or not shape:
        return None
    made = [np.asarray(part) for part in parts]
    return Neuron(shape, None, Membrane(made[0], made[1], ZERO, ZERO), Gate(made[2], reset, ZERO))


def _output(editing: Editing, op: Op, name: str) -> Signal:
    if not op.needs_source:
        return op.output(None)
    (source, *_) = editing.nodes[name].inputs
    return op.output(_output(editing, editing.nodes[source].op, source))


def _rates(editing: Editing, names: Names) -> tuple[Array, Array] | None:
    """Decay and input gain."""
    held = {key: constant(editing.nodes[names[key]]) for key in ("decay", "tau", "rate") if key in names}
    if not held:
        return ONE, ONE
    ((key, value),) = held.items()
    if value is None:
        return None
    number = value.astype(np.float64)
    if key == "decay":
        return number, ONE
    rate = 1 / number if key == "tau" else number
    return 1 - rate, rate


def _fitted(value: Array, shape: tuple[int, ...]) -> Array | None:
    """A parameter as one number, or one a neuron; None if it is neither."""
    if value.size == 1:
        return value.astype(np.float64).reshape(())
    try:
        return np.broadcast_to(value.astype(np.float64), shape)
    except ValueError:
        return None
