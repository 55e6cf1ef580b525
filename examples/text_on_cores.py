"""The language models of text_egru.py in integers: measured on this computer, writing on emulated cores.

    python examples/text_egru.py                                        trains and prunes: text-egru-*.axg
    python examples/text_on_cores.py text-egru.axg text-egru-80.axg     perplexity with int8 weights; a sample

Weights have 8 bits, cells and events 16; the readout's values are those of a 32-bit neuron. Perplexity is that of
text_egru.py, over all of the test text, computed by the native target; the sample is written by the C for Cortex-M4F
cores, on emulated ones, character by character: the state that a run leaves is what the next one begins with. Each
character is that which the interpreter would have drawn.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from docstrings import MODULES, SYMBOLS, Array, decoded, encoded, one_hot, segments, text
from text_egru import LOSS, START, TEST_STEPS

import axonc
from axonc import Graph, Program
from axonc.compiler.driver.reported import reported

LENGTH = 100
"""Characters that are written."""

TEMPERATURE = 0.7


def perplexity(graph: Graph, numbers: Array, batch: int = 32) -> float:
    """Per character, of the integer network over segments of the text."""
    program = axonc.compile(graph, "native", weights="int8")
    x, following = segments(numbers, TEST_STEPS)
    total = 0.0
    for first in range(0, len(x), batch):
        part = slice(first, first + batch)
        scores = program.run(x[part]).value("out").swapaxes(0, 1)
        total += LOSS(scores.astype(np.float32), following[part])[0] * len(x[part])
    return float(np.exp(total / len(x)))


def written(program: Program, start: str, length: int, seed: int = 0) -> str:
    """A text that goes on from ``start``: a character is drawn, and the cores go on from where they are with that."""
    rng, numbers, state = np.random.default_rng(seed), list(encoded(start)), None
    for place in range(length):
        unread = numbers if place == 0 else numbers[-1:]
        result = program.run(one_hot(np.array(unread)), state=state)
        state, scores = result.state, result.value("out")[-1] / TEMPERATURE
        chances = np.exp(scores - scores.max())
        numbers.append(rng.choice(len(SYMBOLS), p=chances / chances.sum()))
    return decoded(numbers)


def main(arguments: list[str] | None = None) -> None:
    """Measure each network; let the last one write."""
    parser = argparse.ArgumentParser(description="Language models in integers, on emulated cores.")
    parser.add_argument("models", nargs="+", type=Path, help="graph files of text_egru.py")
    parser.add_argument("--quick", action="store_true", help="a little text, for seconds")
    chosen = parser.parse_args(arguments)
    numbers = encoded(text("test", MODULES[:30] if chosen.quick else MODULES))
    numbers = numbers[: 4 * TEST_STEPS + 1] if chosen.quick else numbers
    for path in chosen.models:
        graph = axonc.load(path)
        program = axonc.compile(graph, "spinnaker2", weights="int8")
        used = "core" if program.manifest["cores"] == 1 else "cores"
        print(f"{path.stem}: int8 perplexity {perplexity(graph, numbers):.3f}, {program.manifest['cores']} {used}")
    x = one_hot(encoded(START * 4))
    assert program.verify(x).equal
    print(f"\n{written(program, START, 10 if chosen.quick else LENGTH)}")


if __name__ == "__main__":
    with reported():
        main()
