"""Where the events of a mapping go, by a walk through its routing tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from axonc.ir.mapping import Mapping, Slice
from axonc.ir.walk import Deliveries


def deliveries(mapping: Mapping, part: Slice) -> np.ndarray[Any, Any]:
    """How often each core gets an event of each neuron of a slice that sends, int64 [neurons, cores]."""
    made = Deliveries.of(mapping)
    number = [other.place for other in made.parts].index(part.place)
    return np.asarray(made.delivered[made.starts[number] : made.starts[number + 1]].toarray())
