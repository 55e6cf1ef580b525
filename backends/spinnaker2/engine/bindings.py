"""The C part of the machine model: built once per user, called through ctypes."""

from __future__ import annotations

import ctypes
import hashlib
from ctypes import c_double, c_int, c_uint32, c_uint64, c_void_p
from functools import cache
from pathlib import Path

from ..cache import built_once
from ..schema import c_header
from ..toolchain import HOST_FORMS, RUNTIME, SCHEMA_HEADER, build_shared, cache_folder

SOURCE = Path(__file__).parent / "source"
_HEADERS = ("port.h", "runtime.h")


class Fault(ctypes.Structure):
    """``fault_t`` of machine.h."""

    _fields_ = [(name, c_uint32) for name in ("kind", "core", "slot", "pc", "detail", "address", "access")]


class Routes(ctypes.Structure):
    """``routes_t`` of machine.h."""

    _fields_ = [
        ("chips", c_uint32),
        *((name, c_void_p) for name in ("tables", "masks", "groups", "keys", "entries", "links", "starts", "cores")),
        *((name, c_void_p) for name in ("hops", "chip_of", "depth_of", "neighbours")),
    ]


class Emulated(ctypes.Structure):
    """``emulated_t`` of machine.h."""

    _fields_ = [
        ("uc", c_void_p),
        ("context", c_void_p),
        ("entry", c_uint32),
        ("pc", c_uint32),
        ("code_bytes", c_uint32),
        ("instructions", c_void_p),
        ("cycles", c_void_p),
        ("aligned", c_void_p),
        ("settled_count", c_uint32),
        *((name, c_void_p) for name in ("settled_at", "settled_base", "settled_first")),
        ("block_end", c_uint32),
        ("branch_cycles", c_uint32),
        ("budget", c_uint64),
    ]


class Run(ctypes.Structure):
    """``run_t`` of machine.h."""

    _fields_ = [
        *((name, c_uint32) for name in ("slots", "steps", "seed", "in_order", "shuffle", "keep_going")),
        *((name, c_uint32) for name in ("samples", "ignore_parity")),
        *((name, c_uint64) for name in ("budget", "tick_cycles", "fetch_cycles", "fetch_kib_cycles")),
        *((name, c_uint32) for name in ("branch_cycles", "threads", "probe_count", "packet_words")),
        *((name, c_uint32) for name in ("link_packets", "link_queue")),
        *((name, c_uint32) for name in ("resumed", "write_count")),
        *((name, c_void_p) for name in ("write_cores", "write_offsets", "write_bytes", "written")),
        *((name, c_void_p) for name in ("probe_cores", "probe_offsets", "probe_bytes", "probe_rows")),
        *((name, c_void_p) for name in ("links", "input_starts", "input_packets", "input_chips", "packet_cycles")),
        ("link_cycles", c_double),
        *((name, c_void_p) for name in ("instructions", "cycles", "received", "sent")),
        ("trace_slots", ctypes.POINTER(c_uint32)),
        ("trace_packets", ctypes.POINTER(c_uint32)),
        *((name, c_uint64) for name in ("trace_count", "trace_room")),
        *((name, c_void_p) for name in ("crossed", "link_dropped", "link_waiting")),
        *((name, c_uint64) for name in ("unrouted", "lost", "hops")),
        ("fault", Fault),
    ]


class Unicorn(ctypes.Structure):
    """``unicorn_t`` of machine.h."""

    _fields_ = [(name, c_void_p) for name in ("emu_start", "emu_stop", "reg_read", "context_restore", "hook_add")]


_SIGNATURES: dict[str, tuple[type | None, tuple[type, ...]]] = {
    "new": (c_void_p, (c_uint32, c_void_p)),
    "free": (None, (c_void_p,)),
    "memory": (None, (c_void_p, c_uint32, c_void_p, c_void_p, c_void_p, c_void_p)),
    "host": (None, (c_void_p, c_uint32, c_void_p, c_void_p)),
    "use_unicorn": (None, (c_void_p,)),
    "emulate": (c_int, (c_void_p, c_uint32, c_void_p, c_uint32, c_void_p, c_void_p)),
    "run": (None, (c_void_p, c_void_p)),
    "host_level": (c_int, ()),
    "free_trace": (None, (c_void_p,)),
}


@cache
def load_library() -> ctypes.CDLL:
    """The machine model's shared library, with the types of its functions declared."""
    library = ctypes.CDLL(str(_build()))
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, f"axonc_machine_{name}")
        function.restype, function.argtypes = result, arguments
    return library


def host_level() -> int:
    """The level of `toolchain.HOST_FORMS` that this processor runs."""
    return int(load_library().axonc_machine_host_level())


def _sources() -> dict[str, bytes]:
    """File name -> content of all that the library is made of."""
    paths = [*sorted(p for p in SOURCE.iterdir() if p.suffix in (".c", ".h")), *(RUNTIME / h for h in _HEADERS)]
    return {**{path.name: path.read_bytes() for path in paths}, SCHEMA_HEADER: c_header().encode()}


def _build() -> Path:
    """The library in the cache; its name says what is in it, so that it never goes stale."""
    sources = _sources()
    digest = hashlib.sha256(b"".join(name.encode() + b"\0" + text for name, text in sources.items()))

    def make(new: Path) -> None:
        for name, text in sources.items():
            (new.parent / name).write_bytes(text)
        names = [name for name in sources if name.endswith(".c")]
        build_shared(new.parent, names, new.name, ["."], (*HOST_FORMS[0], "-pthread"))

    return built_once(cache_folder() / f"machine-{digest.hexdigest()[:16]}.so", make)
