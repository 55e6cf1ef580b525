"""What few bits and few weights cost a spiking network, before and after training for them: a study on digits.

The feed-forward network of train_digits.py learns in float. Each case then changes its weights, its states or how many
weights it has: once as it is (post-training), once after further training that rounds, or prunes, in its forward run.
Five folds and three seeds make 15 runs; every case of a run starts from the same network and is tested on the same
samples, so that differences to the float network are paired. Accuracies are those of the compiled program, by the
reference, which all targets equal.

    python examples/study_digits.py                        all of it: about ten minutes on two cores
    python examples/study_digits.py --folds 1 --seeds 1    one run: less than a minute

The result is a JSON file, written after every run: a study that was stopped goes on from it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import train_digits as digits
from scipy import stats

import axonc
from axonc.compiler.driver.reported import reported
from axonc.ir import Graph

Array = np.ndarray[Any, Any]
RESULT = Path(__file__).parents[1] / "docs" / "quantization-study.json"
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Case:
    """A form of the network: number formats, how scales are chosen, the share of weights that are 0."""

    name: str
    weights: str = "int8"
    state: str = "q16"
    quantize: str | None = None
    pruned: float = 0.0

    def post_training(self, graph: Graph) -> Graph:
        """The network as it is."""
        return axonc.prune(graph, self.pruned) if self.pruned else graph

    @property
    def training(self) -> dict[str, Any]:
        """What makes a training aware of it. Rounding is learned in short steps; what many weights did takes longer
        ones to do with few."""
        if self.pruned:
            return {"prune": f"cubic,share={self.pruned}", "epochs": 40, "optimiser": "adam,rate=4e-3,decay=0.5"}
        rounds = {"weights": self.weights, "quantize": self.quantize, "state": STATES.get(self.state, self.state)}
        return {**rounds, "epochs": 20, "optimiser": "adam,rate=1e-3,decay=0.5"}


STATES = {"q16": "float32"}
"""States that a training does not round: 16 bits change nothing that it could learn from."""

CASES = (
    Case("float", "float32", "float32"),
    Case("int8"),
    Case("int4", "int4"),
    Case("int2", "int2", quantize="scales=mse"),
    Case("ternary", "ternary"),
    Case("uniform, 4-bit state", state="uniform4"),
    Case("threshold-centred, 4-bit state", state="centred4"),
    Case("uniform, 2-bit state", state="uniform2"),
    Case("threshold-centred, 2-bit state", state="centred2"),
    Case("50 % pruned", pruned=0.5),
    Case("80 % pruned", pruned=0.8),
    Case("90 % pruned", pruned=0.9),
    Case("95 % pruned", pruned=0.95),
)
"""``float`` trained on shows what further training alone gives."""


@dataclass(frozen=True)
class Setup:
    """What a study runs: ``epochs`` of the first training and, where it is given, of those after it; neurons."""

    folds: int = digits.MAX_FOLDS
    seeds: int = 3
    hidden: int = 256
    epochs: int = 40
    later: int | None = None


Right = dict[str, tuple[int, int]]
"""How many test samples are right by case: post-training, and after training for it."""


def one_run(setup: Setup, x: Array, y: Array, fold: int, seed: int) -> dict[str, Any]:
    """Every case of one fold and seed."""
    learn, test = digits.fold(y, fold, seed)
    data, unseen = (x[learn], y[learn]), (x[test], y[test])
    model = digits.Model(lambda s: digits.feed_forward(s, setup.hidden), setup.epochs, 2e-3, options=OPTIONS)
    graph = digits.trained(model, *data, seed)
    right: Right = {case.name: (right_of(case, case.post_training(graph), *unseen), 0) for case in CASES}
    for case in CASES:
        later = {"epochs": setup.later} if setup.later is not None else {}
        how = {**OPTIONS, **case.training, **later}
        aware = axonc.train(graph, data, loss=digits.LOSS, seed=seed, **how).graph
        right[case.name] = (right[case.name][0], right_of(case, aware, *unseen))
    return {"fold": fold, "seed": seed, "tested": len(test), "right": right}


OPTIONS: dict[str, Any] = {"attached": True}


def right_of(case: Case, graph: Graph, x: Array, y: Array) -> int:
    """How many samples the compiled network gets right."""
    formats = {} if case.weights == "float32" else {"state": case.state, "quantize": case.quantize}
    program = axonc.compile(graph, target="reference", weights=case.weights, **formats)  # type: ignore[arg-type]
    voltage = program.run(x).value("out")
    return int(np.sum(np.argmax(voltage.mean(axis=1), axis=1) == y))


def _digits_run(setup: Setup, fold: int, seed: int) -> dict[str, Any]:
    return one_run(setup, *digits.digits(), fold, seed)


def missing_runs(setup: Setup, runs: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """The folds and seeds that are not among ``runs``."""
    known = {(run["fold"], run["seed"]) for run in runs}
    every = [(fold, seed) for seed in range(setup.seeds) for fold in range(setup.folds)]
    return [pair for pair in every if pair not in known]


def study(setup: Setup, output: Path, jobs: int) -> dict[str, Any]:
    """Every run that the file does not hold yet, in processes of one thread each."""
    said = {"setup": asdict(setup), "cases": [asdict(case) | {"training": case.training} for case in CASES]}
    runs = _known(said, output)
    for name in THREADS:
        os.environ[name] = "1"
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_digits_run, setup, *pair) for pair in missing_runs(setup, runs)]):
            runs = sorted([*runs, done.result()], key=lambda run: (run["seed"], run["fold"]))
            output.write_text(json.dumps({**said, "runs": runs}, indent=1) + "\n")
            print(f"{len(runs)} of {setup.folds * setup.seeds} runs", flush=True)
    return {**said, "runs": runs}


def _known(said: Mapping[str, Any], output: Path) -> list[dict[str, Any]]:
    """The runs in the file, if they are of this study."""
    found = json.loads(output.read_text()) if output.exists() else {}
    same = json.loads(json.dumps(said)) == {name: found.get(name) for name in said}
    return list(found["runs"]) if same else []


@dataclass(frozen=True)
class Measured:
    """A mean over runs and the half of its 95 % interval, in percent or percentage points."""

    mean: float
    half: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} ± {self.half:.2f}"

    @property
    def signed(self) -> str:
        """A difference."""
        return f"{self.mean:+.2f} ± {self.half:.2f}"


def measured(values: Array) -> Measured:
    """Student's t over the runs. They share training data: the variance of their mean is s^2 (1 / n + 1 / 4), a fifth
    of the samples being tested (Nadeau and Bengio, 2003; Bouckaert and Frank, 2004); nan for a single run."""
    count = len(values)
    if count < 2:
        return Measured(float(np.mean(values)), float("nan"))
    spread = np.std(values, ddof=1) * np.sqrt(1 / count + 1 / (digits.MAX_FOLDS - 1))
    return Measured(float(np.mean(values)), float(stats.t.ppf(0.975, count - 1) * spread))


def accuracies(found: Mapping[str, Any], case: str, after: bool) -> Array:
    """The accuracy of every run, in percent; ``after`` training for the case, or before."""
    return np.array([100 * run["right"][case][after] / run["tested"] for run in found["runs"]])


def difference(found: Mapping[str, Any], case: str, after: bool) -> Measured:
    """To the float network that every case starts from, in percentage points, paired."""
    return measured(accuracies(found, case, after) - accuracies(found, "float", False))


HEAD = ("network", "post-training", "difference", "trained for it", "difference")


def rows(found: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """A row of text for every case."""
    for case in CASES:
        cells = [case.name]
        for after in (False, True):
            cells += [str(measured(accuracies(found, case.name, after))), difference(found, case.name, after).signed]
        yield tuple(cells)


@dataclass(frozen=True)
class Goal:
    """The most that a case may lose on average, in percentage points, post-training or after training for it."""

    case: str
    after: bool
    loses: float


GOALS = (Goal("int8", False, 0.3), Goal("int4", True, 1.0), Goal("80 % pruned", True, 1.0))


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the table."""
    parser = argparse.ArgumentParser(description="What few bits and few weights cost, on digits.")
    parser.add_argument("--folds", type=int, default=digits.MAX_FOLDS, choices=range(1, digits.MAX_FOLDS + 1))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--output", type=Path, default=RESULT, help="the result, from which a stopped study goes on")
    chosen = parser.parse_args(arguments)
    found = study(Setup(chosen.folds, chosen.seeds), chosen.output, chosen.jobs)
    for row in (HEAD, *rows(found)):
        print("".join(f"{cell:>32}" if place == 0 else f"{cell:>18}" for place, cell in enumerate(row)))


if __name__ == "__main__":
    with reported():
        main()
