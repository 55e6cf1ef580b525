"""What given events cost: the exact events of a run, through the cost model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.network import Network
from axonc.ir.ops import Array
from axonc.ir.walk import Deliveries

from .plan import CorePlan
from .traffic import Counted
from .work import Work, core_work


def counted_work(
    network: Network, mapping: CoreMapping, plans: Sequence[CorePlan], traces: Mapping[str, Array]
) -> list[Work]:
    """What every core does in each slot of a run of one sample.

    ``traces``: [steps, *shape] of every population that sends: counts of spikes, or values, of which those that are
    not 0 are events.
    """
    graded = {p.name for p in network.populations if p.graded}
    events = {name: np.asarray(trace != 0 if name in graded else trace, np.float64) for name, trace in traces.items()}
    deliveries = Deliveries.of(mapping)
    return [
        core_work(plan, Counted(mapping.schedule, events, partial(deliveries.to, core=core)))
        for core, plan in enumerate(plans)
    ]
