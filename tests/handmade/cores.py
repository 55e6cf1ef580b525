"""Cores built by hand from the schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from axonc.backends.spinnaker2 import schema
from axonc.backends.spinnaker2.engine import CoreImage

LOCAL_BITS = 8
STATE_DTYPES: dict[str, np.dtype[Any]] = {"q16": np.dtype("<i2"), "q32": np.dtype("<i4"), "f32": np.dtype("<f4")}


@dataclass(frozen=True)
class Projection:
    """Synapses from key block ``block`` to one population: weights int8 [sources, targets]."""

    block: int
    population: int
    weights: npt.NDArray[np.int8]
    sparse: bool = False
    first_target: int = 0
    ring_offset: int = 0


@dataclass(frozen=True)
class Population:
    """A population of ``count`` neurons whose keys are block ``block``; parameters are rows of the schema."""

    count: int
    block: int
    storage: str
    membrane: npt.NDArray[np.void]
    synapse: npt.NDArray[np.void] | None = None
    reset: str = "subtract"
    spikes: int = 1
    bounded: bool = False
    old_current: bool = False
    ring: int = 1
    start: int = 0
    first_head: int = 0
    first_phase: int = 0

    @property
    def kernel(self) -> str:
        return f"axonc_{'cuba_' if self.synapse is not None else ''}lif_{self.storage}"


@dataclass(frozen=True)
class Core:
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...] = ()
    capacity: int = 64
    phases: int = 1
    listed: int = 0


@dataclass
class Blob:
    """Bytes with aligned pieces."""

    content: bytearray = field(default_factory=bytearray)

    def add(self, piece: bytes) -> int:
        self.content += bytes(-len(self.content) % schema.ALIGN)
        at = len(self.content)
        self.content += piece
        return at


@dataclass(frozen=True)
class Layout:
    """A core's image and where its state is: per population (offset, bytes) of voltage and current."""

    image: CoreImage
    voltages: tuple[tuple[int, int], ...]
    currents: tuple[tuple[int, int], ...]
    program: str


def build_core(core: Core) -> Layout:
    """Lays out a core."""
    data, work = Blob(), Blob()
    data.add(bytes(schema.HEADER.dtype.itemsize))
    work.add(bytes(schema.STATUS.dtype.itemsize))
    rows, voltages, currents = zip(*(_population(p, data, work) for p in core.populations), strict=True)
    header = np.zeros((), schema.HEADER.dtype)
    blocks = [p.block for p in core.projections] or [0]
    first, count = min(blocks), max(blocks) - min(blocks) + 1
    ordered = sorted(core.projections, key=lambda p: p.block)
    sources = np.zeros(count, schema.SOURCE.dtype)
    for index in range(count):
        mine = [i for i, p in enumerate(ordered) if p.block == first + index]
        sources[index] = (mine[0] if mine else 0, len(mine), 0)
    header["magic"], header["abi"], header["phases"] = schema.MAGIC, schema.ABI, core.phases
    header["local_bits"], header["population_count"] = LOCAL_BITS, len(rows)
    header["packet_words"] = 1
    header["first_block"], header["block_count"] = first, count
    header["populations_at"] = data.add(b"".join(row.tobytes() for row in rows))
    header["sources_at"] = data.add(sources.tobytes())
    tables = [_projection(p, data) for p in ordered]
    header["projections_at"] = data.add(b"".join(row.tobytes() for row in tables))
    header["cleared_bytes"] = work.add(b"")
    header["fifo_capacity"] = core.capacity
    header["fifo_at"] = [work.add(bytes(4 * core.capacity)) for _ in range(2)]
    if core.listed:
        header["list_at"] = work.add(bytes(schema.LIST.dtype.itemsize + core.listed * schema.LISTED.dtype.itemsize))
        header["list_capacity"] = core.listed
    header["data_bytes"], header["work_bytes"] = len(data.content), len(work.content)
    data.content[: header.nbytes] = header.tobytes()
    calls = "".join(f"    {p.kernel}(core, {i});\n" for i, p in enumerate(core.populations))
    image = CoreImage(0, bytes(data.content), len(work.content))
    return Layout(image, voltages, currents, program_text(calls))


EVERY = tuple(name for name in schema.FORMATS if name != "kernel")


