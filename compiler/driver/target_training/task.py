"""A training as a task for a target."""

from __future__ import annotations

from math import sqrt

import numpy as np

from axonc.backends.training.task import Goal, Task, Update
from axonc.ir.loops import Item
from axonc.ir.ops import Array

from ...training import SGD, Adam, CrossEntropy, Loss, MeanSquared, Network, Optimiser, RateTarget


def task_of(net: Network, optimiser: Optimiser, steps: int, batch: int, moves: tuple[Item, ...]) -> Task:
    """The task of training ``net`` on ``batch`` sequences of ``steps`` steps at once."""
    backward = net.backward
    return Task(
        forward=net.graph,
        backward=backward.graph,
        tape=backward.tape,
        seeds=backward.seeds,
        origins={name: source for name, (source, _) in backward.origins.items()},
        gradients={name: (parameter.node, parameter.field) for name, parameter in backward.gradients.items()},
        parameters={(parameter.node, parameter.field): value for parameter, value in net.initial.items()},
        output=net.output,
        goal=goal_of(net.loss),
        update=update_of(optimiser),
        steps=steps,
        batch=batch,
        moves=moves,
    )


def goal_of(loss: Loss) -> Goal:
    """The loss as programs have it; rates that are wanted are targets."""
    if isinstance(loss, CrossEntropy):
        return Goal("cross_entropy", loss.over, loss.scale)  # type: ignore[arg-type]
    assert isinstance(loss, (MeanSquared, RateTarget))
    return Goal("mean_squared", loss.over)  # type: ignore[arg-type]


def update_of(optimiser: Optimiser) -> Update:
    """The optimiser's numbers in float32, as numpy takes them."""
    if isinstance(optimiser, SGD):
        return Update("sgd", {"inertia": _single(optimiser.momentum)}, ("momentum",))
    assert isinstance(optimiser, Adam)
    numbers = {
        "beta1": optimiser.beta1,
        "rest1": 1 - optimiser.beta1,
        "beta2": optimiser.beta2,
        "rest2": 1 - optimiser.beta2,
        "epsilon": optimiser.epsilon,
    }
    return Update("adam", {name: _single(value) for name, value in numbers.items()}, ("mean", "square"))


def _single(value: float) -> float:
    return float(np.float32(value))


def hyper(optimiser: Optimiser, count: int, share: float, terms: int) -> Array:
    """What the program takes with step ``count`` (from 1) of a training, at ``share`` of the learning rate: numbers of
    the optimiser, and the part of the loss that each of its ``terms`` has."""
    rate, scale, root = optimiser.rate * share, 1.0, 1.0
    if isinstance(optimiser, Adam):
        scale, root = 1 / (1 - optimiser.beta1**count), sqrt(1 - optimiser.beta2**count)
    return np.array([1 - rate * optimiser.decay, rate, scale, root, 1 / terms], np.float32)
