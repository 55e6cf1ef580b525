"""Losses, optimisers, schedules, rounding and masks, each against its formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import tasks

from axonc import ModelError
from axonc.compiler.training import (
    LOSSES,
    OPTIMISERS,
    SGD,
    Adam,
    CrossEntropy,
    Loss,
    MeanSquared,
    RateTarget,
    Schedule,
    StepwiseCrossEntropy,
    network,
)
from axonc.compiler.training.texts import named
from axonc.ir.ops import SURROGATES, SuperSpike, Surrogate

Array = np.ndarray[Any, Any]
OVERS = ("sum", "mean", "max", "last")


@pytest.mark.parametrize("over", OVERS)
@pytest.mark.parametrize("cls", [CrossEntropy, RateTarget, MeanSquared])
def test_a_loss_is_differentiated(cls: Any, over: Any) -> None:
    rng = np.random.default_rng(0)
    target = rng.integers(0, 3, 4) if cls.labelled else rng.normal(0, 1, (4, 3))
    differentiated(cls(over=over), target)


def test_a_stepwise_loss_is_differentiated() -> None:
    differentiated(StepwiseCrossEntropy(), np.random.default_rng(0).integers(0, 3, (4, 6)))


def differentiated(loss: Loss, target: Array) -> None:
    output, way = np.random.default_rng(1).normal(0, 1, (2, 6, 4, 3))
    value, slope = loss(output, target)
    central = (loss(output + 1e-6 * way, target)[0] - loss(output - 1e-6 * way, target)[0]) / 2e-6
    assert slope.shape == output.shape
    assert np.sum(slope * way) == pytest.approx(central, rel=1e-6)
    assert value == pytest.approx(loss(output, target)[0])


def test_cross_entropy_in_closed_form() -> None:
    output = np.log(np.array([[[1.0, 3.0]], [[1.0, 3.0]]]))  # two steps, one sample
    assert CrossEntropy(over="mean")(output, np.array([1]))[0] == pytest.approx(-np.log(3 / 4))
    assert CrossEntropy(over="sum")(output, np.array([0]))[0] == pytest.approx(-np.log(1 / 10))
    assert CrossEntropy().guess(output).tolist() == [1]


def test_stepwise_cross_entropy_is_the_mean_of_that_of_single_steps() -> None:
    rng = np.random.default_rng(0)
    output, labels = rng.normal(0, 1, (5, 3, 4)), rng.integers(0, 4, (3, 5))
    loss, slope = StepwiseCrossEntropy()(output, labels)
    single = [CrossEntropy(over="last")(output[k : k + 1], labels[:, k]) for k in range(5)]
    assert loss == pytest.approx(np.mean([value for value, _ in single]))
    np.testing.assert_allclose(slope, np.concatenate([each for _, each in single]) / 5)
    np.testing.assert_array_equal(StepwiseCrossEntropy().guess(output), output.argmax(axis=2).T)
    assert StepwiseCrossEntropy()(np.zeros((5, 3, 4)), labels)[0] == pytest.approx(np.log(4)), "perplexity 4"


def test_mean_squared_of_every_step() -> None:
    output = np.arange(12.0).reshape(3, 2, 2)
    value, slope = MeanSquared()(output, np.zeros((2, 3, 2)))
    assert value == pytest.approx(np.mean(output**2))
    np.testing.assert_allclose(slope, 2 * output / 12)


def test_rate_targets() -> None:
    output = np.array([[[1.0, 0.0]], [[0.0, 0.0]]])
    assert RateTarget(correct=0.5, wrong=0.25)(output, np.array([0]))[0] == pytest.approx(0.25**2 / 2)


def test_adam_and_momentum_in_closed_form() -> None:
    value, gradients = {"p": np.array([1.0, -2.0])}, [np.array([0.5, -1.0]), np.array([0.1, 3.0])]
    adam, sgd = Adam(rate=0.1, decay=0.2), SGD(rate=0.1, momentum=0.5)
    for optimiser in (adam, sgd):
        parameters, state = value, optimiser.initial(value)
        a, b, u, wanted = np.zeros(2), np.zeros(2), np.zeros(2), value["p"]
        for n, g in enumerate(gradients, 1):
            parameters, state = optimiser.step(parameters, {"p": g}, state, n, share=0.5)
            a, b, u = 0.9 * a + 0.1 * g, 0.999 * b + 0.001 * g * g, 0.5 * u + g
            if optimiser is adam:
                by = (a / (1 - 0.9**n)) / (np.sqrt(b / (1 - 0.999**n)) + 1e-8)
                wanted = wanted * (1 - 0.05 * 0.2) - 0.05 * by
            else:
                wanted = wanted - 0.05 * u
        np.testing.assert_allclose(parameters["p"], wanted, rtol=1e-12)
    assert value["p"].tolist() == [1.0, -2.0], "nothing is changed in place"


def test_schedules() -> None:
    assert [round(Schedule("cosine").share(step, 4), 6) for step in range(5)] == [1.0, 0.853553, 0.5, 0.146447, 0.0]
    assert [Schedule("step").share(step, 6) for step in range(6)] == [1.0] * 4 + [0.1] * 2
    assert [Schedule("constant", 0.5).share(step, 4) for step in range(4)] == [0.5, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("surrogate", [cls() for cls in SURROGATES], ids=lambda surrogate: surrogate.name)
def test_a_surrogate_is_the_derivative_of_its_primitive(surrogate: Surrogate) -> None:
    x = np.linspace(-2.03, 2.01, 57)
    central = (surrogate.primitive(x + 1e-6) - surrogate.primitive(x - 1e-6)) / 2e-6
    np.testing.assert_allclose(surrogate.derivative(x), central, atol=1e-6)
    assert surrogate.derivative(x.astype("float32")).dtype == np.float32
    assert surrogate.primitive(np.zeros(1))[0] == 0.5


@pytest.mark.parametrize("kind", SURROGATES)
def test_a_second_threshold_masks_the_surrogate(kind: type[Surrogate]) -> None:
    x = np.linspace(-1, 1, 201, dtype=np.float32) + np.float32(1e-3)
    dense, sparse = kind(), kind(below=0.25)
    np.testing.assert_array_equal(sparse.derivative(x), np.where(x > -0.25, dense.derivative(x), 0))
    assert sparse.derivative(x).dtype == np.float32
    wide = x.astype(np.float64)
    central = (sparse.primitive(wide + 1e-6) - sparse.primitive(wide - 1e-6)) / 2e-6
    np.testing.assert_allclose(sparse.derivative(wide), central, atol=1e-5)


def test_gradients_with_a_second_threshold_are_those_of_the_masked_surrogate() -> None:
    x, labels = tasks.task(4)
    data = {"in": np.ascontiguousarray(x.swapaxes(0, 1), np.float32)}
    masked = network(tasks.lif(), CrossEntropy(), surrogate=_Masked())
    sparse = network(tasks.lif(), CrossEntropy(), surrogate=SuperSpike(below=0.3))
    dense = network(tasks.lif(), CrossEntropy(), surrogate=SuperSpike())
    steps = [net.step(net.initial, data, labels) for net in (masked, sparse, dense)]
    for parameter, gradient in steps[1].gradients.items():
        np.testing.assert_array_equal(gradient, steps[0].gradients[parameter])
    assert any(np.any(gradient != steps[2].gradients[p]) for p, gradient in steps[1].gradients.items())


@dataclass(frozen=True)
class _Masked(SuperSpike):
    """A dense surrogate, by hand where v passed 0.7 of a threshold of 1."""

    def bell(self, x: Array) -> Array:
        return np.asarray(super().bell(x) * (x > -0.3), x.dtype)


def test_text_forms() -> None:
    assert named("loss", "cross_entropy,over=last,scale=2", LOSSES) == CrossEntropy("last", 2.0)
    assert named("optimiser", "sgd", OPTIMISERS) == SGD()
    for text in ("nothing", "adam,speed=1", "adam,rate=fast", "adam,rate"):
        with pytest.raises(ModelError, match="AX403"):
            named("optimiser", text, OPTIMISERS)
    with pytest.raises(ModelError, match="AX403"):
        named("loss", "cross_entropy,over=all", LOSSES)
