"""A step of training that holds less than the whole sequence: it executes a plan of `compiler.checkpoint`.

A step of the plan is a block of the sequence (`Sequence.block`). Blocks run the same products on the same numbers
however often they run, so that gradients are those of a plan that keeps everything, bit for bit.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Any

import numpy as np

from axonc.ir import Kind
from axonc.ir.interpret.run import split_reference
from axonc.ir.ops import Array, Op

from ..checkpoint import Action, Do, Place
from .carry import Carry
from .cells import Extent, blocks, cell_of
from .network import Network, Step, Values

Tape = dict[str, Array]


def checkpointed_step(
    net: Network, values: Values, x: Mapping[str, Array], target: Array, actions: Iterable[Action], bits: bool = False
) -> Step:
    """As `Network.step`, by ``actions`` over blocks; x [T, B, *shape] in any type. ``bits``: spikes take a bit."""
    return Executor(net, values, x, target, bits).run(actions)


class Executor:
    """What one step of training holds: outputs, kept states, tapes, and the arrays of the block that runs.

    ``watch`` is called after every block, before anything of it is let go.
    """

    def __init__(
        self,
        net: Network,
        values: Values,
        x: Mapping[str, Array],
        target: Array,
        bits: bool = False,
        watch: Callable[[Executor], None] = lambda executor: None,
    ) -> None:
        self.net, self.x, self.target, self.watch = net, x, target, watch
        self.ops = net.ops(values)
        self.backward_ops = net.backward.ops(self.ops)
        self.steps, self.batch = next(iter(x.values())).shape[:2]
        self.blocks = blocks(self.steps, net.block)
        self.running = initial(net, self.ops, self.batch)
        self.adjoint = Carry()
        self.kept: dict[int, Carry] = {}
        self.filed: dict[str, IO[bytes]] = {}
        self.tapes: dict[int, Tape] = {}
        self.values: dict[str, Array] = {}
        self.output = np.empty((self.steps, self.batch, *net.graph.signals[net.output].shape), net.dtype)
        self.loss: float | None = None
        self.seed: Array | None = None
        self.packed = packed_signals(net) if bits else frozenset()
        self.forwards = 0

    def run(self, actions: Iterable[Action]) -> Step:
        """Everything: forward, loss, backward."""
        try:
            for action in actions:
                self.execute(action)
        finally:
            for file in self.filed.values():
                file.close()
        assert self.loss is not None
        gradients = {parameter: self.values[name] for name, parameter in self.net.backward.gradients.items()}
        return self.net.finished(self.loss, self.output, gradients)

    def execute(self, action: Action) -> None:
        """One action."""
        RULES[action.do](self, action)

    def forward(self, action: Action) -> None:
        """Blocks from the running state, with or without their tapes."""
        for block in range(action.first, action.last):
            place = self.blocks[block]
            data = {name: np.ascontiguousarray(x[place], self.net.dtype) for name, x in self.x.items()}
            self.values = {}
            self.values = self.net.taped.run(self.ops, data, self.net.dtype, self.net.grids, self.running)
            self.output[place] = self.values[self.net.output]
            self.forwards += 1
            if action.do is Do.TAPE:
                self.tapes[block] = self._recorded()
            self.watch(self)

    def backward(self, action: Action) -> None:
        """Blocks backwards, from the last; the loss is taken before the first of them."""
        if self.seed is None:
            self.loss, self.seed = self.net.loss(self.output, self.target)
            self.net.require_finite(self.loss, self._bad_nodes)
        for block in reversed(range(action.first, action.last)):
            data = self._data(block)
            self.values = {}
            self.values = self.net.adjoint.run(self.backward_ops, data, self.net.dtype, carry=self.adjoint)
            self.watch(self)
            del self.tapes[block]

    def store(self, action: Action) -> None:
        """The running state, here or in a file."""
        if action.place is Place.CHIP:
            self.kept[action.first] = self.running.copy()
        else:
            self.filed[f"state {action.first}"] = _written(self.running.copy())

    def load(self, action: Action) -> None:
        """A kept state."""
        if action.place is Place.CHIP:
            self.running = self.kept[action.first].copy()
        else:
            self.running = _read(self.filed[f"state {action.first}"])

    def free(self, action: Action) -> None:
        """Forget a kept state."""
        if action.place is Place.CHIP:
            del self.kept[action.first]
        else:
            self.filed.pop(f"state {action.first}").close()

    def move_tape(self, action: Action) -> None:
        """Tapes to files, or back."""
        for block in range(action.first, action.last):
            if action.do is Do.STORE_TAPE:
                self.filed[f"tape {block}"] = _written(self.tapes.pop(block))
            else:
                with self.filed.pop(f"tape {block}") as file:
                    self.tapes[block] = _read(file)

    def _recorded(self) -> Tape:
        """Copies of what the block's tape needs, beside inputs, which are at hand."""
        kept = {reference: self.values[reference] for reference in taped_signals(self.net)}
        return {name: np.packbits(a != 0) if name in self.packed else a.copy() for name, a in kept.items()}

    def _data(self, block: int) -> dict[str, Array]:
        """What the backward graph takes in a block."""
        place, seed = self.blocks[block], self.seed
        assert seed is not None
        shape = seed[place].shape[:2]
        data = {name: self._taped(reference, block, shape) for name, reference in self.net.backward.tape.items()}
        for output, name in self.net.backward.seeds.items():
            other = (*shape, *self.net.graph.signals[output].shape)
            data[name] = seed[place] if output == self.net.output else np.zeros(other, self.net.dtype)
        return data

    def _taped(self, reference: str, block: int, shape: tuple[int, ...]) -> Array:
        if reference in self.x:
            return np.ascontiguousarray(self.x[reference][self.blocks[block]], self.net.dtype)
        array = self.tapes[block][reference]
        if reference not in self.packed:
            return array
        whole = (*shape, *self.net.graph.signals[reference].shape)
        return np.unpackbits(array, count=int(np.prod(whole))).reshape(whole).astype(self.net.dtype)

    def _bad_nodes(self) -> set[str]:
        """The nodes with a value that is not finite, by another forward run."""
        self.running, bad = initial(self.net, self.ops, self.batch), set[str]()
        for block in range(len(self.blocks)):
            self.forward(Action(Do.ADVANCE, block, block + 1))
            bad |= {node.name for node in self.net.graph if not np.all(np.isfinite(self.values[node.name]))}
        return bad


