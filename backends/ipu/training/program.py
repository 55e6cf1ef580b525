"""The program of a step of training: functions of a step either way, and the moves of a plan that call them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from axonc.ir.loops import Item, Loop, Move, Part
from axonc.ir.machine import TileMachine
from axonc.ir.ops import Delay, Input

from ...training.task import Task
from ..layout import Layout
from .choice import forms_of
from .draft import Draft, Side
from .goal import loss_stages, pool_stage, target_of, update_stage
from .groups import places, tiles_used
from .keeping import Keeping
from .pieces import Buffer, Call, Execute, Function, Repeat, Stage, Step, Stream, Tensor, Transfer
from .rules.maps import close_delay
from .rules.table import RULES
from .small import begin, clear, counter, move_counter, place_counter, set_counter

HYPER = 5
"""Numbers that come with every step of training: 1 - rate decay, rate, Adam's two corrections, 1 / samples."""


@dataclass(frozen=True, eq=False)
class Training:
    """A program of training.

    Attributes:
        draft: tensors of both graphs, and what the program begins with.
        inputs: forward input -> the buffer with a row of it for every step.
        hyper, target: what the host sends with every step: numbers of the optimiser, labels or targets.
        loss, pooled: what it receives: the loss, and the output reduced over the steps.
        slots: what the optimiser keeps, 0 when training begins.
        begin: clears them and the stacks; ``step``: a step of training.
        checkpoints: the buffers of states and tapes off the chip.
        functions: all that ``step`` calls, in the order in which they are made.
    """

    task: Task
    machine: TileMachine
    draft: Draft
    inputs: Mapping[str, Buffer]
    hyper: Tensor
    target: Tensor
    loss: Tensor
    pooled: Tensor
    slots: tuple[Tensor, ...]
    begin: Stage
    step: tuple[Step, ...]
    checkpoints: tuple[Buffer, ...]
    functions: tuple[Function, ...]

    @property
    def trained(self) -> tuple[tuple[tuple[str, str], Tensor], ...]:
        """The parameters that are trained, in the order in which the host receives them at the end."""
        return tuple((parameter, self.draft.parameters[parameter]) for parameter in self.draft.gradients)

    @property
    def left(self) -> tuple[Tensor, ...]:
        """What the host receives at the end: parameters, then how long lists were."""
        return (*(tensor for _, tensor in self.trained), *self.draft.longest.values())


def training_program(task: Task, machine: TileMachine, per_tile: int) -> Training:
    """The program of ``task`` with so many neurons on a tile; whether it fits is not asked."""
    found = places(task, machine, per_tile)
    draft = Draft(task, found, Side("forward", task.forward), Side("backward", task.backward))
    draft.forms = forms_of(draft, machine)
    for side in (draft.forward, draft.backward):
        _lower(draft, side)
    return _Builder(draft, machine, tiles_used(found) % machine.tiles).training()


def _lower(draft: Draft, side: Side) -> None:
    """Every node by its rule; delays come first, since they are there before a step begins."""
    delays = [node for node in side.graph.order if isinstance(node.op, Delay)]
    for node in (*delays, *(node for node in side.graph.order if not isinstance(node.op, Delay))):
        RULES[type(node.op)](draft, side, node)
    for node in delays:
        close_delay(draft, side, node)