def program_text(body: str, formats: Sequence[str] = schema.FORMATS, graded: Sequence[str] = EVERY) -> str:
    """A program as the compiler emits it; by default with every format of rows."""
    includes = "".join(f'#include "{name}.h"\n' for name in ("neurons", "platform", "rows", "runtime"))
    comment = "/* One slot of everything that this kind of core holds, in order. */\n"
    step = f"{comment}void axonc_program(axonc_core_t *core)\n{{\n{body}}}\n"
    spikes = _dispatch("rows", "const uint32_t *rows, uint32_t count", "", "rows, count", formats)
    values = _dispatch("graded_rows", "const axonc_events_t *events", "_graded", "events", graded)
    return "\n".join([includes, step, spikes, values])


def _dispatch(name: str, taken: str, suffix: str, given: str, formats: Sequence[str]) -> str:
    """The function that adds rows of whatever format."""
    cases = "".join(
        f"    case AXONC_FORMAT_{form.upper()}:\n        return axonc_add_{form}{suffix}(core, to, sums, {given});\n"
        for form in formats
    )
    unused = "".join(f"    (void){word};\n" for word in ("sums", *given.split(", ")))
    return (
        f"uint32_t axonc_add_{name}(axonc_core_t *core, const axonc_projection_t *to, int32_t *sums, {taken})\n{{\n"
        f"{unused}    switch (to->format) {{\n{cases}    default:\n"
        "        axonc_platform_fail(core, AXONC_ERROR_BAD_FORMAT);\n        return 0;\n    }\n}\n"
    )


def _population(p: Population, data: Blob, work: Blob) -> tuple[Any, tuple[int, int], tuple[int, int]]:
    row = np.zeros((), schema.POPULATION.dtype)
    state = bytes(p.count * STATE_DTYPES[p.storage].itemsize)
    row["count"], row["start"], row["ring_mask"] = p.count, p.start, p.ring - 1
    row["accumulators"] = p.count
    row["first_head"], row["first_phase"] = p.first_head, p.first_phase
    row["reset"], row["old_current"] = schema.RESETS.index(p.reset), p.old_current
    row["key"], row["voltage_words"] = p.block << LOCAL_BITS, -(-len(state) // 4)
    row["current_words"] = row["voltage_words"]
    if p.storage != "f32":
        row["voltage_limit"] = row["current_limit"] = np.iinfo(STATE_DTYPES[p.storage]).max
    row["spikes"] = p.spikes
    row["plain"] = not p.bounded and p.spikes == 1 and not p.reset.endswith(("guarded", "next"))
    row["clock_at"] = work.add(bytes(schema.CLOCK.dtype.itemsize))
    row["accumulators_at"] = work.add(bytes(4 * p.ring * p.count))
    row["voltage_at"] = work.add(state)
    row["membrane_at"] = data.add(p.membrane.tobytes())
    row["membrane_stride"] = p.membrane.dtype.itemsize if len(p.membrane) > 1 else 0
    if p.synapse is not None:
        row["current_at"] = work.add(state)
        row["synapse_at"] = data.add(p.synapse.tobytes())
        row["synapse_stride"] = p.synapse.dtype.itemsize if len(p.synapse) > 1 else 0
    current = (int(row["current_at"]), len(state) if p.synapse is not None else 0)
    return row, (int(row["voltage_at"]), len(state)), current


def _projection(p: Projection, data: Blob) -> Any:
    row = np.zeros((), schema.PROJECTION.dtype)
    row["format"] = schema.FORMATS.index("sparse" if p.sparse else "dense")
    row["population"], row["first_target"], row["targets"] = p.population, p.first_target, p.weights.shape[1]
    row["ring_offset"], row["rows"] = p.ring_offset, p.weights.shape[0]
    if not p.sparse:
        row["rows_at"] = data.add(p.weights.tobytes())
        return row
    starts = np.concatenate([[0], np.cumsum((p.weights != 0).sum(1))]).astype("<u2")
    source, target = np.nonzero(p.weights)
    synapses = np.zeros(len(target), schema.SYNAPSE.dtype)
    synapses["target"], synapses["weight"] = target, p.weights[source, target]
    row["rows_at"], row["synapses_at"] = data.add(starts.tobytes()), data.add(synapses.tobytes())
    return row
