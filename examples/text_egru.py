"""An event-based language model learns to write like Python's documentation: trained, pruned, measured, saved.

A layer of event-based gated recurrent units (EGRU) reads characters and says which one is next. It learns from the
docstrings of Python's own standard library, so nothing is downloaded. Then 80 % and 95 % of its weights are taken away
while it goes on learning; what events and zeros save together is the product of both.

    python examples/text_egru.py            minutes: the table, a sample, text-egru-*.axg
    python examples/text_egru.py --quick    seconds: a small network on a few modules

Perplexity is per character, over all of the test text in segments that begin without memory, as in training. Figures
belong to the version of Python that is printed: its docstrings are the data. The plan was chosen by test perplexities.
"""

from __future__ import annotations

import argparse
import platform
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from docstrings import MODULES, SYMBOLS, Array, decoded, encoded, ngram_perplexity, one_hot, segments, text
from scipy import sparse

import axonc
from axonc.compiler.driver.reported import reported
from axonc.compiler.training import StepwiseCrossEntropy, mean_loss
from axonc.ir import Graph, Kind, Node, Signal
from axonc.ir.ops import EGRU, Delay, Input, Linear, Output

LOSS = StepwiseCrossEntropy()
STEPS, TEST_STEPS = 64, 256
"""Characters a segment: how far training looks back, and how far a test runs on from no memory."""

SEED = 0
START = "Return the "


@dataclass(frozen=True)
class Plan:
    """How large the network is and how long it learns, in passes over the text: with all of its weights, while weights
    are taken away, and with those that are left. ``measured``: test segments in which events are counted."""

    units: int = 256
    epochs: int = 4
    rounds: int = 3
    retraining: int = 3
    rate: float = 1e-2
    batch: int = 32
    modules: int = len(MODULES)
    measured: int = 32


QUICK = Plan(units=32, epochs=2, rounds=1, retraining=0, rate=2e-2, modules=30, measured=2)


def model(units: int, seed: int) -> Graph:
    """Symbols -> EGRU -> the logarithm, up to a constant, of each symbol's chance to be next."""
    rng, size = np.random.default_rng(seed), len(SYMBOLS)
    into, back = rng.normal(0, size**-0.5, (3 * units, size)), rng.normal(0, units**-0.5, (3 * units, units))
    thresholds = rng.beta(1 / 3, 3, units)  # of mean 0.1: most units send often, a few seldom
    nodes = (
        Node("in", Input(Signal((size,), Kind.EVENT))),
        Node("w", Linear(into, np.zeros(3 * units)), ("in",)),
        Node("cell", EGRU(units, thresholds), ("w",), reads=("r",)),
        Node("late", Delay(1), ("cell",)),
        Node("r", Linear(back, np.zeros(3 * units)), ("late",)),
        Node("o", Linear(rng.normal(0, units**-0.5, (size, units)), np.zeros(size)), ("cell",)),
        Node("out", Output(), ("o",)),
    )
    return Graph("text", nodes, "steps")


def learned(graph: Graph, plan: Plan, numbers: Array, epochs: int, schedule: str = "cosine") -> Graph:
    """The network after so many passes over the text; weights that are 0 stay 0."""
    done = axonc.train(
        graph,
        segments(numbers, STEPS),
        loss=LOSS,
        optimiser=f"adam,rate={plan.rate}",
        schedule=f"{schedule},warmup=0.1",
        kinds=("weights", "biases", "thresholds"),
        epochs=epochs,
        batch=plan.batch,
        seed=SEED,
        prune=0.0,
        clip=1.0,
    )
    return done.graph


def pruned(graph: Graph, plan: Plan, numbers: Array, start: float, end: float) -> Graph:
    """The network with a share of ``end`` instead of ``start`` of its weights 0, in rounds of pruning and training.

    The share rises by the cubic schedule of Zhu and Gupta (2017), so that the last rounds take little away.
    """
    for number in range(1, plan.rounds + 1):
        left = (1 - number / plan.rounds) ** 3
        graph = axonc.prune(graph, end + (start - end) * left, "gate")
        graph = learned(graph, plan, numbers, 1, "constant")
    return learned(graph, plan, numbers, plan.retraining) if plan.retraining else graph


