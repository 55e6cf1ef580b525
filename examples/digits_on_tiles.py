"""A spiking network learns handwritten digits in a program for an IPU, step for step what it learns in numpy.

The recurrent network of train_digits.py, with few neurons and few digits, is trained twice from the same weights with
the same batches: by `axonc.train` here, and by a Poplar program on the simulator, whose tiles hold fewer bytes than all
steps would need, so that states are kept and steps run again.

    python examples/digits_on_tiles.py                                               24 steps of training
    python examples/digits_on_tiles.py --epochs 20 --samples 500 --tolerance 1e-4    640

Nearly all of the time goes into building the program: some ten seconds, and a minute more where no program for tiles
was built before. Both trainings add in float32, each in an order of its own: weights do not agree to the bit, and less
the longer they learn.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import train_digits as digits

import axonc
from axonc.compiler.driver.reported import reported
from axonc.compiler.training import Trained
from axonc.ir import Graph
from axonc.ir.ops import Linear


def weights(graph: Graph) -> dict[str, np.ndarray[Any, Any]]:
    """The matrices that learn, by name."""
    return {node.name: np.asarray(node.op.weight) for node in graph if isinstance(node.op, Linear)}


def differences(one: Graph, other: Graph) -> dict[str, float]:
    """Of each matrix the largest difference of a weight, as a share of the largest weight of ``one``."""
    there = weights(other)
    return {name: float(np.abs(w - there[name]).max() / np.abs(w).max()) for name, w in weights(one).items()}


def show(name: str, done: Trained) -> None:
    """The loss and the accuracy of the first and of the last epoch."""
    first, last = done.history[0], done.history[-1]
    print(f"{name:6} loss {first.loss:.7f} -> {last.loss:.7f}, accuracy {first.accuracy:.1%} -> {last.accuracy:.1%}")


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="An IPU program learns handwritten digits as numpy does.")
    parser.add_argument("--hidden", type=int, default=24)
    parser.add_argument("--samples", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--memory", type=int, default=8000, help="bytes of a tile; more neurons need more")
    parser.add_argument("--checkpoints", default="single", help="a kind of plan, or auto")
    parser.add_argument("--tolerance", type=float, default=1e-5, help="for a weight, of the largest of its matrix")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Train in both ways, print how both learn and how far their weights are apart; exit with 1 if that is too far."""
    chosen = parsed(arguments)
    x, y = digits.digits()
    data, graph = (x[: chosen.samples], y[: chosen.samples]), digits.recurrent(0, chosen.hidden)
    options: dict[str, Any] = {"epochs": chosen.epochs, "batch": chosen.batch, "attached": True}
    options |= {"loss": digits.LOSS, "optimiser": "adam,rate=5e-3,decay=0.5"}
    here = axonc.train(graph, data, **options)
    there = axonc.train(graph, data, target="ipu", memory=chosen.memory, checkpoints=chosen.checkpoints, **options)
    print(f"{len(data[0])} digits, {chosen.epochs * -(-len(data[0]) // chosen.batch)} steps of training")
    show("numpy", here)
    show("tiles", there)
    assert there.plan is not None
    most = max(there.stats["memory"]["tiles"]["total"])
    plan = f"{there.plan.kind} ({there.plan.schedule.said(digits.STEPS)}), {there.plan.factor:.2f} forward runs"
    print(f"{plan}; at most {most:,} of {chosen.memory:,} bytes of a tile")
    moved, apart = differences(graph, here.graph), differences(here.graph, there.graph)
    for name, far in apart.items():
        print(f"{name:6} learning moved a weight by up to {moved[name]:.2%}; largest difference {far:.1e}")
    if not max(apart.values()) <= chosen.tolerance:
        raise SystemExit(f"differences above {chosen.tolerance:g} of the largest weight")


if __name__ == "__main__":
    with reported():
        main()