class _Builder:
    """``tile``: where counters and what the host sends lie. ``now``, ``left``: the next step forward, and the steps
    that are left to go back."""

    def __init__(self, draft: Draft, machine: TileMachine, tile: int) -> None:
        self.draft, self.task, self.machine = draft, draft.task, machine
        self.now, self.left = counter("now", tile), counter("left", tile)
        self.keeping = Keeping(draft, self.task.moves, tile)
        self.hyper = Tensor("hyper", "f4", Layout(1, tile, 1), HYPER)
        output = draft.forward.values[self.task.output]
        self.pooled = Tensor("pooled", "f4", output.layout, output.each)
        self.loss = Tensor("loss", "f4", Layout(1, output.layout.first_tile, 1), 1)
        self.target = target_of(self.task, output)
        self.inputs = {
            node.name: Buffer(f"input {node.name}", (draft.forward.values[node.name],), self.task.steps)
            for node in self.task.forward
            if isinstance(node.op, Input)
        }
        self.made: dict[str, Function] = {}
        self.parts: dict[Part, Call] = {}

    def training(self) -> Training:
        """The whole program."""
        update, slots = update_stage(self.draft, self.hyper)
        step = (
            Stream(self.target, False),
            Stream(self.hyper, False),
            Execute(self._reset()),
            *self._steps(self.task.moves),
            *((Execute(Stage("sums over tiles", self.draft.finished)),) if self.draft.finished else ()),
            Execute(update),
            Stream(self.loss, True),
            Stream(self.pooled, True),
        )
        begin = Stage(
            "begin", [clear(tensor) for tensor in (*slots, *self.keeping.stacks, *self.draft.longest.values())]
        )
        return Training(
            self.task, self.machine, self.draft, self.inputs, self.hyper, self.target, self.loss, self.pooled, slots,
            begin, step, self.keeping.buffers, tuple(self.made.values()),
        )  # fmt: skip

    def _reset(self) -> Stage:
        """States, sums, stacks and counters as they are before the first step."""
        cleared = (*self.draft.cleared, *self.keeping.tops)
        counters = ((self.now, 0), (self.left, self.task.steps), *((row, -1) for row in self.keeping.rows))
        starts = [set_counter(counted, value) for counted, value in counters]
        begun = [begin(tensor, first) for tensor, first in self.draft.begun.items()]
        return Stage("reset", [*(clear(tensor) for tensor in (*cleared, self.pooled)), *begun, *starts])

    def _steps(self, items: tuple[Item, ...]) -> tuple[Step, ...]:
        return tuple(step for item in items for step in self._of(item))

    def _of(self, item: Item) -> Iterator[Step]:
        if isinstance(item, Loop):
            yield Repeat(item.count, self._steps(item.body))
        elif isinstance(item, Part):
            yield self._part(item)
        elif item.do in ("advance", "tape"):
            yield self._call("forward")
            if item.first:
                yield self._call("pool")
            if item.do == "tape":
                yield self._call("keep_tape")
            yield self._call("end")
        elif item.do in ("loss", "backward"):
            yield self._call(item.do)
        else:
            yield from self._keep(item)

    def _part(self, part: Part) -> Call:
        """The function of a part, made when it is first called."""
        if part not in self.parts:
            body = self._steps(part.body)
            self.parts[part] = self._function(f"part {len(self.parts) + 1}", body)
        return self.parts[part]

    def _keep(self, move: Move) -> Iterator[Step]:
        """What moves a state or a tape; after a state, the number of the step is its own."""
        yield self._function(f"{move.do}{' off' if move.off else ''}", self.keeping.steps(move))
        if move.do == "load":
            there = place_counter(self.left, self.now, -move.distance)
            yield self._function(f"go back {move.distance}", (Execute(Stage(f"go back {move.distance}", [there])),))

    def _function(self, name: str, body: tuple[Step, ...]) -> Call:
        return Call(self.made.setdefault(name, Function(name, body)))

    def _call(self, name: str) -> Call:
        """A function of this class, made when it is first called."""
        return self._function(name, self.made[name].body if name in self.made else getattr(self, f"_{name}")())

    def _forward(self) -> tuple[Step, ...]:
        return (*self._fetch(self.now), *map(Execute, self.draft.forward.stages))

    def _end(self) -> tuple[Step, ...]:
        end = self.draft.forward.end
        end.vertices.append(move_counter(self.now, 1))
        return (Execute(end),)

    def _keep_tape(self) -> tuple[Step, ...]:
        return (Execute(self.keeping.keep()),)

    def _pool(self) -> tuple[Step, ...]:
        return (Execute(pool_stage(self.draft, self.pooled)),)

    def _loss(self) -> tuple[Step, ...]:
        return tuple(map(Execute, loss_stages(self.draft, self.pooled, self.target, self.hyper, self.loss)))

    def _backward(self) -> tuple[Step, ...]:
        """The tape comes back, so do the inputs, then the adjoints in their order."""
        take, end = self.keeping.take(), self.draft.backward.end
        take.vertices.append(move_counter(self.left, -1))
        if self.task.goal.over == "last":  # only the last step has a derivative of its own
            end.vertices.append(clear(self.draft.backward.values[self.task.seeds[self.task.output]]))
        ends = (Execute(end),) if end.vertices else ()
        return (Execute(take), *self._fetch(self.left), *map(Execute, self.draft.backward.stages), *ends)

    def _fetch(self, step: Tensor) -> tuple[Step, ...]:
        return tuple(Transfer(buffer, step, False) for buffer in self.inputs.values())
