"""The page of the study of few bits and few weights, from its stored result."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[1] / "examples"


def script() -> Any:
    """The example ``study_digits.py``, whose own folder holds what it imports."""
    if str(EXAMPLES) not in sys.path:
        sys.path.append(str(EXAMPLES))
    return importlib.import_module("study_digits")


def head() -> tuple[str, ...]:
    """The columns of the table."""
    return tuple(script().HEAD)


def rows() -> list[Sequence[str]]:
    """Its rows."""
    return list(script().rows(result()))


def result() -> Mapping[str, Any]:
    """The stored result."""
    found: Mapping[str, Any] = json.loads(script().RESULT.read_text())
    return found


def goals() -> Iterator[str]:
    """A line for each goal: what it is, what came of it."""
    study, found = script(), result()
    for goal in study.GOALS:
        came = study.difference(found, goal.case, goal.after)
        when = "trained for it" if goal.after else "post-training"
        met = "met" if -came.mean <= goal.loses else "missed"
        yield f"- {goal.case}, {when}: at most {goal.loses} points lost; {came.signed}: {met}.\n"


def page(table: str) -> str:
    """The page around its table."""
    found = result()
    setup = found["setup"]
    samples = sum(run["tested"] for run in found["runs"])
    return (
        "# What few bits and few weights cost\n\n"
        "A spiking network learns the 8x8 digits of scikit-learn ([training](training.md#a-real-task)): 64 inputs, "
        f"{setup['hidden']} leaky integrate-and-fire neurons, 10 readouts, {setup['epochs']} epochs in float. Each row "
        "is the same network with other weights, other states or fewer weights, compiled: once as it was trained "
        "(post-training), once trained on for it. Weights are int8 and states q16 where a row does not say otherwise; "
        "pruned networks, too. What is tested is the compiled program, by the reference, which all targets equal; the "
        "row `float` is the network itself.\n\n"
        "<!-- not run: it takes minutes -->\n```console\n$ python examples/study_digits.py\n```\n\n"
        f"{table}\n"
        f"Accuracies in percent over {setup['folds']} folds and {setup['seeds']} seeds, {samples} tested samples in "
        "all; differences in percentage points to the float network that the row began from, run by run. Behind ±: "
        "half of the 95 % interval, Student's t over the runs, widened for the training data that they share (Nadeau "
        "and Bengio, 2003).\n\n"
        f"## Goals\n\n{''.join(goals())}\n"
        "## How\n\n"
        "- *Post-training* chooses scales and rounds, nothing else. The largest weight is the largest integer; with "
        "two bits all others would be 0, so that `int2` takes the scale of the least squared error, and `ternary` the "
        "mean magnitude.\n"
        "- *Trained for it* goes on from the float network for 20 epochs of small steps, with rounding in the forward "
        "run (`axonc train --weights int4`), or for 40 epochs of larger ones, in which ever more weights become 0 "
        "(`--prune cubic,share=0.8`). The row `float` went on for 20 epochs, too: it shows what "
        "further training gives by itself. Rates and epochs were chosen with two of the runs.\n"
        "- *Pruned* weights are the smallest of each layer.\n"
        "- *Levels* replace the membrane voltage of the hidden neurons after each update and each reset "
        "([states](quantisation.md#states)).\n"
    )