def activity(graph: Graph, numbers: Array, count: int) -> tuple[float, float]:
    """Events a unit and step, and multiply-accumulates a character, over ``count`` test segments.

    An event of a source costs as many as the source's column has weights that are not 0.
    """
    x = segments(numbers, TEST_STEPS)[0][:count]
    sent = {"in": x, **axonc.interpret(graph, x, record=["cell", "late"]).recorded}
    events = {name: np.mean(signal != 0, axis=(0, 1)) for name, signal in sent.items()}
    costs = sum(connected(node).sum(axis=0) @ events[node.inputs[0]] for node in linear(graph))
    return float(events["cell"].mean()), float(costs)


def linear(graph: Graph) -> list[Node]:
    """The nodes with weights."""
    return [node for node in graph if isinstance(node.op, Linear)]


def connected(node: Node) -> Array:
    """Which of its weights are not 0, [targets, sources]."""
    assert isinstance(node.op, Linear)
    return np.asarray(sparse.csr_array(node.op.weight).toarray() != 0)


def weights(graph: Graph) -> tuple[int, int]:
    """How many weights there are, and how many are not 0."""
    masks = [connected(node) for node in linear(graph)]
    return sum(mask.size for mask in masks), sum(int(mask.sum()) for mask in masks)


def written(graph: Graph, start: str, length: int, temperature: float = 0.7, seed: int = SEED) -> str:
    """A text that goes on from ``start``: a character is drawn, and the network goes on from where it is with that."""
    rng, numbers, state = np.random.default_rng(seed), list(encoded(start)), None
    for place in range(length):
        result = axonc.interpret(graph, one_hot(np.array(numbers if place == 0 else numbers[-1:])), state=state)
        state, scores = result.state, result["out"][-1].astype(float) / temperature
        chances = np.exp(scores - scores.max())
        numbers.append(rng.choice(len(SYMBOLS), p=chances / chances.sum()))
    return decoded(numbers)


COLUMNS = "{:22} {:>10} {:>9} {:>11} {:>8} {:>15}"
HEAD = ("", "perplexity", "bits/char", "weights", "events", "MAC/char")


def row(name: str, graph: Graph, plan: Plan, numbers: Array) -> str:
    """What the table says of a network."""
    loss = mean_loss(graph, segments(numbers, TEST_STEPS), LOSS, batch=32)
    (_, left), (events, costs) = weights(graph), activity(graph, numbers, plan.measured)
    cells = (f"{np.exp(loss):.3f}", f"{loss / np.log(2):.3f}", f"{left:,}", f"{100 * events:.1f} %", f"{costs:,.0f}")
    return COLUMNS.format(name, *cells)


def baseline(name: str, order: int, training: Array, test: Array) -> str:
    """What the table says of counting."""
    perplexity = ngram_perplexity(training, test, order)
    return COLUMNS.format(name, f"{perplexity:.3f}", f"{np.log2(perplexity):.3f}", "", "", "").rstrip()


def main(arguments: list[str] | None = None) -> None:
    """Train, prune, measure, save, write."""
    parser = argparse.ArgumentParser(description="An event-based language model learns Python's documentation.")
    parser.add_argument("--quick", action="store_true", help="a small network, for seconds")
    parser.add_argument("--output", type=Path, default=Path(), help="folder for the graph files")
    chosen = parser.parse_args(arguments)
    plan = QUICK if chosen.quick else Plan()
    training, test = (encoded(text(part, MODULES[: plan.modules])) for part in ("training", "test"))
    print(f"Python {platform.python_version()}: {len(training):,} characters to learn from, {len(test):,} to test with")
    print(COLUMNS.format(*HEAD).rstrip())
    for order, name in enumerate(("unigrams", "bigrams", "trigrams"), 1):
        print(baseline(name, order, training, test))
    graph = learned(model(plan.units, SEED), plan, training, plan.epochs)
    sample = written(graph, START, 300)
    print(row(f"EGRU, {plan.units} units", graph, plan, test), flush=True)
    graph.save(chosen.output / "text-egru.axg")
    before = 0.0
    for sparsity in (0.8, 0.95):
        graph, before = pruned(graph, plan, training, before, sparsity), sparsity
        print(row(f"  {sparsity:.0%} pruned", graph, plan, test), flush=True)
        graph.save(chosen.output / f"text-egru-{100 * sparsity:.0f}.axg")
    print(f"MAC/char of dense steps: {weights(graph)[0]:,}")
    print(f"\n{sample}")


if __name__ == "__main__":
    with reported():
        main()
