"""What a core takes in a slot, before anything is emitted, and for events that are known.

What a core does depends on its events: as many as in the busiest step of the data that the network was calibrated
with; without such data, as `packets` assumes. Cycles are those of the emulator (`engine.cycles`), estimates themselves.
"""

from __future__ import annotations

from axonc.ir.mapping import Schedule

from .costs import Costs, cycles, instructions
from .plan import CorePlan
from .traffic import Assumed
from .work import core_work


def slot_costs(plan: CorePlan, schedule: Schedule) -> Costs:
    """The expected instructions and cycles of the busiest slot: what is due at the same time depends on the phases of
    the schedule."""
    work = core_work(plan, Assumed(plan, schedule))
    return Costs(float(instructions(work).max()), float(cycles(work).max()))


def slot_cycles(plan: CorePlan, schedule: Schedule) -> int:
    """The cycles of `slot_costs`."""
    return round(slot_costs(plan, schedule).cycles)
