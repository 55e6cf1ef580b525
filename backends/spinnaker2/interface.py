"""The host's side of a program, as ``mapping.json`` tells it: how inputs enter, what cores record, their status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from axonc.ir import Graph
from axonc.ir.mapping import Mapping, Slice
from axonc.ir.network import Network, Population
from axonc.ir.ops import Input
from axonc.ir.target import HostInterface

from .graded_inputs import roundings
from .pack import CoreData
from .plan import CorePlan
from .schema import STATUS

_INPUTS = {
    "live": "send `key` as a packet in its slot, with the parity of the slot in the top bit",
    "lists": "write `axonc_list_t` and its events, in the order of slots, to `list_at` of the core before the run",
}
_PACKETS = {
    False: "a packet is a key",
    True: "a packet is a key and payload words, as many in all packets of the program; those of a spike are not "
    "read; graded events of a slice travel under its first key, one in each payload word: the neuron in the upper half "
    "(65535: none), the value as an int16 in the lower; a value of 0 is not sent",
}
_SLOT = "step k of sample n of a population runs in slot start + phases * (n * (steps + gap) + k)"
_ORDER = (
    "a slice is the box from lower to upper of a population of that shape; its neurons stand in the order "
    "numpy.moveaxis(box, 0, -1).ravel(), in keys and buffers alike; where the mapping has an order of the "
    "population, its neurons are numpy.frombuffer(base64.b64decode(order), '<u4')[lower:upper]"
)


def describe_host(
    graph: Graph,
    network: Network,
    mapping: Mapping,
    host: HostInterface,
    gap: int,
    plans: list[CorePlan],
    packed: list[CoreData],
) -> dict[str, Any]:
    """The part ``host`` of ``mapping.json``; all places are byte offsets in a core's work area."""
    mode = "lists" if host.input_events else "live"
    words = plans[0].packet_words if plans else 1
    slices = list(_inputs(graph, network, mapping, packed))
    return {
        "slots": _SLOT,
        "order": _ORDER,
        "packets": {"words": words, "how": _PACKETS[words > 1]},
        "gap": gap,
        "inputs": {"mode": mode, "how": _INPUTS[mode], "slices": slices},
        "recording": {"steps": host.record_steps, "buffers": list(_buffers(plans, packed))},
        "status": [{"name": f.name, "at": STATUS.offset(f.name), "meaning": f.doc} for f in STATUS.fields],
    }


def _inputs(graph: Graph, network: Network, mapping: Mapping, packed: list[CoreData]) -> Iterator[dict[str, Any]]:
    """Every input slice: its neurons have the keys from first_key on; an event counts as 1, or carries a value of
    which the unit is worth ``scale``."""
    for population in network.populations:
        if isinstance(population.op, Input):
            for part in mapping.of(population.name):
                assert part.block is not None
                first = mapping.keys.base(part.block)
                listed = {} if part.core is None else _list(part.core, packed)
                yield {
                    "input": population.name,
                    **_box(part),
                    "first_key": first,
                    "last_key": first + part.count - 1,
                    **_meaning(graph, population),
                    **listed,
                }


def _meaning(graph: Graph, population: Population) -> dict[str, Any]:
    """What an event is worth: a spike 1; a value its number, rounded half to even, times the scale."""
    if not population.graded:
        return {"scale": 1, "most_events": population.peak}
    op = roundings(graph, population.name)[0]
    assert op is not None
    return {"scale": op.format.scale, "most_events": population.peak, "graded": True, "limit": op.format.limit}


def _box(part: Slice) -> dict[str, Any]:
    return {"shape": list(part.shape), "lower": list(part.lower), "upper": list(part.upper)}


def _list(core: int, packed: list[CoreData]) -> dict[str, int]:
    """Where the list of a core lies; the input slices of a core share it."""
    return {"core": core, "list_at": packed[core].list_at, "capacity": packed[core].list_capacity}


def _buffers(plans: list[CorePlan], packed: list[CoreData]) -> Iterator[dict[str, Any]]:
    """Every recording buffer: ``row_bytes`` a step, one neuron after the other."""
    for core, (plan, image) in enumerate(zip(plans, packed, strict=True)):
        for population, buffers in zip(plan.populations, image.buffers, strict=True):
            for buffer, at in buffers:
                yield {
                    "names": list(buffer.names),
                    "core": core,
                    **_box(population.part),
                    "at": at,
                    "row_bytes": buffer.row_bytes,
                    "format": buffer.format,
                }
