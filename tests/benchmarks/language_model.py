"""An EGRU language model of 750-1350-1350-750 units, 95 % of its weights pruned, on one chip.

Run it as a script, from the folder of the project: ``PYTHONPATH=tests python -m benchmarks.language_model``

The network has the sizes of Nazeer et al. (AICAS 2024): three EGRU layers between dense embeddings of 750 values and
a decoder, both with the host. Weights are random, 5 % of them kept, so that what is measured is the machine, not the
language; thresholds make some 10 % of the units send in a step. For two mappings, that of the fewest cores and that
of the least estimated latency, it prints the time of the compilation, cores, bytes by kind (predicted and in the
built files), bytes a weight, events, multiply-accumulates (predicted from the events, and as counted by the cores),
estimated cycles, and an estimate of the energy of a token.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from axonc import Graph
from axonc.ir import Kind, Node, Signal
from axonc.ir.ops import EGRU, Delay, Input, Linear, Output

Array = np.ndarray[Any, Any]
SIZES = (750, 1350, 1350, 750)
DENSITY = 0.05
"""The part of the weights that is kept."""

THRESHOLDS = (6.0, 5.0)
"""Parameters of the beta distribution of thresholds."""

GAIN = 3.0
"""What weights of events have over those of embeddings, whose values are larger."""

CYCLE_PJ, SLEEP_MW, BASE_MW = 8.3, 1.55, 75.2
"""At 150 MHz and 0.5 V: energy of a core's cycle above sleep, power of a sleeping core, power of the chip without its
cores; derived from the figures of the chip's paper."""


def language_model(sizes: Sequence[int] = SIZES, density: float = DENSITY, seed: int = 0) -> Graph:
    """Layers of EGRUs with random sparse weights; input ``embedding``, output ``output``."""
    random = np.random.default_rng(seed)
    nodes = [Node("embedding", Input(Signal((sizes[0],), Kind.DENSE)))]
    for index, (inputs, units) in enumerate(pairwise(sizes), 1):
        name, source = f"egru{index}", nodes[-1].name
        into, back = (_weight(random, 3 * units, columns, density) for columns in (inputs, units))
        into, back = into * (1.0 if index == 1 else GAIN), back * GAIN
        bias = random.normal(size=3 * units) * 0.1
        nodes += [
            Node(f"{name}.w", Linear(into, bias), (source,)),
            Node(f"{name}.late", Delay(1), (name,)),
            Node(f"{name}.r", Linear(back, np.zeros(3 * units)), (f"{name}.late",)),
            Node(name, EGRU(units, random.beta(*THRESHOLDS, size=units)), (f"{name}.w",), "", (f"{name}.r",)),
        ]
    return Graph("language model", (*nodes, Node("output", Output(), (nodes[-1].name,))), "steps")


def _weight(random: np.random.Generator, rows: int, columns: int, density: float) -> Any:
    made = sparse.random_array(
        (rows, columns), density=density, rng=random, data_sampler=random.standard_normal, format="csr"
    )
    return made * np.sqrt(2 / (columns * density))
