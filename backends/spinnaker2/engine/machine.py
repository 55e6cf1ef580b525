"""The machine model: cores in slots, events between them, and a record of everything that happened."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from axonc.ir.machine import LINKS

from ..memory import PORT_WORDS, MemoryMap, port_bytes, round_up
from ..schema import HEADER, LIST, PAYLOAD_WORDS, STATUS
from .bindings import Fault, Run, load_library
from .fault import BOOTING, HOST, MachineFault, describe
from .inputs import NOTHING, Inputs
from .wiring import Route, Wiring, pack_routes

Bytes = npt.NDArray[np.uint8]
Keys = npt.NDArray[np.uint32]
Counts = npt.NDArray[np.uint64]
Events = npt.NDArray[np.integer]
"""Listed packets, [count, 1 + words]: slot, then key and payload, in the order of slots."""

POISON = 0xA5
"""What memory holds before anything is written to it."""

BRANCH_CYCLES = 2
"""Assumed cycles to refill the pipeline after a taken branch (the processor's manual gives 1 to 3)."""

BUDGET = 50_000_000
"""Instructions after which a core's slot counts as an endless loop."""


@dataclass(frozen=True)
class CoreImage:
    """What one core is loaded with: the index of its program, its data, the size of its work area in bytes, the most
    packets that it sends in a slot, and its part of the DRAM."""

    program: int
    data: bytes
    work_bytes: int
    most_sent: int = 0
    dram: bytes = b""


@dataclass(frozen=True)
class Probe:
    """``bytes`` bytes at ``offset`` of a core's work area, read after each of its slots."""

    core: int
    offset: int
    bytes: int


@dataclass(frozen=True)
class Write:
    """``content`` (uint8) to be written at ``offset`` of a core's work area before its first slot."""

    core: int
    offset: int
    content: Bytes


@dataclass(frozen=True)
class RunResult:
    """What happened in a run.

    ``trace_slots``, ``trace_keys``: every packet that a core sent, in order (uint32, parity removed);
    ``trace_payloads`` [packets, payload words].
    ``instructions``, ``cycles`` (uint64) and ``received``, ``sent`` (uint32): [slots, cores]; the first two are
    0 on the host. ``probes``: uint8 [slots, bytes] per probe. ``status``: every core's status words (a structured
    array of `schema.STATUS`). ``crossed``: uint32 [slots, chips, links], packets that took each link between chips;
    ``link_dropped``: uint64 [chips, links], those for which it had no room;
    ``link_waiting``: float64 [chips, links], the most that waited for it in a slot, 0 where cores ran ahead.
    ``unrouted`` counts packets that nobody listens to, ``lost`` those that left the board or went in circles, ``hops``
    the steps of all packets from one processing element to the next.
    """

    trace_slots: Keys
    trace_keys: Keys
    trace_payloads: Keys
    instructions: Counts
    cycles: Counts
    received: Keys
    sent: Keys
    probes: list[Bytes]
    status: npt.NDArray[np.void]
    crossed: Keys
    link_dropped: Counts
    link_waiting: npt.NDArray[np.float64]
    unrouted: int
    lost: int
    hops: int


class Machine:
    """A chip of cores; `EmulatedMachine` and `NativeMachine` differ in what runs one slot of a core."""

    counts_instructions: ClassVar[bool]
    cores_per_thread: ClassVar[int]
    """The fewest cores for which a thread more pays."""

    def __init__(
        self, cores: Sequence[CoreImage], routes: Sequence[Route], memory: MemoryMap, wiring: Wiring | None = None
    ) -> None:
        for index, core in enumerate(cores):
            _check_core(index, core, memory)
        self.memory = memory
        self.cores = tuple(cores)
        self.packet_words = packet_words(cores[0]) if cores else 1
        self._library = load_library()
        self.wiring = wiring or Wiring.one_chip(len(cores))
        self._routes = pack_routes(routes, self.wiring)
        self._handle = self._library.axonc_machine_new(len(cores), ctypes.byref(self._routes.structure))
        if not self._handle:
            raise MemoryError(f"a machine of {len(cores)} cores")
        self._work: list[Bytes] = []

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.axonc_machine_free(self._handle)
            self._handle = None

    def run(
        self,
        *,
        slots: int,
        steps: int,
        inputs: Inputs = NOTHING,
        probes: Sequence[Probe] = (),
        samples: int = 1,
        writes: Sequence[Write] | None = None,
        lists: Mapping[int, Events] | None = None,
        seed: int = 0,
        in_order: bool = False,
        shuffle: bool = False,
        keep_going: bool = False,
        ignore_parity: bool = False,
        links: npt.NDArray[np.bool_] | None = None,
        tick_cycles: int = 0,
        fetch_cycles: int = 0,
        fetch_kib_cycles: int = 0,
        budget: int = BUDGET,
        branch_cycles: int = BRANCH_CYCLES,
        threads: int | None = None,
    ) -> RunResult:
        """Runs ``slots`` slots from the reset state; raises `MachineFault` when a core cannot go on.

        ``steps`` is the number of model steps of each of ``samples`` samples; ``inputs`` are the packets that the host
        sends; ``lists[c]`` are the packets (slot, key, payload) that core c
        sends of its own accord. With ``writes``, the first sample goes on from the states that they hold, after the
        idle steps that follow a sample.
        ``seed`` draws the order of cores in each slot, unless ``in_order``; ``shuffle`` also reorders each
        queue before it is read; ``ignore_parity`` shows what a single queue a core would do. ``links`` (symmetric,
        [cores + 1, cores + 1], the host that sends ``inputs`` last) lets each core run ahead until one that it is
        linked to is behind; None: all finish a slot before any begins the next. A full queue and a
        slot of more than ``tick_cycles`` (0: no limit) stop the run, or are counted with ``keep_going``; ``budget``
        bounds the instructions of a core's slot; a core that is emulated waits ``fetch_cycles`` for each row from
        DRAM, and ``fetch_kib_cycles`` more for 1024 bytes; ``branch_cycles`` is the assumed cost of a taken branch.
        Within a slot at most ``threads`` threads (None: one a processor) run cores side by side, which changes no
        result; with ``links`` or ``ignore_parity`` cores always run one after the other.
        """
        record = _Record(slots, inputs, probes, writes or (), self.cores, self.packet_words, self.wiring)
        run = record.structure
        run.slots, run.steps, run.seed = slots, steps, seed
        run.in_order, run.shuffle, run.keep_going = in_order, shuffle, keep_going
        run.samples, run.ignore_parity, run.resumed = samples, ignore_parity, writes is not None
        waiting = None if links is None else np.ascontiguousarray(links, np.uint8)
        run.links = None if waiting is None else waiting.ctypes.data
        run.tick_cycles, run.budget, run.branch_cycles = tick_cycles, budget, branch_cycles
        run.link_packets, run.link_queue = self.wiring.link_packets, self.wiring.link_queue
        run.link_cycles = self.wiring.link_cycles if links is None else 0.0
        run.fetch_cycles, run.fetch_kib_cycles = fetch_cycles, fetch_kib_cycles
        run.threads = max(1, min(threads or processors(), len(self.cores) // self.cores_per_thread))
        for core in range(len(self.cores)):
            self._write_list(core, (lists or {}).get(core, np.zeros((0, 1 + self.packet_words), np.uint32)))
        try:
            self._library.axonc_machine_run(self._handle, ctypes.byref(run))
            if run.fault.kind:
                raise self._fault(run.fault)
            return self._result(record)
        finally:
            self._library.axonc_machine_free_trace(ctypes.byref(run))

    def read(self, place: Probe) -> Bytes:
        """A copy of bytes of a core's work area, as the last run left them."""
        _check_probes([place], self.cores)
        return self._work[place.core][place.offset : place.offset + place.bytes].copy()

    def _write_list(self, core: int, events: Events) -> None:
        """Stores the events that a core is to send."""
        header = np.frombuffer(self.cores[core].data, HEADER.dtype, 1)[0]
        if len(events) > (header["list_capacity"] if header["list_at"] else 0):
            raise ValueError(f"core {core}: {len(events)} events; its list holds {header['list_capacity']}")
        if header["list_at"]:
            text = np.array((len(events), 0, (0, 0)), LIST.dtype).tobytes() + events.astype("<u4").tobytes()
            self._work[core][header["list_at"] :][: len(text)] = np.frombuffer(text, np.uint8)

    def _add_memory(self, core: int, data: Bytes, work: Bytes, port: Keys, dram: Bytes) -> None:
        """Hands the buffers of a core to the machine; the caller keeps them alive."""
        image = self.cores[core]
        port[:PORT_WORDS] = 0
        port[0], port[1], port[5] = len(image.data), image.work_bytes, len(port) - PORT_WORDS
        self._work.append(work)
        pointers = (data.ctypes.data, work.ctypes.data, port.ctypes.data, dram.ctypes.data)
        self._library.axonc_machine_memory(self._handle, core, *pointers)

    def _line(self, core: int, pc: int) -> str:
        """The source line of a program counter, '' if it is not known."""
        return ""

    def _fault(self, fault: Fault) -> MachineFault:
        slot = None if fault.slot == BOOTING else fault.slot
        guard = (self.memory.work_end, self.memory.stack_at)
        pc = fault.pc if fault.pc else None
        line = self._line(fault.core, fault.pc) if fault.pc else ""
        core = None if fault.core == HOST else fault.core
        return MachineFault(core, slot, pc, line, describe(fault, guard))

    def _result(self, record: _Record) -> RunResult:
        run = record.structure
        packets = _copy(run.trace_packets, run.trace_count * self.packet_words).reshape(-1, self.packet_words)
        status = [work[: STATUS.dtype.itemsize].view(STATUS.dtype)[0] for work in self._work]
        return RunResult(
            trace_slots=_copy(run.trace_slots, run.trace_count),
            trace_keys=packets[:, 0].copy(),
            trace_payloads=packets[:, 1:],
            instructions=record.instructions,
            cycles=record.cycles,
            received=record.received,
            sent=record.sent,
            probes=record.probe_rows,
            status=np.array(status, STATUS.dtype),
            crossed=record.crossed,
            link_dropped=record.link_dropped,
            link_waiting=record.link_waiting,
            unrouted=int(run.unrouted),
            lost=int(run.lost),
            hops=int(run.hops),
        )


_RECORD_ARRAYS = (
    "instructions", "cycles", "received", "sent", "crossed", "link_dropped", "link_waiting", "packet_cycles",
    "input_starts", "input_packets", "input_chips", "probe_cores", "probe_offsets", "probe_bytes",
    "write_cores", "write_offsets", "write_bytes", "written",
)  # fmt: skip


class _Record:
    """The arrays of one run, and the structure that points at them."""

    def __init__(
        self,
        slots: int,
        inputs: Inputs,
        probes: Sequence[Probe],
        writes: Sequence[Write],
        images: Sequence[CoreImage],
        words: int,
        wiring: Wiring,
    ) -> None:
        _check_probes([*probes, *(Probe(write.core, write.offset, write.content.size) for write in writes)], images)
        cores, chips = len(images), len(wiring.neighbours)
        self.instructions = np.zeros((slots, cores), np.uint64)
        self.cycles = np.zeros((slots, cores), np.uint64)
        self.received = np.zeros((slots, cores), np.uint32)
        self.sent = np.zeros((slots, cores), np.uint32)
        self.crossed = np.zeros((slots, chips, len(LINKS)), np.uint32)
        self.link_dropped = np.zeros((chips, len(LINKS)), np.uint64)
        self.link_waiting = np.zeros((chips, len(LINKS)))
        self.packet_cycles = np.array([*wiring.packet_cycles, wiring.link_cycles])
        self.input_starts = inputs.starts(slots)
        self.input_packets = inputs.marked(words)
        self.input_chips = np.ascontiguousarray(inputs.entered(wiring.host), np.uint32)
        self.probe_rows = [np.zeros((slots, probe.bytes), np.uint8) for probe in probes]
        self.probe_cores = np.array([p.core for p in probes], np.uint32)
        self.probe_offsets = np.array([p.offset for p in probes], np.uint32)
        self.probe_bytes = np.array([p.bytes for p in probes], np.uint32)
        self.write_cores = np.array([w.core for w in writes], np.uint32)
        self.write_offsets = np.array([w.offset for w in writes], np.uint32)
        self.write_bytes = np.array([w.content.size for w in writes], np.uint32)
        self.written = np.concatenate([np.zeros(0, np.uint8), *(w.content for w in writes)])
        self._row_addresses = np.array([rows.ctypes.data for rows in self.probe_rows], np.uintp)
        addresses = {name: getattr(self, name).ctypes.data for name in _RECORD_ARRAYS}
        self.structure: Any = Run(
            probe_count=len(probes),
            probe_rows=self._row_addresses.ctypes.data,
            write_count=len(writes),
            packet_words=words,
            **addresses,
        )


def processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def packet_words(core: CoreImage) -> int:
    """The words of a packet in the program that a core runs."""
    words = int(np.frombuffer(core.data, HEADER.dtype, 1)[0]["packet_words"])
    return words if 1 <= words <= 1 + max(PAYLOAD_WORDS) else 1  # the core itself refuses anything else


def _check_core(index: int, core: CoreImage, memory: MemoryMap) -> None:
    if len(core.data) < HEADER.dtype.itemsize or core.work_bytes < STATUS.dtype.itemsize:
        raise ValueError(f"core {index}: data or work area is too small to be one")
    if not memory.fits(len(core.data), core.work_bytes):
        raise ValueError(
            f"core {index}: {len(core.data)} bytes of data and {core.work_bytes} bytes of work area; "
            f"{memory.core_bytes} bytes are available"
        )


def _check_probes(probes: Sequence[Probe], images: Sequence[CoreImage]) -> None:
    for probe in probes:
        inside = 0 <= probe.core < len(images) and probe.offset >= 0 and probe.bytes >= 0
        if not inside or probe.offset + probe.bytes > images[probe.core].work_bytes:
            raise ValueError(f"{probe} lies outside of the work area")


def _copy(pointer: Any, count: int) -> Keys:
    """A copy of ``count`` words that the machine owns."""
    if count == 0:
        return np.zeros(0, np.uint32)
    return np.ctypeslib.as_array(pointer, (count,)).copy()


def aligned_buffer(size: int) -> Bytes:
    """Zeroed bytes that start on a page of the host."""
    page = 4096
    raw = np.zeros(size + page, np.uint8)
    start = -raw.ctypes.data % page
    return raw[start : start + size]


def dram_of(core: CoreImage) -> Bytes:
    """A core's part of the DRAM, in whole pages."""
    dram = aligned_buffer(max(round_up(len(core.dram), 4096), 4096))
    dram[: len(core.dram)] = np.frombuffer(core.dram, np.uint8)
    return dram


def port_words(core: CoreImage) -> Keys:
    """The port of a core."""
    return aligned_buffer(port_bytes(core.most_sent * packet_words(core))).view(np.uint32)
