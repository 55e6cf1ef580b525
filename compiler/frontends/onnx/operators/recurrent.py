"""GRU, LSTM and RNN, as the ONNX standard defines them, gate by gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from axonc.ir.elements import dtype_of
from axonc.ir.ops import Array

from ..call import Call, Item, Made
from ..draft import Draft, OperatorError, Value, known
from ..recurrence import Loop, NotSequentialError, repeat

DIRECTIONS: Mapping[str, tuple[bool, ...]] = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}
"""Whether each direction runs backwards."""


@dataclass(frozen=True, eq=False)
class Cell:
    """One direction of a recurrent operator. W: (G H, I), R: (G H, H) for G gates, b and c: (G H,) or None."""

    call: Call
    units: int
    weight: Value
    recurrent: Value
    bias: Value | None
    recurrent_bias: Value | None
    peephole: Value | None
    functions: tuple[Callable[[Value], Value], ...]

    @property
    def draft(self) -> Draft:
        """Where nodes go."""
        return self.call.draft

    def gates(self, x: Value) -> list[Value]:
        """W x + b, gate by gate."""
        return self._parts(self.affine(x, self.weight, self.bias))

    def recurrences(self, h: Value) -> list[Value]:
        """R h + c, gate by gate."""
        return self._parts(self.affine(h, self.recurrent, self.recurrent_bias))

    def affine(self, x: Value, weight: Value, bias: Value | None) -> Value:
        """x W^T + b."""
        y = self.draft.matmul(x, self.draft.transpose(weight, (1, 0)))
        return y if bias is None else self.draft.map("add", y, bias)

    def _parts(self, x: Value) -> list[Value]:
        return [self.draft.slice(x, 1, at, self.units) for at in range(0, x.shape[1], self.units)]

    def apply(self, index: int, x: Value) -> Value:
        """An activation, of what is clipped first where the operator says so."""
        clip = self.call.get("clip")
        if clip is not None:
            low, high = (self.call.number(sign * float(clip), x) for sign in (-1, 1))
            x = self.draft.map("min", self.draft.map("max", x, low), high)
        return self.functions[index](x)

    def sum(self, *values: Value) -> Value:
        """The sum of several values."""
        total = values[0]
        for value in values[1:]:
            total = self.draft.map("add", total, value)
        return total

    def mul(self, a: Value, b: Value) -> Value:
        """An elementwise product."""
        return self.draft.map("mul", a, b)

    def less_one(self, x: Value) -> Value:
        """1 - x."""
        return self.draft.map("sub", self.call.number(1, x), x)


StepOf = Callable[[Cell, Value, list[Value]], list[Value]]
"""(cell, x, states) -> next states, the output first."""


def _rnn(cell: Cell, x: Value, states: list[Value]) -> list[Value]:
    return [cell.apply(0, cell.sum(cell.gates(x)[0], cell.recurrences(states[0])[0]))]


def _gru(cell: Cell, x: Value, states: list[Value]) -> list[Value]:
    """Gates z, r, h: H = (1 - z) h + z H'."""
    (h,), (a_z, a_r, a_h), (b_z, b_r, b_h) = states, cell.gates(x), cell.recurrences(states[0])
    z, r = cell.apply(0, cell.sum(a_z, b_z)), cell.apply(0, cell.sum(a_r, b_r))
    if not cell.call.get("linear_before_reset", 0):
        b_h = _after_reset(cell, cell.mul(r, h))
        return [_mixed(cell, z, cell.apply(1, cell.sum(a_h, b_h)), h)]
    return [_mixed(cell, z, cell.apply(1, cell.sum(a_h, cell.mul(r, b_h))), h)]


def _after_reset(cell: Cell, h: Value) -> Value:
    units = cell.units
    bias = None if cell.recurrent_bias is None else cell.draft.slice(cell.recurrent_bias, 0, 2 * units, units)
    return cell.affine(h, cell.draft.slice(cell.recurrent, 0, 2 * units, units), bias)


def _mixed(cell: Cell, z: Value, new: Value, old: Value) -> Value:
    return cell.sum(cell.mul(cell.less_one(z), new), cell.mul(z, old))


