"""Lowering: a mapped network becomes sources, core data and a description of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from axonc.ir import Diagnostic, Graph, raise_if_any
from axonc.ir.host import parts
from axonc.ir.json_text import json_text
from axonc.ir.machine import BYTEWISE, Machine, Synapses
from axonc.ir.mapping import Cut, Mapping
from axonc.ir.network import Network, network
from axonc.ir.progress import counted, stage
from axonc.ir.serialize import to_bytes
from axonc.ir.target import LIVE, HostInterface, Program

from .code_size import fitted
from .description import memory_map
from .emit import Formats, distinct_programs, emit_sources, report
from .engine.wiring import network_of
from .forecast import chips, forecast, step_report
from .format_report import format_report
from .interface import describe_host
from .memory import MemoryMap
from .pack import CoreData, pack_core
from .plan import CorePlan, plan_core
from .rows import linked_formats


def lower(graph: Graph, mapping: Mapping, machine: Machine, host: HostInterface = LIVE, timed: bool = True) -> Program:
    """The program of a graph for the cores of ``machine``. ``timed``: report estimated cycles."""
    net = network(parts(graph).cores)
    memory = fitted(memory_map(machine), net, machine.synapses)
    with stage("plan", mapping.cores):
        plans = plan_cores(net, mapping, host, machine.synapses)
    gap = max((projection.delay for projection in net.projections), default=0)
    with stage("data", mapping.cores):
        packed = [pack_core(plan, mapping.schedule, mapping.keys, memory, gap) for plan in counted(plans)]
    raise_if_any(_dram_problems(machine, mapping, packed))
    digest = graph.properties.get("source_sha256", "unknown")
    formats = Formats(linked_formats(net, machine.synapses), linked_formats(net, machine.synapses, graded=True))
    sources = emit_sources(plans, mapping, memory, formats, digest)
    files = {f"src/{name}": content for name, content in sources.items()}
    files |= {f"data/core_{core:03d}.bin": image.data for core, image in enumerate(packed)}
    files |= {f"data/dram_{core:03d}.bin": image.dram for core, image in enumerate(packed) if image.dram}
    with stage("describe"):
        described = {
            **describe(mapping, machine, memory, plans, packed, graph.dt is not None),
            "host": describe_host(parts(graph).cores, net, mapping, host, gap, plans, packed),
        }
        files["mapping.json"] = (json_text(described) + "\n").encode()
        files["graph.axg"] = to_bytes(graph)
    with stage("forecast", len(plans) if timed else 0):
        expected = [forecast(plan, mapping.schedule) for plan in counted(plans)] if timed else []
    told = {"step": step_report(mapping, machine, expected, graph.dt is not None)} if timed else {}
    with stage("report"):
        cores, rows = report(plans, memory, formats, expected), format_report(plans, machine.synapses)
    return Program(files, {**cores, **told, "rows": rows})


def _dram_problems(machine: Machine, mapping: Mapping, packed: list[CoreData]) -> Iterator[Diagnostic]:
    """Chips whose DRAM is too small for the rows of their cores."""
    sizes: dict[int, int] = {}
    for place, image in zip(mapping.places, packed, strict=True):
        sizes[place.chip] = sizes.get(place.chip, 0) + len(image.dram)
    for chip, size in sorted(sizes.items()):
        if size > machine.dram.bytes:
            found, limit = f"{size} bytes of rows in DRAM", f"a chip has {machine.dram.bytes}"
            yield Diagnostic("AX501", f"chip {chip}", found, limit, "leave fewer matrices in DRAM")


def plan_cores(
    net: Network, mapping: Mapping, host: HostInterface = LIVE, synapses: Synapses = BYTEWISE
) -> list[CorePlan]:
    """The plan of every core."""
    cuts = {name: Cut.of(slices) for name, slices in mapping.by_population.items()}
    return [plan_core(net, mapping.schedule, slices, cuts, host, synapses) for slices in counted(mapping.by_core)]


def describe(
    mapping: Mapping,
    machine: Machine,
    memory: MemoryMap,
    plans: list[CorePlan],
    packed: list[CoreData],
    timed: bool = True,
) -> dict[str, Any]:
    """``mapping.json``: the mapping, and for every core its program, its data and where its states lie. ``timed``:
    slots are ticks; else the next begins when all cores are done."""
    programs = distinct_programs(plans)
    return {
        "machine": machine.name,
        "memory": {
            "total": memory.sram_bytes,
            "code": memory.code_bytes,
            "stack": memory.stack_bytes,
            "guard": memory.guard_bytes,
        },
        "network": network_of(machine, timed),
        "clock_hz": machine.clock_hz,
        "energy": {**asdict(machine.energy), "chips": chips(mapping)},
        "fetch": {
            "cycles": round(machine.synapses.fetch_cycles),
            "kib_cycles": round(1024 * machine.synapses.fetch_byte_cycles),
        },
        "tick_s": machine.tick_s if timed else None,
        "packet_words": plans[0].packet_words if plans else 1,
        "mapping": mapping.to_dict(),
        "programs": [f"program_{index}" for index in range(len(programs))],
        "cores": [
            {
                "program": programs.index(plan.kernels),
                "data": f"data/core_{core:03d}.bin",
                "work_bytes": image.work_bytes,
                "most_sent": plan.most_sent,
                **({"dram": f"data/dram_{core:03d}.bin"} if image.dram else {}),
                "states": [asdict(place) for place in image.places],
            }
            for core, (plan, image) in enumerate(zip(plans, packed, strict=True))
        ],
    }
