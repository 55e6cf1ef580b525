"""Emitting the sources: the runtime as it is, and one program for each distinct kind of core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.version import __version__

from ..templates import environment
from .forecast import Forecast
from .memory import MemoryMap
from .plan import CorePlan
from .schema import FORMATS
from .toolchain import runtime_files

Kernels = tuple[str, ...]


def distinct_programs(plans: Sequence[CorePlan]) -> tuple[Kernels, ...]:
    """The kinds of core, in the order of the first core of each."""
    return tuple(dict.fromkeys(plan.kernels for plan in plans))


@dataclass(frozen=True)
class Formats:
    """The formats of rows that all programs of a network know: of spikes and of graded events."""

    spikes: tuple[str, ...]
    graded: tuple[str, ...]


def emit_sources(
    plans: Sequence[CorePlan], mapping: CoreMapping, memory: MemoryMap, formats: Formats, digest: str
) -> dict[str, bytes]:
    """All source files by relative path."""
    files = {f"runtime/{name}": content for name, content in runtime_files(memory).items()}
    for index, kernels in enumerate(distinct_programs(plans)):
        cores = [core for core, plan in enumerate(plans) if plan.kernels == kernels]
        files[f"program_{index}.c"] = _program(index, kernels, cores, plans, formats, digest).encode()
    files["README.md"] = _render("README.md.j2", version=__version__, data_at=memory.data_at).encode()
    return files


def _program(
    index: int, kernels: Kernels, cores: Sequence[int], plans: Sequence[CorePlan], formats: Formats, digest: str
) -> str:
    names = [
        ", ".join(dict.fromkeys(comment_text(plans[core].populations[place].part.population) for core in cores))
        for place in range(len(kernels))
    ]
    return _render(
        "program.c.j2",
        index=index,
        kernels=kernels,
        names=names,
        formats=formats.spikes,
        graded_formats=formats.graded,
        cores=core_ranges(cores),
        version=__version__,
        digest=digest,
    )


def _render(template: str, **values: object) -> str:
    return environment("axonc.backends.spinnaker2").get_template(template).render(values)


def comment_text(name: str) -> str:
    """A name of the model as it may stand in a C comment: printable ASCII, nothing that ends or starts a comment."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in "*/\\" else "?" for c in name)
    return plain if len(plain) <= 60 else plain[:57] + "..."


def core_ranges(cores: Sequence[int]) -> str:
    """``cores 0-3, 5``."""
    runs: list[list[int]] = []
    for core in cores:
        if runs and runs[-1][-1] == core - 1:
            runs[-1] = [runs[-1][0], core]
        else:
            runs.append([core])
    listed = ", ".join("-".join(map(str, run)) for run in runs)
    return f"core {listed}" if len(cores) == 1 else f"cores {listed}"


def report(
    plans: Sequence[CorePlan], memory: MemoryMap, formats: Formats, expected: Sequence[Forecast]
) -> Mapping[str, object]:
    """What the compiler knows of each core before it runs: bytes by kind, program, synapses by format, and the
    estimated ``instructions`` and ``cycles`` of its busiest slot (None: time does not count) and the events and packets
    of a step at an ``activity`` (None: as calibrated); and the formats of rows that all programs know."""
    programs = distinct_programs(plans)
    cores = [
        {
            "core": core,
            "program": programs.index(plan.kernels),
            "kernels": list(plan.kernels),
            "bytes": plan.bytes_by_kind(memory),
            "sram_bytes": memory.sram_bytes,
            **_expected(expected[core] if expected else None),
            "activity": plan.assumed_activity,
            "synapses": {kind: sum(rows.synapses for rows in plan.rows if rows.format == kind) for kind in FORMATS},
            "dram_bytes": sum(rows.dram_bytes for rows in plan.away),
            "queue_packets": plan.queue(memory),
            "most_packets": plan.most_packets,
            "safe_activity": plan.safe_activity(memory),
        }
        for core, plan in enumerate(plans)
    ]
    words = plans[0].packet_words if plans else 1
    return {
        "cores": cores,
        "programs": [list(kernels) for kernels in programs],
        "formats": {"spikes": list(formats.spikes), "graded": list(formats.graded)},
        "packet_words": words,
    }


def _expected(forecast: Forecast | None) -> dict[str, float | None]:
    if forecast is None:
        return dict.fromkeys(("instructions", "cycles", "events_received", "packets_sent"))
    slot = forecast.slot
    received, sent = round(forecast.received, 2), round(forecast.sent, 2)
    return {
        "instructions": round(slot.instructions),
        "cycles": round(slot.cycles),
        "events_received": received,
        "packets_sent": sent,
    }
