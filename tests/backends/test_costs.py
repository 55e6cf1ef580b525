"""The cost model against exact counts of emulated cores."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import gated_graphs
import numpy as np
import pytest
from benchmarks import images as image_benchmark
from benchmarks import networks
from benchmarks.calibrate import Measured, errors, fit, measured
from benchmarks.workloads import STEPS, Workload, layered, workloads
from scipy.stats import binom

from axonc.backends.spinnaker2.code_size import KERNEL_BYTES
from axonc.backends.spinnaker2.costs import COSTS, ERROR, FREE, Costs, instructions
from axonc.backends.spinnaker2.packets import expected_blocks, expected_groups

WITHIN = 0.05
"""What the model promises of networks that it was not fitted to: the relative error of instructions."""


def test_the_table_is_what_the_counts_give() -> None:
    """After a change of the runtime: ``python -m benchmarks.calibrate --write``."""
    runs = [measured(workload) for workload in workloads()]
    fitted = fit(runs)
    assert set(fitted) == set(COSTS)
    again = zip(errors(runs, fitted), errors(runs, COSTS), strict=True)
    for (name, new), (_, shipped) in again:
        assert abs(new.instructions - shipped.instructions) < 0.002, name
        assert abs(new.cycles - shipped.cycles) < 0.002, name
        assert abs(shipped.instructions) <= ERROR.instructions + 1e-4, name
        assert abs(shipped.cycles) <= ERROR.cycles + 1e-4, name


def test_every_loop_of_neurons_has_a_cost() -> None:
    for kernel in KERNEL_BYTES:
        variants = ("shared", "own", "full") if "lif" in kernel else ("shared", "shifted", "own")
        variants = ("shared",) if kernel == "partial_sums_q16" else variants
        variants = ("full",) if "levels" in kernel else variants
        assert all(f"neuron.{kernel}.{variant}" in COSTS for variant in variants)
        assert f"step.{kernel}" in COSTS


@cache
def others() -> tuple[Measured, ...]:
    """Networks of other sizes, densities and connections than those of the calibration, on one core and several."""
    rng = np.random.default_rng(5)
    gated = gated_graphs.chain(rng, ["egru", "egru"], True, [50, 70], 20, density=0.3)
    plain = gated_graphs.chain(rng, ["lstm", "lif"], False, [44, 36], 20)
    image = image_benchmark.network((2, 14, 14), 6, (20, 5))
    x = (rng.random((STEPS, 2, 14, 14)) < 0.1).astype(np.int64)
    return tuple(
        map(
            measured,
            (
                Workload("dense", networks.recurrent(70, 130, 12), networks.events(STEPS, 70, 0.1)),
                Workload(
                    "sparse", networks.recurrent(150, 260, 20, 0.1), networks.events(STEPS, 150), {"slice_size": 100}
                ),
                Workload("guarded", *layered((55, 77, 66, 9), 0.25, "snntorch", own=True, active=0.15, seed=3)),
                Workload("image", image, x, {"slice_size": 400}),
                Workload("values", gated.graph, gated_graphs.values(rng, True, (STEPS, 20))),
                Workload("spikes among values", plain.graph, gated_graphs.values(rng, False, (STEPS, 20))),
            ),
        )
    )


def test_instructions_are_predicted_from_events() -> None:
    """All of a run, and the busiest core's, within 5 %."""
    for run, (name, error) in zip(others(), errors(others(), COSTS), strict=True):
        assert abs(error.instructions) < WITHIN, name
        assert abs(error.cycles) < WITHIN, name
        busiest = int(run.instructions.sum(axis=0).argmax())
        assert instructions(run.work[busiest]).sum() == pytest.approx(run.instructions[:, busiest].sum(), rel=WITHIN)


@pytest.mark.parametrize(
    "part",
    [
        "spikes.dense",
        "spikes.sparse",
        "graded.sparse",
        "spikes.kernel.",
        "neuron.lif_q32",
        "neuron.gru_after_q16",
        "step.",
    ],
)
def test_a_part_that_were_left_out_would_be_missed(part: str) -> None:
    less = {name: FREE if name.startswith(part) else cost for name, cost in COSTS.items()}
    assert _worst(COSTS) < WITHIN < _worst(less)


def _worst(costs: Mapping[str, Costs]) -> float:
    return max(abs(error.instructions) for _, error in errors(others(), costs))


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize(("count", "active"), [(1, 0.3), (7, 0.0), (9, 1.0), (50, 0.05), (200, 0.4)])
def test_groups_are_those_of_a_binomial(count: int, active: float, size: int) -> None:
    events = np.arange(count + 1)
    chance = binom.pmf(events, count, active)
    groups, left = expected_groups(count, active, size)
    assert groups == pytest.approx(chance @ (events // size), abs=1e-9)
    assert left == pytest.approx(chance @ (events % size > 0), abs=1e-9)
    blocks, weights = expected_blocks(3.0, count, active, size)
    assert size * blocks + weights == pytest.approx(3 * count * active)
