"""What a core takes in a slot, before anything is emitted, and for events that are known.

What a core does depends on its events: as many as in the busiest step of the data that the network was calibrated
with; without such data, as `packets` assumes. Cycles are those of the emulator (`engine.cycles`), estimates themselves.
"""

from __future__ import annotations

import numpy as np

from axonc.ir.machine import Synapses
from axonc.ir.mapping import Schedule
from axonc.ir.ops import Array

from .costs import Costs, cycles, instructions
from .plan import CorePlan
from .traffic import Assumed
from .work import Work, core_work


def slot_costs(plan: CorePlan, schedule: Schedule) -> Costs:
    """The expected instructions and cycles of the busiest slot: what is due at the same time depends on the phases of
    the schedule."""
    work = core_work(plan, Assumed(plan, schedule))
    return Costs(float(instructions(work).max()), float((cycles(work) + waiting(work, plan.synapses)).max()))


def waiting(work: Work, synapses: Synapses) -> Array:
    """The cycles for which a core waits for DRAM, slot by slot: those of each row and of its bytes. Cores do not wait
    for each other."""
    rows, words = (work.get(name, np.zeros(1)) for name in ("fetched.row", "fetched.word"))
    return np.asarray(synapses.fetch_cycles * rows + synapses.fetch_byte_cycles * 4 * words)


def slot_cycles(plan: CorePlan, schedule: Schedule) -> int:
    """The cycles of `slot_costs`."""
    return round(slot_costs(plan, schedule).cycles)