def _lstm(cell: Cell, x: Value, states: list[Value]) -> list[Value]:
    """Gates i, o, f, c: C = f C' + i c, H = o h(C); i and f see C', o sees C through the peepholes."""
    h, old = states
    i, o, f, c = (cell.sum(*pair) for pair in zip(cell.gates(x), cell.recurrences(h), strict=True))
    look = (
        []
        if cell.peephole is None
        else [cell.draft.slice(cell.peephole, 0, k * cell.units, cell.units) for k in range(3)]
    )
    i = cell.apply(0, cell.sum(i, cell.mul(look[0], old)) if look else i)
    if cell.call.get("input_forget", 0):
        f = cell.less_one(i)
    else:
        f = cell.apply(0, cell.sum(f, cell.mul(look[2], old)) if look else f)
    new = cell.sum(cell.mul(f, old), cell.mul(i, cell.apply(1, c)))
    o = cell.apply(0, cell.sum(o, cell.mul(look[1], new)) if look else o)
    return [cell.mul(o, cell.functions[2](new)), new]


def _recurrent(gates: int, states: int, defaults: tuple[str, ...], step: StepOf) -> Callable[[Call], Made]:
    def make(call: Call) -> Made:
        x = call[0]
        batch_first = bool(call.get("layout", 0))
        x = call.draft.transpose(x, (1, 0, 2)) if batch_first else x
        backwards = DIRECTIONS.get(call.get("direction", "forward"))
        if backwards is None or call[1].shape[0] != len(backwards) or call[1].shape[1] % gates:
            raise OperatorError(f"a weight of {call[1].shape}", f"directions, {gates} gates, inputs", "AX301")
        runs = [
            _direction(call, x, index, back, (gates, states, defaults), step) for index, back in enumerate(backwards)
        ]
        return _outputs(call, runs, batch_first)

    return make


def _outputs(call: Call, runs: Sequence[tuple[Value, list[Value]]], batch_first: bool) -> list[Value]:
    """Y [T, D, B, H], then the final states [D, B, H]; batch first where the layout is so."""
    draft = call.draft
    y = draft.concat([draft.reshape(y, (y.shape[0], 1, *y.shape[1:])) for y, _ in runs], 1)
    finals = [
        draft.concat([draft.reshape(run[1][k], (1, *run[1][k].shape)) for run in runs], 0)
        for k in range(len(runs[0][1]))
    ]
    if not batch_first:
        return [y, *finals]
    return [draft.transpose(y, (2, 0, 1, 3)), *(draft.transpose(final, (1, 0, 2)) for final in finals)]


def _direction(
    call: Call, x: Value, index: int, back: bool, kind: tuple[int, int, tuple[str, ...]], step: StepOf
) -> tuple[Value, list[Value]]:
    """Y [T, B, H] and the final states [B, H] of one direction."""
    steps, batch, _ = x.shape
    cell = _cell(call, index, kind)
    initials = [_initial(call, 5 + k, index, (batch, cell.units), x) for k in range(kind[1])]
    lengths = _lengths(call, steps)

    def once(counter: Value, held: list[Item], elements: list[Value]) -> tuple[list[Item], list[Value]]:
        states = [state for state in held if isinstance(state, Value)]
        new = step(cell, elements[0], states)
        if lengths is None:
            return list(new), new[:1]
        at = steps - 1 - int(np.asarray(counter.known)) if back else int(np.asarray(counter.known))
        within = known((at < lengths)[:, None])
        kept = [call.draft.map("select", within, *pair) for pair in zip(new, states, strict=True)]
        return list(kept), [call.draft.map("select", within, new[0], call.number(0, new[0]))]

    loop = Loop(steps, tuple(initials), ((x, 0, back),))
    finals, (y,) = repeat(call, loop, once, ((0, back),))
    return y, [final for final in finals if isinstance(final, Value)]


def _lengths(call: Call, steps: int) -> Array | None:
    """The lengths of the samples, where they differ from the number of steps."""
    if not call.has(4) or np.all(call.known(4) == steps):
        return None
    if call.sequence:
        raise NotSequentialError(call.draft.origin, "its samples have different lengths")
    return call.known(4)


def _initial(call: Call, at: int, index: int, shape: tuple[int, int], x: Value) -> Value:
    given = call.optional(at)
    if given is None:
        return known(np.zeros(shape, dtype_of(x.signal.format)))
    if call.get("layout", 0):
        given = call.draft.transpose(given, (1, 0, 2))
    return call.draft.reshape(call.draft.slice(given, 0, index, 1), shape)


