"""Packing a core's plan into its data: tables and weights at aligned offsets, and the layout of its work area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from axonc.ir.mapping import Keys, Schedule
from axonc.ir.ops import FixedGated, FixedNeuron

from .convolution import KernelRows, KernelTables
from .gated import GatedRecords
from .levels import LevelTable
from .memory import MemoryMap, round_up
from .parameters import equations, is_plain, most_spikes, reset_code, state_formats
from .plan import AnyRows, CorePlan, LocalPopulation
from .recording import Buffer, Recording
from .schema import ABI, ALIGN, CLOCK, FORMATS, HEADER, KERNEL, LEVELS, MAGIC, POPULATION, PROJECTION, SOURCE, STATUS

KernelPlace = tuple[int, np.ndarray[Any, Any]]
"""Where a kernel's weights lie, and a record of it."""

WORD = 0xFFFFFFFF


class Arena:
    """Byte ranges handed out one after the other, each aligned; contents optional."""

    def __init__(self) -> None:
        self.size = 0
        self.chunks: list[tuple[int, bytes]] = []

    def reserve(self, size: int) -> int:
        """The offset of ``size`` new bytes."""
        at = self.size
        self.size += round_up(size, ALIGN)
        return at

    def add(self, content: np.ndarray[Any, Any]) -> int:
        """The offset of a copy of ``content``."""
        at = self.reserve(content.nbytes)
        self.chunks.append((at, content.tobytes()))
        return at

    def content(self) -> bytes:
        """All of it; gaps are zero."""
        image = bytearray(self.size)
        for at, chunk in self.chunks:
            image[at : at + len(chunk)] = chunk
        return bytes(image)


@dataclass(frozen=True)
class StatePlace:
    """Where a population's states lie in the work area: byte offsets."""

    voltage_at: int
    current_at: int
    segment_at: int


@dataclass(frozen=True)
class CoreData:
    """A packed core; ``buffers`` gives, for every population, its recording buffers and where they lie."""

    data: bytes
    work_bytes: int
    places: tuple[StatePlace, ...]
    buffers: tuple[tuple[tuple[Buffer, int], ...], ...]
    list_at: int
    list_capacity: int
    dram: bytes = b""


def pack_core(plan: CorePlan, schedule: Schedule, keys: Keys, memory: MemoryMap, gap: int = 0) -> CoreData:
    """The data of a core. Its slices and those of its sources must have their key blocks.

    ``gap``: idle steps between two samples.
    """
    data, work, dram = Arena(), Arena(), Arena()
    work.reserve(STATUS.dtype.itemsize)
    header_at = data.reserve(HEADER.dtype.itemsize)
    populations_at = data.reserve(POPULATION.dtype.itemsize * len(plan.populations))
    ordered = sorted(plan.rows, key=lambda rows: _block(rows))
    sources, first_block = _sources(ordered, plan.graded)
    sources_at = data.add(sources)
    projections_at = data.reserve(PROJECTION.dtype.itemsize * len(ordered))
    packed = [_population(p, schedule, keys, data, work) for p in plan.populations]
    populations = np.concatenate([np.zeros(0, POPULATION.dtype), *packed])
    buffers = _buffers([p.record for p in plan.populations], populations, work)
    cleared_bytes = work.size
    kernels = {tables: _tables(tables, data) for tables in plan.convolutions}
    projections = [_projection(rows, kernels, data, dram) for rows in ordered]
    data.chunks.append((populations_at, populations.tobytes()))
    data.chunks.append((projections_at, b"".join(record.tobytes() for record in projections)))
    queue = plan.queue(memory)
    queues = [work.reserve(4 * plan.packet_words * queue) for _ in range(2)]
    list_at = work.reserve(plan.list_bytes) if plan.listed_events else 0
    fetch_at = work.reserve(plan.fetch_bytes) if plan.fetch_bytes else 0
    header = _record(
        HEADER.dtype,
        magic=MAGIC,
        abi=ABI,
        data_bytes=data.size,
        work_bytes=work.size,
        phases=schedule.phases,
        local_bits=keys.local_bits,
        population_count=len(plan.populations),
        populations_at=populations_at,
        first_block=first_block,
        block_count=len(sources),
        sources_at=sources_at,
        projections_at=projections_at,
        packet_words=plan.packet_words,
        fifo_at=queues,
        fifo_capacity=queue,
        cleared_bytes=cleared_bytes,
        gap=gap,
        record_steps=max((p.record.steps for p in plan.populations), default=0),
        list_at=list_at,
        list_capacity=plan.listed_events,
        fetch_at=fetch_at,
    )
    data.chunks.append((header_at, header.tobytes()))
    places = tuple(StatePlace(*(int(p[f.name]) for f in fields(StatePlace))) for p in populations)
    return CoreData(data.content(), work.size, places, buffers, list_at, plan.listed_events, dram.content())


def _buffers(
    records: list[Recording], populations: np.ndarray[Any, Any], work: Arena
) -> tuple[tuple[tuple[Buffer, int], ...], ...]:
    """Room for the recording buffers; the populations learn where."""
    placed = tuple(tuple((b, work.reserve(record.buffer_bytes(b))) for b in record.buffers) for record in records)
    for population, buffers in enumerate(placed):
        for buffer, at in buffers:
            populations[buffer.field][population] = at
    return placed


def _block(rows: AnyRows) -> int:
    assert rows.source.block is not None
    return rows.source.block