RULES = {
    Do.ADVANCE: Executor.forward,
    Do.TAPE: Executor.forward,
    Do.BACKWARD: Executor.backward,
    Do.STORE_STATE: Executor.store,
    Do.LOAD_STATE: Executor.load,
    Do.FREE_STATE: Executor.free,
    Do.STORE_TAPE: Executor.move_tape,
    Do.LOAD_TAPE: Executor.move_tape,
}


def forward_blocks(net: Network, values: Values, x: Mapping[str, Array]) -> Array:
    """As `Network.run`, a block at a time."""
    executor = Executor(net, values, x, np.empty(0))
    executor.forward(Action(Do.ADVANCE, 0, len(executor.blocks)))
    return executor.output


def initial(net: Network, ops: Mapping[str, Op], batch: int) -> Carry:
    """The states before the first step, of every node that has one."""
    carry = Carry()
    for node in net.graph:
        if node.op.name == "delay":
            shape = (node.op.steps, batch, *net.graph.signals[node.name].shape)  # type: ignore[attr-defined]
            carry.delays[node.name] = np.zeros(shape, net.dtype)
        elif node.op.stateful:
            extent = Extent(1, batch, net.dtype, grid=net.grids.get(node.name))
            states = cell_of(ops[node.name], extent).states()
            carry.states[node.name] = {name: np.array(value) for name, value in states.items()}
    return carry


def taped_signals(net: Network) -> tuple[str, ...]:
    """The forward signals that a tape holds: all that the backward graph takes but inputs."""
    inputs = {node.name for node in net.graph.inputs}
    return tuple(dict.fromkeys(name for name in net.backward.tape.values() if name not in inputs))


def packed_signals(net: Network) -> frozenset[str]:
    """Those of them that are spikes, at most one a step: each takes a bit."""
    plain = [name for name in taped_signals(net) if split_reference(name)[1] is None]
    signals = net.graph.signals
    return frozenset(n for n in plain if signals[n].kind is Kind.EVENT and signals[n].peak == 1)


def _written(held: Carry | Tape) -> IO[bytes]:
    """A file without a name, which goes when it is closed."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as what it holds
    pickle.dump(held, file, protocol=5)
    return file


def _read(file: IO[bytes]) -> Any:
    file.seek(0)
    return pickle.load(file)