def _cell(call: Call, index: int, kind: tuple[int, int, tuple[str, ...]]) -> Cell:
    gates, _, defaults = kind
    weight, recurrent = _of(call, 1, index), _of(call, 2, index)
    assert weight is not None
    assert recurrent is not None
    units = weight.shape[0] // gates
    both = _of(call, 3, index)
    bias, after = (None if both is None else call.draft.slice(both, 0, at, gates * units) for at in (0, gates * units))
    peephole = _of(call, 7, index) if gates == 4 else None
    return Cell(call, units, weight, recurrent, bias, after, peephole, _functions(call, index, defaults))


def _of(call: Call, at: int, index: int) -> Value | None:
    """The part of an input that is for one direction."""
    given = call.optional(at)
    return None if given is None else call.draft.reshape(call.draft.slice(given, 0, index, 1), given.shape[1:])


ALPHA = {"LeakyRelu": 0.01, "ThresholdedRelu": 1.0, "HardSigmoid": 0.2, "Elu": 1.0, "ScaledTanh": 1.0, "Affine": 1.0}
BETA = {"HardSigmoid": 0.5, "ScaledTanh": 1.0, "Affine": 0.0}
"""Constants of activations that have some, where the model gives none."""


def _functions(call: Call, index: int, defaults: tuple[str, ...]) -> tuple[Callable[[Value], Value], ...]:
    names = [name.decode() if isinstance(name, bytes) else name for name in call.get("activations", [])]
    alphas, betas = list(call.get("activation_alpha", [])), list(call.get("activation_beta", []))
    made = []
    for name in names or list(defaults) * (index + 1):
        alpha = alphas.pop(0) if alphas and name in ALPHA else ALPHA.get(name, 0.0)
        beta = betas.pop(0) if betas and name in BETA else BETA.get(name, 0.0)
        made.append(_function(call, name, alpha, beta))
    return tuple(made[len(defaults) * index : len(defaults) * (index + 1)])


def _function(call: Call, name: str, alpha: float, beta: float) -> Callable[[Value], Value]:
    """An activation by its ONNX name, in any case."""
    draft = call.draft

    def number(value: float) -> Callable[[Value], Value]:
        return lambda x: call.number(value, x)

    a, b, zero, one = number(alpha), number(beta), number(0), number(1)
    table: Mapping[str, Callable[[Value], Value]] = {
        "sigmoid": lambda x: draft.map("sigmoid", x),
        "tanh": lambda x: draft.map("tanh", x),
        "relu": lambda x: draft.map("relu", x),
        "softplus": lambda x: draft.map("softplus", x),
        "softsign": lambda x: draft.map("div", x, draft.map("add", one(x), draft.map("abs", x))),
        "affine": lambda x: draft.map("add", draft.map("mul", a(x), x), b(x)),
        "leakyrelu": lambda x: draft.map("select", draft.map("less", x, zero(x)), draft.map("mul", a(x), x), x),
        "thresholdedrelu": lambda x: draft.map("select", draft.map("greater", x, a(x)), x, zero(x)),
        "scaledtanh": lambda x: draft.map("mul", a(x), draft.map("tanh", draft.map("mul", b(x), x))),
        "hardsigmoid": lambda x: draft.map(
            "max", draft.map("min", draft.map("add", draft.map("mul", a(x), x), b(x)), one(x)), zero(x)
        ),
        "elu": lambda x: draft.map(
            "select",
            draft.map("less", x, zero(x)),
            draft.map("mul", a(x), draft.map("sub", draft.map("exp", x), one(x))),
            x,
        ),
    }
    if name.lower() not in table:
        raise OperatorError(f"the activation {name!r}", f"one of {', '.join(table)}", "AX131")
    return table[name.lower()]


RECURRENT: Mapping[str, Callable[[Call], Made]] = {
    "GRU": _recurrent(3, 1, ("Sigmoid", "Tanh"), _gru),
    "LSTM": _recurrent(4, 2, ("Sigmoid", "Tanh", "Tanh"), _lstm),
    "RNN": _recurrent(1, 1, ("Tanh",), _rnn),
}