def _record(dtype: np.dtype[Any], **fields: Any) -> np.ndarray[Any, Any]:
    record = np.zeros(1, dtype)
    for name, value in fields.items():
        record[name] = value
    return record


def _sources(ordered: list[AnyRows], graded: frozenset[str]) -> tuple[np.ndarray[Any, Any], int]:
    """For every block in the window, its projections; ``ordered`` is sorted by block."""
    blocks = [_block(rows) for rows in ordered]
    if not blocks:
        return np.zeros(0, SOURCE.dtype), 0
    first = blocks[0]
    sources = np.zeros(blocks[-1] - first + 1, SOURCE.dtype)
    for index, block in reversed(list(enumerate(blocks))):
        sources[block - first]["first"] = index
        sources[block - first]["count"] += 1
        sources[block - first]["graded"] = ordered[index].source.population in graded
    return sources, first


def _population(
    local: LocalPopulation, schedule: Schedule, keys: Keys, data: Arena, work: Arena
) -> np.ndarray[Any, Any]:
    part, voltage, current = local.part, local.state_bytes("voltage"), local.state_bytes("current")
    start, mask = schedule.start[part.population], local.ring_depth - 1
    return _record(
        POPULATION.dtype,
        count=part.count,
        accumulators=local.accumulators,
        start=start,
        first_head=(-start // schedule.phases) & mask,
        first_phase=-start % schedule.phases,
        ring_mask=mask,
        clock_at=work.reserve(CLOCK.dtype.itemsize),
        accumulators_at=work.reserve(local.accumulator_bytes),
        current_at=work.reserve(current) if current else 0,
        voltage_at=work.reserve(voltage),
        segment=local.segment,
        segment_at=work.reserve(local.segment_bytes) if local.segment else 0,
        key=0 if part.block is None else keys.base(part.block),
        voltage_words=-(-voltage // 4),
        current_words=-(-current // 4),
        **_parameters(local, data),
    )


def _parameters(local: LocalPopulation, data: Arena) -> dict[str, Any]:
    """The fields of a population that say what its neurons do."""
    op, synapse, membrane = local.op, local.synapse, local.membrane
    if isinstance(membrane, GatedRecords):
        tables = (data.add(table) for table in (membrane.scales, membrane.biases, membrane.thresholds))
        return {"membrane_at": data.add(membrane.record(*tables)), "spikes": int(local.most_sent > 0)}
    assert not isinstance(op, FixedGated)
    neuron = equations(op)
    limits = state_formats(op) if isinstance(op, FixedNeuron) else {}
    return {
        "synapse_at": 0 if synapse is None else data.add(synapse),
        "synapse_stride": 0 if synapse is None else _stride(synapse),
        "membrane_at": data.add(membrane),
        "membrane_stride": _stride(membrane),
        "reset": reset_code(neuron),
        "old_current": neuron.membrane.sees == "old",
        "spikes": most_spikes(neuron),
        "plain": is_plain(neuron),
        "shifts_at": data.add(local.shift_table) if local.shifts else 0,
        "levels_at": 0 if local.levels is None else _levels(local.levels, data),
        **{f"{place}_limit": number.limit for place, number in limits.items()},
    }


def _levels(levels: LevelTable, data: Arena) -> int:
    """Where the record of a table lies."""
    places = {"edges_at": data.add(levels.edges), "values_at": data.add(levels.values)}
    return data.add(_record(LEVELS.dtype, bits=levels.bits, first=levels.first, **places))


def _stride(records: np.ndarray[Any, Any]) -> int:
    return records.dtype.itemsize if len(records) > 1 else 0


def _projection(
    rows: AnyRows, kernels: Mapping[KernelTables, KernelPlace], data: Arena, dram: Arena
) -> np.ndarray[Any, Any]:
    if isinstance(rows, KernelRows):
        weights_at, record = kernels[rows.tables]
        rows_at, synapses_at = weights_at, data.add(_kernel(rows, record))
    else:
        *first, last = rows.tables
        rows_at, synapses_at = [*map(data.add, first), (dram if rows.dram else data).add(last), 0][:2]
    return _record(
        PROJECTION.dtype,
        format=FORMATS.index(rows.format),
        population=rows.population,
        first_target=rows.first_target,
        targets=rows.targets,
        ring_offset=rows.ring_offset,
        rows_at=rows_at,
        synapses_at=synapses_at,
        rows=rows.source.count,
    )


def _tables(tables: KernelTables, data: Arena) -> KernelPlace:
    """Where a kernel's weights lie, and the part of its records that is the same for all source slices."""
    record = _record(
        KERNEL.dtype,
        channel_count=len(tables.channels),
        y_count=tables.y.count,
        x_count=tables.x.count,
        channels_at=data.add(tables.channels),
        y_starts_at=data.add(tables.y.starts),
        y_runs_at=data.add(tables.y.runs),
        x_starts_at=data.add(tables.x.starts),
        x_runs_at=data.add(tables.x.runs),
        target_channels=tables.target.extents[0],
        target_columns=tables.target.extents[-1],
        taps=tables.taps[1],
    )
    return data.add(tables.weights), record


def _kernel(rows: KernelRows, shared: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The record of a source slice: its box within the tables, modulo 2^32."""
    record, tables, (channels, y, x) = shared.copy(), rows.tables, rows.box
    record["channels"], record["columns"] = channels[1] - channels[0], x[1] - x[0]
    record["first_channel"] = (channels[0] - tables.first_channel) & WORD
    record["first_y"], record["first_x"] = (y[0] - tables.y.first) & WORD, (x[0] - tables.x.first) & WORD
    return record
